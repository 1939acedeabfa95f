/** An awaited message or event. */
import type { Kind } from "../../simulation/wire-kind.ts";

/** Omitted fields match anything. Members are numbers. */
export interface Wanted {
  /** The number of the message, as links have it. */
  readonly id?: number;
  readonly kind?: Kind;
  readonly from?: number;
  readonly to?: number;
  /** The signer of an alive message. */
  readonly author?: number;
  /** Whether the receiver has relayed the same bytes before. */
  readonly isCopy?: boolean;
  /** The type of an event; `from` is then the observer and `to` the subject. */
  readonly event?: string;
}

interface Message {
  readonly id: number;
  readonly kind: Kind;
  readonly from: number;
  readonly to: number;
  readonly author: number;
  readonly isCopy: boolean;
}

export function isMessageWanted(wanted: Wanted, message: Message): boolean {
  if (wanted.event !== undefined) return false;
  const { id, kind, from, to, author, isCopy } = { ...message, ...wanted };
  return (
    id === message.id &&
    kind === message.kind &&
    from === message.from &&
    to === message.to &&
    author === message.author &&
    isCopy === message.isCopy
  );
}

export function isEventWanted(
  wanted: Wanted,
  event: { readonly type: string; readonly observer: number; readonly subject: number },
): boolean {
  const { observer, subject } = event;
  return (
    wanted.event === event.type &&
    (wanted.from ?? observer) === observer &&
    (wanted.to ?? subject) === subject
  );
}
