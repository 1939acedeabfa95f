/**
 * The same block at several peers. What orderers have signed must be equal; validation codes and
 * commit hash are signed by nobody, and are as good as the number of organisations that agree.
 */
import { headerHash } from "../channel/rules/header-hash.ts";
import { commitHashOf, validationCodesOf } from "../channel/rules/read-block.ts";
import type { Block } from "../channel/types/block.ts";
import type { ChannelHost } from "../channel/types/host.ts";
import { EMPTY_BYTES, equalBytes, toHex } from "../wire/bytes.ts";
import { type Judged, judgeBlock, type Trust } from "./trust.ts";
import type { BlockAgreement } from "./views.ts";

/** A block as one peer gives it. */
export interface Copy {
  readonly peer: string;
  readonly mspId: string;
  readonly block: Block;
}

/** Compares the copies with the first, which was verified under `trust`. */
export function compareCopies(
  host: ChannelHost,
  trust: Trust,
  [first, ...others]: readonly [Copy, ...Copy[]],
): BlockAgreement {
  const agreedBy = new Set([first.mspId]);
  const conflicts: string[] = [];
  const hash = headerHash(host, first.block.header);
  for (const copy of others) {
    const isSameBlock = equalBytes(headerHash(host, copy.block.header), hash);
    const conflict = isSameBlock
      ? (contentConflict(host, copy) ?? resultConflict(first, copy))
      : forkConflict(host, trust, copy);
    if (conflict === undefined) agreedBy.add(copy.mspId);
    else conflicts.push(conflict);
  }
  return { agreedBy: [...agreedBy].sort(), conflicts };
}

function forkConflict(host: ChannelHost, trust: Trust, { peer, mspId, block }: Copy): string {
  const { number } = block.header;
  const verdict: Judged<unknown> = judgeBlock(host, trust, block, { number });
  return verdict.ok
    ? `${peer} of ${mspId} has another block ${number}, signed by orderers as well: the chain is forked`
    : `${peer} of ${mspId} gives a block ${number} that is not believed: ${verdict.reason}`;
}

function contentConflict(host: ChannelHost, { peer, mspId, block }: Copy): string | undefined {
  const { number, dataHash } = block.header;
  if (equalBytes(host.sha256(block.transactions), dataHash)) return undefined;
  return `${peer} of ${mspId} gives block ${number} with other transactions than its header names`;
}

function resultConflict(first: Copy, other: Copy): string | undefined {
  const [codes, theirs] = [first, other].map(
    ({ block }) => validationCodesOf(block) ?? EMPTY_BYTES,
  );
  const who = `${other.peer} of ${other.mspId} and ${first.peer} of ${first.mspId}`;
  const { number } = first.block.header;
  if (codes?.length && theirs?.length && !equalBytes(codes, theirs)) {
    const at = codes.findIndex((code, i) => code !== theirs[i]);
    return `${who} differ in the validation code of transaction ${at} of block ${number}: ${theirs[at]}, ${codes[at]}`;
  }
  const [commit, their] = [first, other].map(({ block }) => commitHashOf(block));
  if (!commit || !their || equalBytes(commit, their)) return undefined;
  const [ours, others] = [commit, their].map((hash) => toHex(hash).slice(0, 16));
  return `${who} differ in the commit hash of block ${number}: ${others}, ${ours}`;
}
