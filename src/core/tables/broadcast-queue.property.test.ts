/**
 * The emitter against a list and a count (spec B 4.1): what is added leaves within the latency, or at
 * once when a burst is complete, as often as the iterations say, in the order in which it was added.
 * Of our own: one message under each key, holders are left out, nothing is sent to all of them twice.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { createWorld } from "../testing.ts";
import { EPOCH_MS, seededRandom, testIdentity } from "../testing-identities.ts";
import { aliveOf } from "../testing-messages.ts";
import type { Now, PkiId } from "../types/host.ts";
import type { Member } from "../types/member.ts";
import { DEFAULT_FANOUT, DEFAULT_TIMING, type Fanout } from "../types/options.ts";
import type { Audience } from "./broadcast-queue.ts";
import {
  type Broadcast,
  burstWaitMs,
  createBroadcastQueue,
  enqueue,
  flush,
  noteHolder,
} from "./broadcast-queue.ts";

/** Real members: two of our organisation, two of another, one of each unknown outside. */
function makeMembers(): readonly Member[] {
  const world = createWorld(1);
  const node = world.add("n", { trusts: ["A", "B"] });
  for (const [mspId, name, endpoint] of [
    ["A", "a1", "a1:1"],
    ["A", "a2", ""],
    ["B", "b1", "b1:1"],
    ["B", "b3", "b3:1"],
  ] as const) {
    const identity = testIdentity(mspId, name);
    world.meet(node, identity);
    const bytes = aliveOf(identity, { endpoint, identity: true });
    world.give(node, { type: "message", from: identity.pkiId, bytes });
  }
  const [a1, a2, b1, b3] = node.core.members.table.values();
  assert.ok(a1 && a2 && b1 && b3);
  // Nobody would learn of this one from abroad; should it happen, nothing may go there.
  const b2 = { ...b1, pkiId: testIdentity("B", "b2").pkiId, endpoint: "" };
  return [a1, a2, b1, b2, b3];
}

const MEMBERS = makeMembers();

interface Waiting {
  readonly key: string;
  readonly version: number;
  readonly isExternal: boolean;
  readonly holders: Set<PkiId>;
  timesLeft: number;
}

type Action =
  | {
      readonly type: "emit";
      readonly key: number;
      readonly isExternal: boolean;
      readonly holder: number;
    }
  | { readonly type: "holds"; readonly key: number; readonly who: number }
  | { readonly type: "pass"; readonly ms: number };

/** Both at once: the emitter, and the list of what it should do. */
class QueuePair {
  readonly #queue = createBroadcastQueue();
  readonly #random = seededRandom(9);
  readonly #fanout: Fanout;
  readonly #count: number;
  #list: Waiting[] = [];
  #nowMs = 0;
  #version = 0;
  /** By when the next burst must leave. */
  #deadlineMs = Number.POSITIVE_INFINITY;

  constructor(fanout: Fanout, count: number) {
    this.#fanout = fanout;
    this.#count = count;
  }

  act(action: Action): void {
    switch (action.type) {
      case "emit":
        this.#emit(action.key, action.isExternal, pkiIdOf(action.holder));
        break;
      case "holds": {
        const [key, who] = [`key ${action.key}`, pkiIdOf(action.who)];
        noteHolder(this.#queue, key, who);
        this.#list.find((one) => one.key === key)?.holders.add(who);
        break;
      }
      case "pass":
        this.#pass(action.ms);
    }
    assert.equal(this.#queue.flushAtMs === Number.POSITIVE_INFINITY, this.#list.length === 0);
    if (this.#list.length > 0) assert.ok(this.#queue.flushAtMs <= this.#deadlineMs, "too late");
  }

  #emit(number: number, isExternal: boolean, holder: PkiId): void {
    const [key, version] = [`key ${number}`, ++this.#version];
    const broadcast: Broadcast = {
      key,
      reach: { type: "about", party: { mspId: "A", isExternal } },
      bytes: Uint8Array.of(version, 1),
      withoutSecret: () => Uint8Array.of(version, 0),
      replacesOlder: true,
      holders: [holder],
    };
    enqueue(this.#tables, broadcast, burstWaitMs(this.#tables.options));
    const { iterations, burstSize } = this.#fanout;
    if (iterations === 0) return;
    const one = { key, version, isExternal, holders: new Set([holder]), timesLeft: iterations };
    const place = this.#list.findIndex((other) => other.key === key);
    if (place >= 0) this.#list[place] = one;
    else this.#list.push(one);
    this.#deadlineMs = Math.min(this.#deadlineMs, this.#nowMs + LATENCY_MS);
    if (this.#list.length < burstSize) return;
    assert.equal(this.#queue.flushAtMs, this.#nowMs, "a complete burst waits");
    this.#flush();
  }

  #pass(ms: number): void {
    const endMs = this.#nowMs + ms;
    while (this.#queue.flushAtMs <= endMs) {
      assert.ok(this.#queue.flushAtMs >= this.#nowMs);
      this.#nowMs = this.#queue.flushAtMs;
      this.#flush();
    }
    this.#nowMs = endMs;
  }

  get #tables() {
    const options = {
      fanout: this.#fanout,
      random: this.#random,
      self: SELF,
      timing: { ...DEFAULT_TIMING, burstLatencyMs: LATENCY_MS },
    };
    return { broadcastQueue: this.#queue, options, now: this.#now };
  }

  #flush(): void {
    const audience: Audience = { members: MEMBERS, count: this.#count };
    const choose = () => audience;
    const effects = flush(this.#tables, choose);
    const sent = new Map<PkiId, string[]>();
    for (const effect of effects) {
      assert.ok(effect.type === "send" && !sent.has(effect.to), "two sends to one");
      sent.set(
        effect.to,
        effect.messages.map(({ bytes }) => bytes.join()),
      );
    }
    assert.deepEqual(Object.fromEntries(sent), this.#expected());
    const isToAll = this.#count === Number.POSITIVE_INFINITY;
    for (const one of this.#list) one.timesLeft -= isToAll ? one.timesLeft : 1;
    this.#list = this.#list.filter(({ timesLeft }) => timesLeft > 0);
    this.#deadlineMs =
      this.#list.length === 0 ? Number.POSITIVE_INFINITY : this.#nowMs + LATENCY_MS;
  }

  /** Each message to the first so many who lack it and may have it; news of A, with secret in A. */
  #expected(): Record<string, string[]> {
    const sent: Record<string, string[]> = {};
    for (const { version, isExternal, holders } of this.#list) {
      const lacking = MEMBERS.filter(
        ({ pkiId, mspId, endpoint }) =>
          !holders.has(pkiId) && (mspId === "A" || (isExternal && endpoint !== "")),
      );
      for (const { pkiId, mspId } of lacking.slice(0, this.#count)) {
        const list = sent[pkiId] ?? [];
        sent[pkiId] = [...list, `${version},${mspId === "A" ? 1 : 0}`];
      }
    }
    return sent;
  }

  get #now(): Now {
    return { elapsedMs: this.#nowMs, wallMs: EPOCH_MS + this.#nowMs };
  }
}

const SELF = testIdentity("A", "self");
const LATENCY_MS = 10;

function pkiIdOf(who: number): PkiId {
  const member = MEMBERS[who];
  assert.ok(member);
  return member.pkiId;
}

const who = fc.nat(4);
const key = fc.nat(5);
const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ type: fc.constant("emit"), key, isExternal: fc.boolean(), holder: who }),
  fc.record({ type: fc.constant("holds"), key, who }),
  fc.record({ type: fc.constant("pass"), ms: fc.nat(15) }),
);

describe("the emitter does what a list and a count say", () => {
  test("bursts, iterations, order, holders, secrets", () => {
    const fanouts = fc.record({ iterations: fc.nat(3), burstSize: fc.integer({ min: 1, max: 5 }) });
    const counts = fc.constantFrom(1, 3, Number.POSITIVE_INFINITY);
    const actions = fc.array(action, { maxLength: 40, size: "max" });
    fc.assert(
      fc.property(fanouts, counts, actions, (fanout, count, all) => {
        const pair = new QueuePair({ ...DEFAULT_FANOUT, ...fanout }, count);
        for (const one of all) pair.act(one);
        pair.act({ type: "pass", ms: 100 });
      }),
      { numRuns: 500 },
    );
  });
});
