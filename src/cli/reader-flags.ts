/** What the verbs that read a channel have in common: who asks, whom, how often. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import { formatDuration, parseDurationMs } from "../config/duration.ts";
import type { Range } from "../config/range.ts";
import { collect } from "../lib/collect.ts";
import { GossipError } from "../lib/errors.ts";
import { printable, printableJson } from "../lib/printable.ts";
import { ANSWER_TIMEOUT_RANGE, type ReadChannelOptions } from "../reader/options.ts";
import type { ChannelReader } from "../reader/read-channel.ts";
import { ReadError } from "../reader/read-error.ts";
import { append } from "./words.ts";

/** The flags of every reader verb. */
export interface ReaderFlags
  extends Omit<ReadChannelOptions, "channel" | "peers" | "signer" | "env" | "answerTimeoutMs"> {
  readonly timeout?: string;
  readonly peer?: readonly string[];
}

export function withReader(verb: Command): Command {
  return verb
    .option(
      "--peer <host:port>",
      "peer to query; may be repeated (default: all of --profile)",
      append,
    )
    .option(
      "--tls-ca <file>",
      "CA of the TLS certificates of --peer, PEM; may be repeated, one for each organisation",
      append,
    )
    .option("--profile <file>", "Fabric connection profile, JSON or YAML: peers and their TLS CAs")
    .option("--msp-id <id>", "our MSP id (default: of client.organization in --profile)")
    .option("--cert <file>", "our enrolment certificate, PEM")
    .option("--key <file>", "the key of --cert, PEM")
    .option("--tls-cert <file>", "TLS client certificate, PEM (default: the enrolment pair)")
    .option("--tls-key <file>", "the key of --tls-cert, PEM")
    .option("--trust <file>", "configuration block to start from (default: a peer's newest)")
    .option("--timeout <duration>", "maximum time for one answer of a peer (default: 3s)")
    .option("--config <file>", "core.yaml or CORE_ variables of who asks, instead of --cert")
    .option("--set <key=value>", "any key of core.yaml; may be repeated", append);
}

/**
 * Opens a reader as the flags say, and closes it after use. Throws its problems together with those of
 * the verb's own flags.
 */
export async function useReader<T>(
  channel: string,
  flags: ReaderFlags,
  problems: string[],
  use: (reader: ChannelReader) => Promise<T>,
): Promise<T> {
  const reader = await openReader(channel, flags, problems);
  try {
    return await use(reader);
  } finally {
    await reader.close();
  }
}

async function openReader(
  channel: string,
  flags: ReaderFlags,
  problems: string[],
): Promise<ChannelReader> {
  const { peer: peers, ...rest } = flags;
  const { config, set, profile, mspId, cert, key, tlsCert, tlsKey, tlsCa, trust } = rest;
  const answerTimeoutMs = parseSpan("--timeout", flags.timeout, problems, ANSWER_TIMEOUT_RANGE);
  const who = { config, set, profile, mspId, cert, key, tlsCert, tlsKey, tlsCa };
  const given = { ...who, trust, peers, answerTimeoutMs };
  const defined = Object.entries(given).filter(([, value]) => value !== undefined);
  // Every verb reads this file, and few need what is behind a reader.
  const { readChannel } = await import("../reader/read-channel.ts");
  const options = { channel, ...Object.fromEntries(defined) } satisfies ReadChannelOptions;
  // It dials nobody yet.
  const reader = await collect(problems, readChannel(options));
  if (reader !== undefined && problems.length === 0) return reader;
  await reader?.close();
  throw new GossipError("config-invalid", problems);
}

interface Shown {
  /** For `--json`. */
  readonly value: object;
  /** Exit code 1. */
  readonly isNo: boolean;
  readonly text: () => string;
  /** For people, on standard error; part of the JSON. */
  readonly notes: readonly string[];
}

/** Peers publish every 4 s at most; asking more often than this brings nothing. */
const WATCH_MS = 2_000;

/**
 * Prints once, or with `--watch` again and again; on a terminal it redraws in place. Sets the exit code for what
 * was shown last.
 */
export async function watch(
  flags: { readonly watch?: boolean; readonly json?: boolean },
  look: () => Promise<Shown>,
): Promise<void> {
  for (let isFirst = true; ; isFirst = false) {
    const shown = await look().catch((error: unknown) => {
      // Whoever watches wants to see the peers come back.
      if (isFirst || !(error instanceof ReadError)) throw error;
      printNotes(error.problems);
      return undefined;
    });
    if (shown === undefined) {
      await sleep(WATCH_MS);
      continue;
    }
    const { value, isNo, text, notes } = shown;
    process.exitCode = isNo ? 1 : 0;
    if (flags.watch && process.stdout.isTTY) process.stdout.write("\x1b[H\x1b[J");
    process.stdout.write(`${flags.json ? printableJson(jsonOf(value)) : text()}\n`);
    if (!flags.json) printNotes(notes);
    if (!flags.watch) return;
    await sleep(WATCH_MS);
  }
}

export function printNotes(notes: readonly string[]): void {
  for (const note of notes) process.stderr.write(`note: ${printable(note)}\n`);
}

/** A whole number of blocks; anything else joins the problems. */
export function parseNumber(
  flag: string,
  text: string | undefined,
  problems: string[],
): bigint | undefined {
  if (text === undefined) return undefined;
  const number = /^\d{1,20}$/.test(text) ? BigInt(text) : undefined;
  if (number !== undefined && number < 2n ** 64n) return number;
  problems.push(`${flag} ${text} is no number from 0 to 2^64 - 1: write it in digits.`);
  return undefined;
}

/** A span of time, as in core.yaml; anything else joins the problems. */
export function parseSpan(
  flag: string,
  text: string | undefined,
  problems: string[],
  { min, max }: Range,
): number | undefined {
  if (text === undefined) return undefined;
  const ms = /^\d+$/.test(text) ? undefined : parseDurationMs(text);
  // Less than a millisecond is a slip: nothing is measured so finely.
  const isWhole = ms !== undefined && (ms === 0 || ms >= 1);
  if (isWhole && ms >= min && ms <= max) return ms;
  const range = `from ${formatDuration(min)} to ${formatDuration(max)}`;
  problems.push(`${flag} ${text} is no duration ${range}: write for example 60s or 5m.`);
  return undefined;
}

/** The value as JSON has it: whole numbers of 64 bits and moments as text, bytes in hex. */
export function jsonOf(value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (Array.isArray(value)) return value.map(jsonOf);
  if (typeof value !== "object" || value === null) return value;
  const entries: readonly (readonly [string, unknown])[] = Object.entries(value);
  return Object.fromEntries(entries.map(([key, inner]) => [key, jsonOf(inner)]));
}
