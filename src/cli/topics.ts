/** The verbs by which members of our kind talk to each other through a running node. */
import { collect } from "../lib/collect.ts";
import { GossipError } from "../lib/errors.ts";
import { escapeJson, printable, printableJson } from "../lib/printable.ts";
import { fileFault, readSmallFileOrPipe } from "../lib/small-file.ts";
import { checkSaying, checkSubscription, readTags } from "../node/check-saying.ts";
import type { Json } from "../observe/json.ts";
import type { Answer, TopicEvent, Unanswered } from "../observe/topics.ts";
import type { Member } from "../observe/views.ts";
import { ask } from "./client.ts";
import { followStream } from "./follow-stream.ts";
import type { Signals } from "./signals.ts";
import { openTarget, type Target, type TargetOptions } from "./target.ts";

export interface SayOptions extends TargetOptions {
  readonly payload?: string;
  readonly file?: string;
  readonly tag?: readonly string[];
  readonly organisation?: readonly string[];
}

export interface QueryOptions extends SayOptions {
  readonly timeout?: string;
  readonly json?: boolean;
}

export interface WatchOptions extends TargetOptions {
  readonly json?: boolean;
}

/** What the answer of a node may take beside the time for answers. */
const SLACK_MS = 5_000;
/** What an event or query can carry. */
const FILE_BYTES_MAX = 16_384;
/** Every topic, as in the path of the request. */
const ALL = "*";
const TIMEOUT_S = 5;
const TIMEOUT_S_MAX = 300;

export async function sendEvent(topic: string, options: SayOptions): Promise<void> {
  const { body, target } = await prepare(topic, options, []);
  const path = `/api/v1/events/${encodeURIComponent(topic)}?${audienceOf(options)}`;
  const text = await ask(target, path, { method: "POST", body });
  const { id }: { id: string } = JSON.parse(text);
  process.stdout.write(`${printable(id)}\n`);
}

/** Prints the answers; 0 if there is one, else 1. */
export async function query(topic: string, options: QueryOptions): Promise<number> {
  const problems: string[] = [];
  const text = options.timeout ?? String(TIMEOUT_S);
  const seconds = /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(seconds >= 0.001 && seconds <= TIMEOUT_S_MAX)) {
    problems.push(
      `--timeout ${options.timeout} is no time to wait: give seconds, at most ${TIMEOUT_S_MAX}.`,
    );
  }
  const timeoutMs = Math.round(seconds * 1_000);
  const { body, target } = await prepare(topic, options, problems);
  const parameters = audienceOf(options);
  parameters.append("timeoutMs", String(timeoutMs));
  const path = `/api/v1/queries/${encodeURIComponent(topic)}?${parameters}`;
  const told = await ask(target, path, {
    method: "POST",
    body,
    timeoutMs: timeoutMs + SLACK_MS,
  });
  const found: { answers: Json<Answer>[]; unanswered: Json<Unanswered>[] } = JSON.parse(told);
  if (options.json) process.stdout.write(`${printableJson(found)}\n`);
  else printAnswers(found);
  return found.answers.length > 0 ? 0 : 1;
}

function printAnswers(found: {
  readonly answers: readonly Json<Answer>[];
  readonly unanswered: readonly Json<Unanswered>[];
}): void {
  for (const { from, payload } of found.answers) {
    process.stdout.write(`${nameOf(from)} ${textOf(payload)}\n`);
  }
  for (const { member, reason } of found.unanswered) {
    process.stderr.write(`${nameOf(member)} did not answer: ${printable(reason)}\n`);
  }
  if (found.answers.length + found.unanswered.length === 0) {
    process.stderr.write(
      "Nobody was asked: no living member of our kind has these tags and is of these organisations.\n",
    );
  }
}

/** Prints what members say until stopped. */
export async function watchEvents(
  topic: string | undefined,
  options: WatchOptions,
  { stop }: Signals,
): Promise<void> {
  const problems: string[] = [];
  const wanted = topic === ALL ? undefined : topic;
  await collect(problems, () => checkSubscription(wanted, undefined));
  const target = await collect(problems, openTarget(options));
  if (target === undefined || problems.length > 0)
    throw new GossipError("config-invalid", problems);
  const path = `/api/v1/events/${wanted === undefined ? ALL : encodeURIComponent(wanted)}`;
  await followStream(target, path, stop, ({ data }) => {
    const line = options.json ? escapeJson(data) : lineOf(JSON.parse(data));
    process.stdout.write(`${line}\n`);
  });
}

function lineOf({ time, topic, from, payload }: Json<TopicEvent>): string {
  return `${time.slice(11, 23)} ${printable(topic)} ${nameOf(from)} ${textOf(payload)}`;
}

function nameOf({ mspId, internalEndpoint, endpoint, pkiId }: Json<Member>): string {
  return printable(`${mspId ?? "?"} ${internalEndpoint || endpoint || pkiId.slice(0, 16)}`);
}

/** A payload is text for people; what is none is shown as it travels, in base64. */
function textOf(payload: string): string {
  const bytes = Buffer.from(payload, "base64");
  const text = bytes.toString("utf8");
  return Buffer.from(text, "utf8").equals(bytes) ? printable(text) : `base64:${payload}`;
}

/** What is said, and to which node; what is wrong with either joins the problems, and all are thrown. */
async function prepare(
  topic: string,
  options: SayOptions,
  problems: string[],
): Promise<{ readonly body: Uint8Array; readonly target: Target }> {
  const body = await collect(problems, payloadOf(options));
  const tags = await collect(problems, () => readTags(options.tag ?? []));
  const { organisation: organisations = [] } = options;
  await collect(problems, () =>
    checkSaying(topic, body ?? new Uint8Array(0), { tags: tags ?? {}, organisations }),
  );
  const target = await collect(problems, openTarget(options));
  if (body !== undefined && target !== undefined && problems.length === 0) return { body, target };
  throw new GossipError("config-invalid", problems);
}

async function payloadOf({ payload, file }: SayOptions): Promise<Uint8Array> {
  if (payload !== undefined && file !== undefined) {
    throw new GossipError("config-invalid", "--payload and --file exclude each other: give one.");
  }
  if (file === undefined) return Buffer.from(payload ?? "");
  if (file === "") throw new GossipError("config-invalid", "--file is empty: name a file.");
  const content = await readSmallFileOrPipe(file, FILE_BYTES_MAX);
  if (typeof content !== "string") return content;
  throw new GossipError(
    "config-invalid",
    `--file ${file} ${fileFault(content)}: name a file or pipe of at most ${FILE_BYTES_MAX} bytes.`,
  );
}

function audienceOf({ tag = [], organisation = [] }: SayOptions): URLSearchParams {
  const parameters = new URLSearchParams();
  for (const one of tag) parameters.append("tag", one);
  for (const one of organisation) parameters.append("organisation", one);
  return parameters;
}
