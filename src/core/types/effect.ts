import type { BlockRange } from "../../channel/rules/state-transfer.ts";
import type { GossipMessage } from "../../wire/messages.ts";
import type { DropCode } from "./drop.ts";
import type { CoreEvent, Fault } from "./event.ts";
import type { PkiId } from "./host.ts";

/** One encoded Envelope to be sent. */
export interface Outgoing {
  readonly bytes: Uint8Array;
  /** A message still queued under the same key is out of date and may be replaced by this one. */
  readonly replaces?: string;
  /** Only for the addressee, not for another identity found at its endpoint. Default: for both. */
  readonly isPersonal?: boolean;
  /** Asked when it leaves: false if the addressee must not have it any more. Default: it may. */
  readonly isAllowed?: () => boolean;
}

/** What the core asks for. The host carries effects out in order. */
export type Effect =
  /** Send to the peer: on its connection if there is one, else dial `endpoint`. Never blocks. */
  | {
      readonly type: "send";
      readonly to: PkiId;
      readonly endpoint: string;
      readonly messages: readonly Outgoing[];
    }
  /** Handshake with the probe flag: who is there? Answered by `identified`. */
  | { readonly type: "identify"; readonly endpoint: string }
  /** Connect and ping, no handshake: is anybody there? Answered by `pinged`. */
  | { readonly type: "ping"; readonly pkiId: PkiId; readonly endpoint: string }
  /** Close every connection to the peer. */
  | { readonly type: "disconnect"; readonly pkiId: PkiId; readonly why: Fault }
  /** Sign with the enrolment key. Answered by `signed` with the same token. */
  | {
      readonly type: "sign";
      readonly token: number;
      readonly payload: Uint8Array;
      readonly secret: Uint8Array | undefined;
    }
  /** Received data was dropped. Counted by code; no reaction needed. */
  | {
      readonly type: "drop";
      readonly from: PkiId;
      readonly code: DropCode;
      /** How often, in one message. */
      readonly times: number;
    }
  /** Read these blocks of a channel and send them to the peer. Answered by `blocks-served`. */
  | {
      readonly type: "serve-blocks";
      readonly channel: string;
      /** Repeated in the answer. */
      readonly nonce: bigint;
      readonly range: BlockRange;
      readonly to: { readonly pkiId: PkiId; readonly endpoint: string };
      /** Asked when the answer leaves, as of {@link Outgoing}. */
      readonly isAllowed: () => boolean;
    }
  /** An answer or a block for whoever follows the channel; its bytes are views of what was received. */
  | {
      readonly type: "channel-message";
      readonly from: PkiId;
      readonly channel: string;
      readonly message: GossipMessage;
    }
  | { readonly type: "notify"; readonly event: CoreEvent };

export function notify(event: CoreEvent): Effect {
  return { type: "notify", event };
}

export function drop(from: PkiId, code: DropCode, times = 1): Effect {
  return { type: "drop", from, code, times };
}

export function send(to: PkiId, endpoint: string, ...messages: readonly Outgoing[]): Effect {
  return { type: "send", to, endpoint, messages };
}

/** Whether nothing came of a message because it said what was known: then nothing is due. */
export function isStale(effects: readonly Effect[]): boolean {
  const first = effects[0];
  return effects.length === 1 && first?.type === "drop" && first.code === "stale";
}
