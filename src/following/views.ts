/** A channel, its members, blocks and configuration, as they are told. */

/** A channel as its members describe it (product 7). What a reader cannot know is null or "unknown". */
export interface Channel {
  readonly name: string;
  /** What we are in it; null: no member. */
  readonly role: "observer" | "listed" | null;
  /** What we do with its blocks: nothing, check them, or keep them, too; null: no member. */
  readonly blocks: "none" | "verify" | "keep" | null;
  /** Of the configuration that everything is judged by; null: not found yet. */
  readonly configSequence: bigint | null;
  /** Blocks that are proven to exist: the number of the newest verified block, plus one. */
  readonly height: bigint;
  readonly organisations: readonly {
    readonly mspId: string;
    /** `host:port` of its anchor peers. */
    readonly anchors: readonly string[];
    /** Peers that published a StateInfo we could verify. */
    readonly members: number;
    readonly heightMax: bigint;
  }[];
  readonly members: readonly ChannelMember[];
  /** What the configuration rests on, in a sentence. */
  readonly trust: string;
  /** What does not fit together, or could not be had; one sentence each. */
  readonly notes: readonly string[];
  /** What is wrong with the channel or a member of it now; a reader knows none. */
  readonly problems: readonly ChannelProblem[];
}

/** What can be wrong with a channel. */
export type ChannelProblemCode =
  /** Members of our organisation give none that we can use. */
  | "config-unknown"
  /** Members gave different configuration blocks of one number. */
  | "config-differs"
  /** Its parts contradict each other, or something necessary is missing. */
  | "config-inconsistent"
  /** A certificate in the configuration ends soon. */
  | "certificate-ending"
  | "certificate-expired"
  /** It needs a capability that this version does not know, or breaks a rule of Fabric. */
  | "config-unusable"
  /** A member stands at a configuration block that older peers do not survive. */
  | "capability-stops-member"
  /** A member has not committed the configuration that revokes certificates. */
  | "crl-pending"
  /** No block came for `lag.still`. */
  | "channel-still"
  /** Nobody shows the blocks that members say they have. */
  | "height-unproven"
  /** Orderers have signed two blocks of one number. */
  | "fork"
  /** Members have validated one block differently. */
  | "results-differ";

/** Something that is wrong with a channel, for as long as it is. */
export interface ChannelProblem {
  readonly code: ChannelProblemCode;
  readonly severity: "error" | "warning";
  /** Whose it is; null: that of the whole channel. */
  readonly mspId: string | null;
  /** Of the member whose it is; null: of no single one. */
  readonly pkiId: string | null;
  /** Tells problems of one code and owner apart: a fingerprint, a number; empty if there is one only. */
  readonly about: string;
  /** A sentence for people. */
  readonly reason: string;
  /** What can be done. */
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
  /** Where it is reached; null if we only heard of it. */
  readonly endpoint: string | null;
  /** For a reader: whether it answered; of those it only heard of nobody can tell. */
  readonly status: "alive" | "dead" | "unknown";
  readonly self: boolean;
  /** Blocks that it says it has: the number of its newest block, plus one. */
  readonly height: bigint;
  /** Blocks that it lacks of those known to be. */
  readonly behind: bigint;
  /** By the peer's own clock: when its height or its chaincodes last changed. */
  readonly committedAt: Date;
  /** By the peer's own clock: when it loaded the channel. */
  readonly loadedAt: Date;
  /** Since when it lacks a block that others have, in milliseconds; null if it lacks none, or unknown. */
  readonly lagMs: number | null;
  /** Whether a limit that was given is exceeded. */
  readonly lagging: boolean;
  readonly leftChannel: boolean;
  readonly chaincodes: readonly { readonly name: string; readonly sequence: string }[];
}

/** What peers say of a block's results: nobody signs them. */
export interface BlockAgreement {
  /** MSP ids of the peers that gave the same validation codes and commit hash. */
  readonly agreedBy: readonly string[];
  /** Who differs, and in what; one sentence each. */
  readonly conflicts: readonly string[];
}

/** A verified block (product 7). */
export interface ChannelBlock {
  readonly channel: string;
  readonly number: bigint;
  /** SHA-256 over the header. */
  readonly hash: Uint8Array;
  readonly previousHash: Uint8Array;
  readonly dataHash: Uint8Array;
  readonly transactions: number;
  /** Length of the block as it was received. */
  readonly bytes: number;
  readonly isConfig: boolean;
  readonly kind: "genesis" | "config" | "transactions" | "other";
  /** Whose signatures count; empty for block 0, which nobody signs. */
  readonly signedBy: readonly { readonly mspId: string; readonly subject: string }[];
  /** When its first transaction was made, by the clock of whoever made it. */
  readonly madeAt: Date | null;
  /** Number of the newest configuration block before the next block. */
  readonly lastConfig: bigint | null;
  /** One for each transaction, as the peer says; 0 is valid. */
  readonly validationCodes: readonly number[];
  /** As the peer says; null if it does not. */
  readonly commitHash: Uint8Array | null;
  readonly agreement: BlockAgreement;
  readonly receivedAt: Date;
  /** Endpoint of the peer that gave it. */
  readonly from: string;
}

/** A verified block with the bytes that were received, which are what `peer channel fetch` writes. */
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
  /** Of its group. */
  readonly name: string;
  readonly mspId: string;
  /** Anchor peers; of organisations with peers. */
  readonly anchors: readonly string[];
  /** Orderers' addresses; of organisations with orderers. */
  readonly endpoints: readonly string[];
  readonly certificates: readonly CertificateView[];
  /** Serial numbers on its revocation lists, hex. */
  readonly revoked: readonly string[];
  /** Whether organisational units decide about roles. */
  readonly nodeOus: boolean;
}

/** The configuration of a channel. */
export interface ConfigView {
  readonly channel: string;
  readonly sequence: bigint;
  /** Of the block that holds it. */
  readonly blockNumber: bigint;
  readonly organisations: readonly OrganisationView[];
  readonly orderers: {
    /** `etcdraft`, `BFT`; null without orderers. */
    readonly type: string | null;
    readonly isInMaintenance: boolean;
    readonly organisations: readonly OrganisationView[];
    readonly consenters: readonly {
      readonly address: string;
      /** Null where the configuration does not say. */
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
  /** For the whole channel, as before Fabric 1.4.2. */
  readonly ordererAddresses: readonly string[];
  readonly capabilities: {
    readonly channel: readonly string[];
    readonly application: readonly string[];
    readonly orderer: readonly string[];
  };
  readonly policies: readonly { readonly name: string; readonly rule: string }[];
  readonly acls: readonly { readonly resource: string; readonly policy: string }[];
  /** What the configuration rests on, in a sentence. */
  readonly trust: string;
  /** What is inconsistent or will not work, one sentence each. */
  readonly problems: readonly string[];
}

/** What differs between two configurations. */
export interface ConfigDiff {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Parts of the configuration that differ, like `/Channel/Application/Org1MSP/AnchorPeers`. */
  readonly paths: readonly string[];
}
