/** What a reader tells. The JSON of the verbs is the same, with numbers and moments as text. */

/** A channel as its peers describe it (product 7). What a reader cannot know is null or "unknown". */
export interface ChannelHeights {
  readonly name: string;
  /** A reader is no member. */
  readonly role: null;
  /** Of the configuration that the answers were judged by. */
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
}

/** A peer of the channel, by its own signed StateInfo. */
export interface ChannelMember {
  /** 64 hex digits. */
  readonly pkiId: string;
  readonly mspId: string;
  /** Subject of its certificate. */
  readonly subject: string;
  /** Where we reached it; null for those we only heard of. */
  readonly endpoint: string | null;
  /** Whether it answered us; of those we only heard of nobody can tell. */
  readonly status: "alive" | "unknown";
  readonly self: false;
  /** Blocks that it says it has: the number of its newest block, plus one. */
  readonly height: bigint;
  /** Blocks that it lacks of the highest height published. */
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

/** Which chaincodes are ready where: installed, and approved by the peer's organisation. */
export interface ChannelChaincodes {
  /** Of the channel. */
  readonly name: string;
  readonly chaincodes: readonly {
    readonly name: string;
    /** Whether peers have definitions of different sequence. */
    readonly differs: boolean;
    readonly organisations: readonly {
      readonly mspId: string;
      /** Sequences of the definition on its peers: one, unless they differ. */
      readonly sequences: readonly string[];
      /** On how many of its peers it is ready. */
      readonly peers: number;
      /** How many peers of it we heard of. */
      readonly of: number;
      /** Subjects of those that lack it. */
      readonly lacking: readonly string[];
    }[];
  }[];
  readonly trust: string;
  readonly notes: readonly string[];
}
