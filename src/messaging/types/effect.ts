import type { PkiId } from "../../core/types/host.ts";
import type { WireFault } from "../../wire/decode.ts";
import type { QueryId } from "./input.ts";

/** Why a message was not used. */
export type MessagingFault =
  | WireFault
  /** Its author is unknown, because its certificate has not arrived. It is fetched again later. */
  | "event-author-unknown"
  /** Its author did not sign it. */
  | "event-signature-invalid"
  /** A repeat, or too old to tell. */
  | "event-stale"
  /** Its retention is over, or its author's clock differs too much. */
  | "event-expired"
  /** The same, from its author: no one else has delayed it. */
  | "clock-differs"
  /** Too large, without a topic, or otherwise malformed. */
  | "event-malformed"
  /** Its author exceeds the rate limit. */
  | "event-budget"
  /** It is for other organisations. */
  | "event-not-addressed"
  /** From a peer that is not, or not yet known as, of our kind. */
  | "event-foreign"
  /** To no query of ours, or a second one. */
  | "answer-unexpected"
  /** The peer requests or announces more than the rate limit. */
  | "request-budget";

export type MessagingEffect =
  | {
      readonly type: "send";
      readonly to: PkiId;
      readonly endpoint: string;
      readonly messages: readonly Uint8Array[];
    }
  | { readonly type: "sign"; readonly token: number; readonly payload: Uint8Array }
  | { readonly type: "drop"; readonly from: PkiId; readonly code: MessagingFault }
  /** For the subscribers of our program. */
  | { readonly type: "event"; readonly event: Heard }
  /** For the answerers of our program, which reply with the input `answer`. */
  | { readonly type: "query"; readonly query: HeardQuery }
  /** Our program's message was sent under this id; undefined: signing failed. */
  | { readonly type: "said"; readonly token: number; readonly id: QueryId | undefined }
  /** The members whose answers the query awaits. */
  | { readonly type: "asked"; readonly token: number; readonly members: readonly PkiId[] }
  | { readonly type: "answered"; readonly token: number; readonly answer: HeardAnswer }
  /** All have answered, or time is up. */
  | { readonly type: "query-ended"; readonly token: number };

/** A received event or query. */
export interface Heard {
  readonly id: QueryId;
  readonly topic: string;
  readonly payload: Uint8Array;
  /** Milliseconds since the epoch, by its author's clock. */
  readonly sentAtMs: number;
}

export type HeardQuery = Heard & { readonly timeoutMs: number };

export interface HeardAnswer {
  readonly from: PkiId;
  readonly payload: Uint8Array;
  /** Why there is no payload; empty: there is one. */
  readonly failure: string;
}
