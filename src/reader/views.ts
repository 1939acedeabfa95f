/** Results of a reader. The JSON of the verbs is the same, with numbers and times as text. */
import type { Channel } from "../following/views.ts";

/** A channel as a reader sees it without membership. */
export type ChannelHeights = Channel & { readonly role: null };

/** Chaincodes that are ready: installed, and approved by the peer's organisation. */
export interface ChannelChaincodes {
  /** The name of the channel. */
  readonly name: string;
  readonly chaincodes: readonly {
    readonly name: string;
    /** Whether definitions differ in their sequence. */
    readonly differs: boolean;
    readonly organisations: readonly {
      readonly mspId: string;
      /** Sequences of the definition on its peers: one, unless they differ. */
      readonly sequences: readonly string[];
      /** Number of peers on which it is ready. */
      readonly peers: number;
      /** Number of known peers of the organisation. */
      readonly of: number;
      /** Subjects of the peers that lack it. */
      readonly lacking: readonly string[];
    }[];
  }[];
  readonly trust: string;
  readonly notes: readonly string[];
}
