/** For tests: a checker on a stage, and members that do what it must notice. */
import assert from "node:assert/strict";
import type { DeathReason } from "../../src/core/types/event.ts";
import { createCounters, NO_TRAFFIC } from "../../src/observe/counters.ts";
import { createEventCounter } from "../../src/observe/event-counts.ts";
import type { Member as MemberView } from "../../src/observe/views.ts";
import { fromHex } from "../../src/wire/bytes.ts";
import { encode } from "../../src/wire/encode.ts";
import { encodeEnvelope, encodeMessage } from "../../src/wire/envelope.ts";
import { SECRET, TAG } from "../../src/wire/messages.ts";
import type { SimulatedFault } from "../fault.ts";
import { list } from "../forged-message-parts.ts";
import type { Habit } from "../habits.ts";
import type { Life, SimulatedMember } from "../member.ts";
import { World } from "../world.ts";
import { type Checker, createViolations, type Report, type Snapshot } from "./checker.ts";

export interface Stage {
  readonly world: World;
  readonly a: SimulatedMember;
  readonly b: SimulatedMember;
  readonly foreign: SimulatedMember;
  readonly third: SimulatedMember;
  readonly hidden: SimulatedMember;
  /** The life of `a`. */
  readonly life: Life;
  readonly sentences: readonly string[];
  readonly checker: Checker;
}

/** Three organisations. Only `a` runs, and only what a test triggers happens. */
export async function stage(make: (world: World, report: Report) => Checker): Promise<Stage> {
  const world = new World({ seed: 1, strategy: "neighbours", delayMs: 1, jitterMs: 0 });
  const add = (name: string, mspId: string, isKnown = true): SimulatedMember =>
    world.add({
      name,
      mspId,
      internalEndpoint: `${name}:1`,
      externalEndpoint: isKnown ? `${name}.example.com:1` : "",
      bootstrap: [],
      anchorPeers: [],
      readMs: 0,
      windowBytes: 65_536,
      duplicates: 0,
      signsAfresh: false,
      channels: [],
    });
  const [a, b, foreign, third] = [add("a", "A"), add("b", "A"), add("f", "F"), add("t", "T")];
  const hidden = add("h", "A", false);
  await world.start(a);
  const { life } = a;
  assert.ok(life);
  const { report, sentences } = createViolations();
  return { world, a, b, foreign, third, hidden, life, sentences, checker: make(world, report) };
}

export function viewOf(member: SimulatedMember, changes: Partial<MemberView> = {}): MemberView {
  return {
    pkiId: member.issued.identity.pkiId,
    mspId: member.mspId,
    endpoint: member.externalEndpoint,
    internalEndpoint: null,
    metadata: new Uint8Array(0),
    tags: {},
    status: "alive",
    incarnation: 5n,
    sequence: 5n,
    lastSeen: new Date(0),
    since: new Date(0),
    identityExpires: null,
    self: false,
    ...changes,
  };
}

export const HEADER = { id: 1, time: new Date(0) };
export const EMPTY: Snapshot = {
  members: [],
  identities: [],
  connections: [],
  channels: [],
  counts: {
    dropped: {},
    handshakesFailed: {},
    events: createEventCounter().counts,
    topics: createCounters().topics,
    overflows: 0,
    signatures: 0,
    reloadProblems: 0,
    identitiesOffered: 0,
    traffic: NO_TRAFFIC,
    meters: undefined,
  },
};

export function tell(
  stage: Stage,
  type: "member-joined" | "member-updated" | "member-returned",
  member: MemberView,
  atMs = 0,
) {
  stage.checker.watcher?.event?.(stage.life, { ...HEADER, type, member }, atMs);
}

export function die(stage: Stage, member: MemberView, atMs = 0, reason: DeathReason = "silent") {
  const event = { ...HEADER, type: "member-dead", member, reason } as const;
  stage.checker.watcher?.event?.(stage.life, event, atMs);
}

export function send(
  { checker }: Stage,
  from: SimulatedMember,
  to: SimulatedMember,
  bytes: Uint8Array,
  atMs = 0,
) {
  checker.watcher?.delivered?.(from, to, bytes, atMs, atMs);
}

export function aliveOf(
  author: SimulatedMember,
  options: { secret?: boolean; sequence?: bigint } = {},
): Uint8Array {
  const { sequence = 1n, secret = false } = options;
  const payload = encodeMessage({
    tag: TAG.empty,
    content: {
      type: "alive",
      value: {
        membership: {
          endpoint: author.externalEndpoint,
          pkiId: fromHex(author.issued.identity.pkiId),
        },
        timestamp: { incNum: 5n, seqNum: sequence },
      },
    },
  });
  const hint = encode(SECRET, { internalEndpoint: author.internalEndpoint });
  const secretEnvelope = { payload: hint, signature: author.issued.sign(hint, 2) };
  return encodeEnvelope({
    payload,
    signature: author.issued.sign(payload, 1),
    ...(secret ? { secret: secretEnvelope } : {}),
  }).bytes;
}

export function responseOf(
  alive: readonly Uint8Array[],
  dead: readonly Uint8Array[] = [],
): Uint8Array {
  return list(0n, alive, dead);
}

export function hostile(habit: Habit): SimulatedFault {
  return { type: "hostile", fromMs: 0, untilMs: 9e9, member: 3, habit };
}

export function crash(member: number, fromMs: number): SimulatedFault {
  const untilMs = fromMs + 1_000;
  return { type: "crash", fromMs, untilMs, member, isPowerCut: false, remembersIncarnation: true };
}
