/** `fabric-gossip blocks`: verified blocks of a channel, one line each. */
import { join } from "node:path";
import type { ChannelBlock } from "../following/views.ts";
import { collect } from "../lib/collect.ts";
import { makeFolder } from "../lib/make-folder.ts";
import { printable, printableJson } from "../lib/printable.ts";
import { writingTo } from "../lib/write-output.ts";
import { writeWhole } from "../lib/write-whole.ts";
import type { BlocksOptions } from "../reader/blocks.ts";
import type { ChannelReader } from "../reader/read-channel.ts";
import { jsonOf, parseNumber, printNotes, type ReaderFlags, useReader } from "./reader-flags.ts";

export interface BlocksFlags extends ReaderFlags {
  readonly from?: string;
  readonly to?: string;
  readonly follow?: boolean;
  readonly out?: string;
  readonly json?: boolean;
}

/** Prints blocks as they come; 1 if one does not verify, or peers contradict each other. */
export async function blocks(
  channel: string,
  flags: BlocksFlags,
  signal: AbortSignal | undefined,
): Promise<number> {
  const { follow, out } = flags;
  const problems: string[] = [];
  const from = parseNumber("--from", flags.from, problems);
  const to = parseNumber("--to", flags.to, problems);
  if (from !== undefined && to !== undefined && to < from) {
    problems.push(`--to ${to} comes before --from ${from}: give the lower number as --from.`);
  }
  if (out !== undefined) {
    await collect(
      problems,
      writingTo("--out", out, () => makeFolder(out)),
    );
  }
  const range = { from, to, follow, signal };
  const hasConflict = await useReader(channel, flags, problems, (reader) =>
    print(reader, channel, range, flags),
  );
  return hasConflict ? 1 : 0;
}

/** Whether peers contradict each other about one of them. */
async function print(
  reader: ChannelReader,
  channel: string,
  range: BlocksOptions,
  { out, json }: BlocksFlags,
): Promise<boolean> {
  const note = (sentence: string): void => printNotes([sentence]);
  let hasConflict = false;
  let isFirst = true;
  for await (const { block, raw } of reader.blocks({ ...range, note })) {
    if (json) process.stdout.write(`${printableJson(jsonOf(block))}\n`);
    else process.stdout.write(`${isFirst ? `${titles()}\n` : ""}${line(block)}\n`);
    isFirst = false;
    printNotes(block.agreement.conflicts);
    hasConflict ||= block.agreement.conflicts.length > 0;
    if (out !== undefined) {
      const file = join(out, `${channel}_${block.number}.block`);
      await writingTo("--out", out, () => writeWhole(file, raw));
    }
  }
  return hasConflict;
}

/** Rows come one by one: the widths are fixed. */
const WIDTHS = [8, 24, 5, 9, 16, 12] as const;

function row(...cells: readonly string[]): string {
  return cells
    .map((cell, i) => printable(cell).padEnd(WIDTHS[i] ?? 0))
    .join("  ")
    .trimEnd();
}

function titles(): string {
  return row("NUMBER", "TIME", "TXS", "SIZE", "HASH", "KIND", "SIGNED BY, AGREED BY");
}

function line(block: ChannelBlock): string {
  const { number, madeAt, transactions, bytes, hash, kind, signedBy, agreement } = block;
  const invalid = block.validationCodes.filter((code) => code !== 0).length;
  const time = madeAt?.toISOString() ?? "-";
  const what = kind === "transactions" && invalid > 0 ? `${invalid} invalid` : kind;
  const { agreedBy, conflicts } = agreement;
  const agreed = conflicts.length > 0 ? "CONFLICT" : `agreed by ${agreedBy.join(", ")}`;
  const signers = signedBy.map(({ subject, mspId }) => nameOf(subject) ?? mspId);
  const signed = signers.length > 0 ? signers.join(" ") : "nobody";
  const size = String(bytes);
  const digest = Buffer.from(hash).toString("hex").slice(0, 16);
  return row(
    String(number),
    time,
    String(transactions),
    size,
    digest,
    what,
    `${signed}; ${agreed}`,
  );
}

function nameOf(subject: string): string | undefined {
  return /(?:^|,)CN=([^,]+)/.exec(subject)?.[1];
}
