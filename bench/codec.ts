/** Cost of decoding and encoding messages, relative to one signature check. */

import {
  encodeEnvelope,
  encodeMessage,
  parseEnvelope,
  parseMessage,
} from "../src/wire/envelope.ts";
import { type GossipMessageInit, PULL_TYPE, TAG } from "../src/wire/messages.ts";
import { parseAlive } from "../src/wire/received.ts";
import { aliveOf, identityItemOf, makeFixtures } from "./fixture-identities.ts";
import { inTemporaryFolder, round, type Task, takeTurns, verification } from "./measure.ts";

export interface CodecResult {
  /** Entries of the membership response, identities in the update. */
  readonly entries: number;
  readonly verifyUs: number;
  readonly rows: readonly CodecRow[];
}

export interface CodecRow {
  readonly name: string;
  readonly bytes: number;
  /** Nanoseconds. */
  readonly decodeNs: number;
  readonly encodeNs: number;
  /** The same relative to one P-256 verification. */
  readonly decodeShare: number;
  readonly encodeShare: number;
}

interface Case {
  readonly name: string;
  readonly message: GossipMessageInit;
  readonly bytes: Uint8Array;
  /** Nested envelopes that are decoded, too. */
  readonly nested: readonly Uint8Array[];
}

export async function benchCodec(entries: number, rounds: number): Promise<CodecResult> {
  const cases = await inTemporaryFolder((folder) => makeCases(folder, entries));
  const verifyOnce = verification();
  const tasks: Task[] = [{ times: 200, run: () => repeat(200, verifyOnce) }];
  for (const { message, bytes, nested } of cases) {
    const times = Math.ceil(2_000 / (1 + nested.length));
    const signature = new Uint8Array(71);
    const write = (): unknown => encodeEnvelope({ payload: encodeMessage(message), signature });
    tasks.push({ times, run: () => repeat(times, () => readAll(bytes, nested)) });
    tasks.push({ times, run: () => repeat(times, write) });
  }
  const [verifyUs = 0, ...us] = await takeTurns(tasks, rounds);
  const rows = cases.map(({ name, bytes }, index): CodecRow => {
    const [decodeUs = 0, encodeUs = 0] = us.slice(2 * index);
    return {
      name,
      bytes: bytes.length,
      decodeNs: Math.round(decodeUs * 1_000),
      encodeNs: Math.round(encodeUs * 1_000),
      decodeShare: round(decodeUs / verifyUs, 3),
      encodeShare: round(encodeUs / verifyUs, 3),
    };
  });
  return { entries, verifyUs: round(verifyUs, 1), rows };
}

/** As the core decodes it: envelope, payload, and nested alive messages. */
function readAll(bytes: Uint8Array, nested: readonly Uint8Array[]): void {
  const envelope = parseEnvelope(bytes);
  if (!envelope.ok || !parseMessage(envelope.value.payload).ok)
    throw new Error("it is well-formed");
  for (const item of nested) parseAlive(item);
}

function repeat(times: number, act: () => unknown): void {
  for (let i = 0; i < times; i++) act();
}

async function makeCases(folder: string, entries: number): Promise<readonly Case[]> {
  const { all } = await makeFixtures(folder, entries);
  const [first] = all;
  if (first === undefined) throw new RangeError("ask for at least one entry");
  const heartbeats = all.map((fixture) => aliveOf(fixture, 1n).bytes);
  const items = all.map((fixture) => identityItemOf(fixture).bytes);
  const plain = (name: string, bytes: Uint8Array): Case => {
    const envelope = parseEnvelope(bytes);
    const message = envelope.ok ? parseMessage(envelope.value.payload) : envelope;
    if (!message.ok) throw new Error("it is well-formed");
    return { name, message: message.value, bytes, nested: [] };
  };
  const wrap = (content: GossipMessageInit["content"]): Uint8Array =>
    encodeEnvelope({ payload: encodeMessage({ tag: TAG.empty, content }) }).bytes;
  const response = wrap({ type: "membership-response", value: { alive: heartbeats, dead: [] } });
  const update = wrap({
    type: "update",
    value: { nonce: 1n, msgType: PULL_TYPE.identity, data: items.slice(0, 1) },
  });
  return [
    plain("alive", aliveOf(first, 1n).bytes),
    plain("alive with certificate", aliveOf(first, 1n, true).bytes),
    plain("identity update", update),
    { ...plain(`membership response of ${entries}`, response), nested: heartbeats },
  ];
}
