/**
 * Compares one block from several peers. Content signed by orderers must be equal; validation codes
 * and commit hash are unsigned, so their weight is the number of agreeing organisations.
 */

import { hashInTurns } from "../channel/rules/hash-in-turns.ts";
import { headerHash } from "../channel/rules/header-hash.ts";
import type { InTurns } from "../channel/rules/in-turns.ts";
import { commitHashOf, validationCodesOf } from "../channel/rules/read-block.ts";
import type { Block } from "../channel/types/block.ts";
import type { ChannelHost } from "../channel/types/host.ts";
import { EMPTY_BYTES, equalBytes, toHex } from "../wire/bytes.ts";
import { type Judged, judgeBlock, type Trust } from "./trust.ts";

/** A block as one peer serves it. */
export interface Copy {
  readonly peer: string;
  readonly mspId: string;
  readonly block: Block;
}

/** In what a copy differs: another block that is signed as well, other results, or no block at all. */
interface Conflict {
  readonly kind: "fork" | "results" | "forged";
  /** Such as `block-policy`; for a fork or other results only that word. */
  readonly code: string;
  readonly reason: string;
  /** What is wrong with a forged block, without whose it is. */
  readonly fault?: string;
}

/** Compares a copy with the first, which was verified under `trust`; undefined: they agree. */
export function* compareCopy(
  host: ChannelHost,
  trust: Trust,
  first: Copy,
  copy: Copy,
): InTurns<Conflict | undefined> {
  const hash = headerHash(host, first.block.header);
  if (!equalBytes(headerHash(host, copy.block.header), hash)) {
    return yield* forkConflict(host, trust, copy);
  }
  return (yield* contentConflict(host, copy)) ?? resultConflict(first, copy);
}

function* forkConflict(
  host: ChannelHost,
  trust: Trust,
  { peer, mspId, block }: Copy,
): InTurns<Conflict> {
  const { number } = block.header;
  const verdict: Judged<unknown> = yield* judgeBlock(host, trust, block, { number });
  const who = `${peer} of ${mspId}`;
  if (verdict.ok) {
    const reason = `${who} has another block ${number}, signed by orderers as well: the chain is forked`;
    return { kind: "fork", code: "fork", reason };
  }
  const { code } = verdict;
  const reason = `${who} gives a block ${number} that is not believed: ${verdict.reason}`;
  return { kind: "forged", code, reason, fault: verdict.reason };
}

function* contentConflict(
  host: ChannelHost,
  { peer, mspId, block }: Copy,
): InTurns<Conflict | undefined> {
  const { number, dataHash } = block.header;
  if (equalBytes(yield* hashInTurns(host, block.transactions), dataHash)) return undefined;
  const fault = "it has other transactions than its header names";
  const reason = `${peer} of ${mspId} gives a block ${number} that is not believed: ${fault}`;
  return { kind: "forged", code: "block-data-hash", reason, fault };
}

function resultConflict(first: Copy, other: Copy): Conflict | undefined {
  const results = (reason: string): Conflict => ({ kind: "results", code: "results", reason });
  const [codes, theirs] = [first, other].map(
    ({ block }) => validationCodesOf(block) ?? EMPTY_BYTES,
  );
  const who = `${other.peer} of ${other.mspId} and ${first.peer} of ${first.mspId}`;
  const { number } = first.block.header;
  if (codes?.length && theirs?.length && !equalBytes(codes, theirs)) {
    const at = codes.findIndex((code, i) => code !== theirs[i]);
    return results(
      `${who} differ in the validation code of transaction ${at} of block ${number}: ${theirs[at]}, ${codes[at]}`,
    );
  }
  const [commit, their] = [first, other].map(({ block }) => commitHashOf(block));
  if (!commit || !their || equalBytes(commit, their)) return undefined;
  const [ours, others] = [commit, their].map((hash) => toHex(hash).slice(0, 16));
  return results(`${who} differ in the commit hash of block ${number}: ${others}, ${ours}`);
}
