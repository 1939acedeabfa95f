/** Public views of a channel, its members, blocks and configuration. */

/**
 * A channel as its members describe it. Values unknown to a reader are null or
 * "unknown".
 */
export interface Channel {
  readonly name: string;
  /** Our role in it; null: no member. */
  readonly role: "observer" | "listed" | null;
  /** How we treat its blocks: not at all, verify, or store; null: no member. */
  readonly blocks: "none" | "verify" | "keep" | null;
  /** Sequence of the configuration that judges everything; null: not found yet. */
  readonly configSequence: bigint | null;
  /** Number of blocks proven to exist: the newest verified block number plus one. */
  readonly height: bigint;
  readonly organisations: readonly {
    readonly mspId: string;
    /** `host:port` of its anchor peers. */
    readonly anchors: readonly string[];
    /** Peers with a verified StateInfo. */
    readonly members: number;
    readonly heightMax: bigint;
  }[];
  readonly members: readonly ChannelMember[];
  /** The origin of the configuration, in a sentence. */
  readonly trust: string;
  /** Missing or inconsistent facts, one sentence each. */
  readonly notes: readonly string[];
  /** Current problems of the channel or its members; empty for a reader. */
  readonly problems: readonly ChannelProblem[];
}

/** Current problems of a channel, by code. */
export type ChannelProblemCode =
  /** Members of our organisation serve no usable configuration. */
  | "config-unknown"
  /** Members served different configuration blocks of one number. */
  | "config-differs"
  /** Its parts contradict each other, or a necessary one is missing. */
  | "config-inconsistent"
  /** A certificate in the configuration expires soon. */
  | "certificate-ending"
  | "certificate-expired"
  /** It needs a capability unknown to this version, or breaks a rule of Fabric. */
  | "config-unusable"
  /** The configuration in force does not accept our own certificate. */
  | "certificate-refused"
  /** A member has stopped before a configuration block on which older peers panic. */
  | "capability-stops-member"
  /** A member has not committed the configuration that revokes certificates. */
  | "crl-pending"
  /** No block for `lag.still`. */
  | "channel-still"
  /** Blocks cannot be written to `stateDir`. */
  | "blocks-unkept"
  /** We are to be listed, but what we keep does not begin with block 0, or nobody gives that. */
  | "first-blocks-missing"
  /** Nobody serves the blocks that members claim to have. */
  | "height-unproven"
  /** A member gave a block that is not valid. */
  | "block-rejected"
  /** Orderers signed two blocks of one number. */
  | "fork"
  /** Members validated one block differently. */
  | "results-differ";

/** A problem of a channel, as long as it lasts. */
export interface ChannelProblem {
  readonly code: ChannelProblemCode;
  readonly severity: "error" | "warning";
  /** Organisation concerned; null: the whole channel. */
  readonly mspId: string | null;
  /** PKI-ID of the member concerned; null: no single member. */
  readonly pkiId: string | null;
  /**
   * Distinguishes problems of one code and owner, such as a fingerprint or number; empty if unique.
   */
  readonly about: string;
  /** Description in one sentence. */
  readonly reason: string;
  /** Remedy. */
  readonly remedy: string;
  readonly since: Date;
}

/** A peer of the channel, by its own signed StateInfo. */
export interface ChannelMember {
  /** 64 hex digits. */
  readonly pkiId: string;
  readonly mspId: string;
  /** Subject of its certificate. */
  readonly subject: string;
  /** Where it is reached; null if only others reported it. */
  readonly endpoint: string | null;
  /** For a reader: `alive` if it answered, else `unknown`. */
  readonly status: "alive" | "dead" | "unknown";
  readonly self: boolean;
  /** Number of blocks that it claims: its newest block number plus one. */
  readonly height: bigint;
  /** Number of known blocks that it lacks. */
  readonly behind: bigint;
  /** When its height or chaincodes last changed, by its own clock. */
  readonly committedAt: Date;
  /** When it loaded the channel, by its own clock. */
  readonly loadedAt: Date;
  /**
   * Milliseconds since it first lacked a block that others have; null if it lacks none, or unknown.
   */
  readonly lagMs: number | null;
  /** Whether it exceeds a given limit. */
  readonly lagging: boolean;
  readonly leftChannel: boolean;
  readonly chaincodes: readonly { readonly name: string; readonly sequence: string }[];
}

/** Peers' unsigned statements about a block's results. */
export interface BlockAgreement {
  /** MSP ids of the peers with the same validation codes and commit hash. */
  readonly agreedBy: readonly string[];
  /** Peers that differ, and how; one sentence each. */
  readonly conflicts: readonly string[];
}

/** A verified block. */
export interface ChannelBlock {
  readonly channel: string;
  readonly number: bigint;
  /** SHA-256 over the header. */
  readonly hash: Uint8Array;
  readonly previousHash: Uint8Array;
  readonly dataHash: Uint8Array;
  readonly transactions: number;
  /** Size of the received block in bytes. */
  readonly bytes: number;
  readonly isConfig: boolean;
  readonly kind: "genesis" | "config" | "transactions" | "other";
  /** Valid signers; empty for block 0, which nobody signs. */
  readonly signedBy: readonly { readonly mspId: string; readonly subject: string }[];
  /** Creation time of its first transaction by its client's clock. */
  readonly madeAt: Date | null;
  /** Number of the newest configuration block before the next block. */
  readonly lastConfig: bigint | null;
  /** Validation code per transaction, unsigned; 0 is valid. */
  readonly validationCodes: readonly number[];
  /** Commit hash, unsigned; null if absent. */
  readonly commitHash: Uint8Array | null;
  readonly agreement: BlockAgreement;
  readonly receivedAt: Date;
  /** Endpoint of the peer that served it. */
  readonly from: string;
}

/** A verified block with its received bytes, as `peer channel fetch` writes them. */
export interface ReadBlock {
  readonly block: ChannelBlock;
  readonly raw: Uint8Array;
}

export interface CertificateView {
  /** `root CA`, `TLS server`, ... */
  readonly kind: string;
  readonly subject: string;
  /** Lower-case hex, of the DER. */
  readonly sha256: string;
  readonly notAfter: Date;
}

/** An organisation in a configuration. */
export interface OrganisationView {
  /** Name of its group. */
  readonly name: string;
  readonly mspId: string;
  /** Anchor peers; for organisations with peers. */
  readonly anchors: readonly string[];
  /** Orderer addresses; for organisations with orderers. */
  readonly endpoints: readonly string[];
  readonly certificates: readonly CertificateView[];
  /** Serial numbers on its revocation lists, hex. */
  readonly revoked: readonly string[];
  /** Whether NodeOUs decide about roles. */
  readonly nodeOus: boolean;
}

/** The configuration of a channel. */
export interface ConfigView {
  readonly channel: string;
  readonly sequence: bigint;
  /** Number of the block that contains it. */
  readonly blockNumber: bigint;
  readonly organisations: readonly OrganisationView[];
  readonly orderers: {
    /** `etcdraft`, `BFT`; null without orderers. */
    readonly type: string | null;
    readonly isInMaintenance: boolean;
    readonly organisations: readonly OrganisationView[];
    readonly consenters: readonly {
      readonly address: string;
      /** Null if the configuration does not say. */
      readonly mspId: string | null;
      readonly certificates: readonly CertificateView[];
    }[];
    readonly batch: {
      readonly messagesMax: number;
      readonly absoluteBytesMax: number;
      readonly preferredBytesMax: number;
      readonly timeout: string;
    } | null;
  };
  /** Global orderer addresses, as before Fabric 1.4.2. */
  readonly ordererAddresses: readonly string[];
  readonly capabilities: {
    readonly channel: readonly string[];
    readonly application: readonly string[];
    readonly orderer: readonly string[];
  };
  readonly policies: readonly { readonly name: string; readonly rule: string }[];
  readonly acls: readonly { readonly resource: string; readonly policy: string }[];
  /** The origin of the configuration, in a sentence. */
  readonly trust: string;
  /** Inconsistent parts and parts that will not work, one sentence each. */
  readonly problems: readonly string[];
}

/** Differences between two configurations. */
export interface ConfigDiff {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Paths that differ, such as `/Channel/Application/Org1MSP/AnchorPeers`. */
  readonly paths: readonly string[];
}
