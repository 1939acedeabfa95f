import type { PkiId } from "../../core/types/host.ts";
import type { Envelope } from "../../wire/envelope.ts";
import type { MemberContent } from "../../wire/member-messages.ts";
import type { Filter } from "../rules/filter.ts";

/** Inputs of messages among members. */
export type MessagingInput =
  /** Time passes. */
  | { readonly type: "tick" }
  /** A message of an authenticated peer. */
  | {
      readonly type: "message";
      readonly from: PkiId;
      readonly envelope: Envelope;
      readonly content: MemberContent;
    }
  /** Our program sends a message. `token` is the host's and unique. */
  | ({ readonly type: "broadcast"; readonly token: number } & Saying)
  | ({ readonly type: "query"; readonly token: number; readonly timeoutMs: number } & Saying)
  /** Our program answers a query; `failure` says why it cannot. */
  | {
      readonly type: "answer";
      readonly query: QueryId;
      readonly payload: Uint8Array;
      readonly failure: string;
    }
  /** Our program stops waiting for answers. */
  | { readonly type: "cancel-query"; readonly token: number }
  /** The signature requested under this token; undefined: signing failed. */
  | {
      readonly type: "signed";
      readonly token: number;
      readonly signature: Uint8Array | undefined;
    };

/** A message of our program. */
export interface Saying {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly filter: Filter;
}

/** The asker, and its query. */
export interface QueryId {
  readonly author: PkiId;
  readonly incarnation: bigint;
  readonly sequence: bigint;
}
