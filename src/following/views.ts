/** Blocks and configurations of a channel, as they are told. */

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
