import type { PkiId } from "../../core/types/host.ts";
import type { WireFault } from "../../wire/decode.ts";
import type { QueryId } from "./input.ts";

/** Why a message among members was not used. Those in {@link QUIET_FAULTS} are everyday life. */
export type MessagingFault =
  | WireFault
  /** Its author is nobody we know: its certificate has not come yet. It is fetched again later. */
  | "event-author-unknown"
  /** Its author did not sign it. */
  | "event-signature-invalid"
  /** We have had it before, or it is too old to tell. */
  | "event-stale"
  /** Nobody keeps it any longer, or the clock of its author is far from ours. */
  | "event-expired"
  /** Too large, without a topic, or otherwise nothing that one of our kind sends. */
  | "event-malformed"
  /** Its author says more than anybody takes. */
  | "event-budget"
  /** It is for other organisations. */
  | "event-not-addressed"
  /** From a peer that is not of our kind, or that we do not know as such yet. */
  | "event-foreign"
  /** To no query of ours, or a second one. */
  | "answer-unexpected"
  /** The peer asks for, or tells of, more than we look at in this time. */
  | "request-budget";

/** Say nothing against the peer: an honest one that is slow, new, or knows less than we causes them. */
export const QUIET_FAULTS: ReadonlySet<MessagingFault> = new Set([
  "event-author-unknown",
  "event-stale",
  "event-expired",
  "event-budget",
  "event-foreign",
  // It came when the query had ended.
  "answer-unexpected",
  "request-budget",
]);

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
  /** For the answerers of our program; to be answered by the input `answer`. */
  | { readonly type: "query"; readonly query: HeardQuery }
  /** What our program said is on its way under this id; undefined: it could not be signed. */
  | { readonly type: "said"; readonly token: number; readonly id: QueryId | undefined }
  /** Whom the query waits for from now on. */
  | { readonly type: "asked"; readonly token: number; readonly members: readonly PkiId[] }
  | { readonly type: "answered"; readonly token: number; readonly answer: HeardAnswer }
  /** All have answered, or time is up. */
  | { readonly type: "query-ended"; readonly token: number };

/** An event or a query as it reached us. */
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
