/**
 * Messages kept for others: whoever missed one fetches it. The oldest go first when there are too many
 * of one certificate, too many or too large ones together, and when their time is over.
 */
import type { PkiId } from "../../core/types/host.ts";
import type { Filter } from "../rules/filter.ts";
import type { MessagingLimits } from "../types/options.ts";

export interface Kept {
  readonly author: PkiId;
  /** Of the author: whatever PKI-IDs it takes, it is one. */
  readonly certificate: string;
  readonly incarnation: bigint;
  readonly sequence: bigint;
  /** The author's organisation, and whether others may know the author. */
  readonly mspId: string;
  readonly isExternal: boolean;
  readonly filter: Filter;
  /** The envelope as received. */
  readonly bytes: Uint8Array;
  /** Elapsed time at which it expires. */
  readonly untilMs: number;
}

export interface KeptTable {
  readonly limits: Pick<MessagingLimits, "keptMax" | "keptBytesMax" | "keptPerAuthorMax">;
  readonly byAuthor: Map<PkiId, Map<string, Kept>>;
  /** The same by the certificate of the author, the oldest first. */
  readonly byCertificate: Map<string, Set<Kept>>;
  /** All of them with their number, the oldest first. */
  readonly numbers: Map<Kept, number>;
  bytes: number;
  /** Number of the newest message, increasing with each addition. */
  newest: number;
}

export function createKept(limits: KeptTable["limits"]): KeptTable {
  return {
    limits,
    byAuthor: new Map(),
    byCertificate: new Map(),
    numbers: new Map(),
    bytes: 0,
    newest: 0,
  };
}

/** The name of a message within its author. */
export function nameOf(incarnation: bigint, sequence: bigint): string {
  return `${incarnation}/${sequence}`;
}

export function findKept(
  { byAuthor }: KeptTable,
  author: PkiId,
  incarnation: bigint,
  sequence: bigint,
): Kept | undefined {
  return byAuthor.get(author)?.get(nameOf(incarnation, sequence));
}

/** Keeps a new message. */
export function keep(table: KeptTable, kept: Kept): void {
  const { byAuthor, byCertificate, numbers, limits } = table;
  const named = byAuthor.get(kept.author) ?? new Map<string, Kept>();
  byAuthor.set(kept.author, named.set(nameOf(kept.incarnation, kept.sequence), kept));
  const same = byCertificate.get(kept.certificate) ?? new Set();
  byCertificate.set(kept.certificate, same.add(kept));
  table.newest += 1;
  numbers.set(kept, table.newest);
  table.bytes += kept.bytes.length;
  for (const oldest of same) {
    if (same.size <= limits.keptPerAuthorMax) break;
    release(table, oldest);
  }
  for (const oldest of numbers.keys()) {
    if (numbers.size <= limits.keptMax && table.bytes <= limits.keptBytesMax) break;
    release(table, oldest);
  }
}

/** Forgets expired messages. */
export function releaseOld(table: KeptTable, elapsedMs: number): void {
  for (const kept of table.numbers.keys()) if (kept.untilMs <= elapsedMs) release(table, kept);
}

function release(table: KeptTable, kept: Kept): void {
  const { author, certificate, incarnation, sequence, bytes } = kept;
  const named = table.byAuthor.get(author);
  named?.delete(nameOf(incarnation, sequence));
  if (named?.size === 0) table.byAuthor.delete(author);
  const same = table.byCertificate.get(certificate);
  same?.delete(kept);
  if (same?.size === 0) table.byCertificate.delete(certificate);
  table.numbers.delete(kept);
  table.bytes -= bytes.length;
}
