/** What a reader tells. The JSON of the verbs is the same, with numbers and moments as text. */
import type { Channel } from "../following/views.ts";

/** A channel as a reader sees it, which is no member. */
export type ChannelHeights = Channel & { readonly role: null };

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
