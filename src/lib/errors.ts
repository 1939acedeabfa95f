/** What went wrong, for programs. */
export type GossipErrorCode =
  /** The configuration is wrong; the message lists every problem with its remedy. */
  | "config-invalid"
  /** An MSP folder cannot be used. */
  | "msp-invalid"
  /** The listen address is in use or not ours. */
  | "listen-failed"
  /** Topic, payload, audience or timeout cannot be sent; the message lists every problem. */
  | "message-invalid"
  /** Above the rate that other members accept. */
  | "too-fast"
  /** The signer failed or took too long. */
  | "signing-failed"
  /** The node, or the reader, was used after it was closed. */
  | "closed";

/** What something thrown says. A program throws whatever it likes; this never throws. */
export function reasonOf(thrown: unknown): string {
  try {
    return String(thrown instanceof Error ? thrown.message : thrown);
  } catch {
    return "something without words was thrown";
  }
}

/** A mistake on our side of the wire: wrong options or wrong use. Never caused by a peer. */
export class GossipError extends Error {
  override readonly name = "GossipError";
  readonly code: GossipErrorCode;
  /** Every problem found, one sentence each with its remedy; the message joins them. */
  readonly problems: readonly string[];

  constructor(code: GossipErrorCode, problems: string | readonly string[], options?: ErrorOptions) {
    const list = typeof problems === "string" ? [problems] : problems;
    super(list.join("\n"), options);
    this.code = code;
    this.problems = list;
  }
}
