import type { PkiId } from "../../core/types/host.ts";
import type { Envelope } from "../../wire/envelope.ts";
import type { MemberContent } from "../../wire/member-messages.ts";
import type { Filter } from "../rules/filter.ts";

/** What happens to the messages among members. */
export type MessagingInput =
  /** Time passes. */
  | { readonly type: "tick" }
  /** A member message of an authenticated peer. */
  | {
      readonly type: "message";
      readonly from: PkiId;
      readonly envelope: Envelope;
      readonly content: MemberContent;
    }
  /** Our program says something. `token` is the host's; no two are the same. */
  | ({ readonly type: "broadcast"; readonly token: number } & Saying)
  | ({ readonly type: "query"; readonly token: number; readonly timeoutMs: number } & Saying)
  /** Our program answers a query; a `failure` says why it cannot. */
  | {
      readonly type: "answer";
      readonly query: QueryId;
      readonly payload: Uint8Array;
      readonly failure: string;
    }
  /** Our program no longer waits for answers. */
  | { readonly type: "cancel-query"; readonly token: number }
  /** The signature asked for under this token; undefined: it could not be made. */
  | {
      readonly type: "signed";
      readonly token: number;
      readonly signature: Uint8Array | undefined;
    };

/** What our program says. */
export interface Saying {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly filter: Filter;
}

/** Who asked, and which of its queries. */
export interface QueryId {
  readonly author: PkiId;
  readonly incarnation: bigint;
  readonly sequence: bigint;
}
