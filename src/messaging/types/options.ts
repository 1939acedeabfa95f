/** Limits of messages among members. Every collection has a maximum. */
import type { Directory, Verify } from "./host.ts";

export interface MessagingLimits {
  /** How long a message can be fetched, in milliseconds; default 300_000. */
  readonly retentionMs: number;
  /** Messages kept for others; default 4_096. The oldest go first. */
  readonly keptMax: number;
  /** Bytes of messages kept for others; default 16 MiB. */
  readonly keptBytesMax: number;
  /** Messages kept of one certificate; default 1_024, so that nobody crowds out the others. */
  readonly keptPerAuthorMax: number;
  /** Messages accepted per author and second; default 100. */
  readonly perAuthorPerSecond: number;
  /** Authors whose repeats are recognised; default 20_000. */
  readonly authorsMax: number;
  /** Own queries that wait for answers; default 1_000. */
  readonly queriesMax: number;
  /** Messages per request; default 100, which fits into a send queue. */
  readonly requestMax: number;
  /** Bytes sent per peer and second; default 1 MiB. */
  readonly sentBytesPerSecond: number;
}

export const DEFAULT_MESSAGING_LIMITS: MessagingLimits = {
  retentionMs: 300_000,
  keptMax: 4_096,
  keptBytesMax: 16_777_216,
  keptPerAuthorMax: 1_024,
  perAuthorPerSecond: 100,
  authorsMax: 20_000,
  queriesMax: 1_000,
  requestMax: 100,
  sentBytesPerSecond: 1_048_576,
};

export interface MessagingOptions {
  readonly directory: Directory;
  readonly verify: Verify;
  /** Incarnation of our process, within which our messages are numbered. */
  readonly incarnation: bigint;
  readonly limits: MessagingLimits;
}
