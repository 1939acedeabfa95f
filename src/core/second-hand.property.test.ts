/**
 * An adversary that holds every true message of honest members the moment it is signed, and as many
 * more as it cares to ask for, and passes them on as it likes: early, late, again, in another order,
 * without their secrets, under another heading. The bounds are those of docs/protocol.md.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { PeerTime } from "../wire/messages.ts";
import { isNewer } from "../wire/received.ts";
import { forgetMember } from "./tables/deaths.ts";
import { createWorld, type TestNode, type World } from "./testing.ts";
import { aliveOf, unsigned } from "./testing-messages.ts";
import { hostile, list, stripped } from "./testing-second-hand.ts";
import type { PkiId } from "./types/host.ts";

type As = "gossip" | "alive" | "dead" | "request";

/** What the adversary does with one of the messages that it has collected. */
interface Replay {
  readonly to: number;
  /** Which of them, counted from the newest. */
  readonly back: number;
  readonly as: As;
  readonly strip: boolean;
  /** Makes everybody sign a new one first. */
  readonly polls: boolean;
}

const replay: fc.Arbitrary<Replay> = fc.record({
  to: fc.nat(3),
  back: fc.oneof({ weight: 3, arbitrary: fc.nat(3) }, { weight: 1, arbitrary: fc.nat(60) }),
  as: fc.constantFrom("gossip", "alive", "dead", "dead", "request"),
  strip: fc.boolean(),
  polls: fc.boolean(),
});

/** What becomes of each message at once, before gossip has brought it to anybody. */
const eagerness = fc.constantFrom(undefined, undefined, "dead", "dead", "alive", "gossip");

interface Said {
  readonly author: PkiId;
  readonly time: PeerTime;
  readonly bytes: Uint8Array;
}

const STEP_MS = 10;
/** Between two things that the adversary does on its own. */
const PAUSE_MS = 250;

/** Honest members in a row of eyes, and everything true that they have signed. */
class Stage {
  readonly world: World;
  readonly nodes: readonly TestNode[];
  /** For how long somebody who lives was dead to somebody, at most; in all. */
  readonly deadMs = new Map<string, number>();
  readonly heard: Said[] = [];
  readonly #eager: As | undefined;
  /** The newest message of each member that was collected. */
  readonly #seen = new Map<TestNode, PeerTime>();

  constructor(seed: number, eager: As | undefined) {
    this.#eager = eager;
    this.world = createWorld(seed, 20);
    this.nodes = ["a", "b", "c", "d"].map((name) =>
      this.world.add(name, { bootstrap: name === "a" ? [] : ["a:7051"] }),
    );
    this.world.run(15_000);
    for (const node of this.nodes) this.world.meet(node, hostile);
  }

  /** Lets time pass; the adversary collects and is eager. */
  run(ms: number, targets: readonly TestNode[]): void {
    for (let passed = 0; passed < ms; passed += STEP_MS) {
      this.collect(targets);
      this.world.run(STEP_MS);
    }
    for (const observer of targets) {
      for (const subject of this.nodes) {
        if (!subject.isUp || statusOf(observer, subject) !== "dead") continue;
        const key = `${observer.name} sees ${subject.name} dead`;
        this.deadMs.set(key, (this.deadMs.get(key) ?? 0) + ms);
      }
    }
  }

  collect(targets: readonly TestNode[]): void {
    for (const node of this.nodes) {
      const { core, identity, sent } = node;
      sent.length = 0;
      const { alive } = core.self;
      if (alive === undefined || alive.time === this.#seen.get(node)) continue;
      this.#seen.set(node, alive.time);
      const { bytes } = alive.envelope;
      this.heard.push({ author: identity.pkiId, time: alive.time, bytes });
      if (this.#eager === undefined) continue;
      for (const target of targets) this.#pass(target, bytes, this.#eager);
    }
  }

  /**
   * Everybody is asked, and signs anew: a Fabric peer does so for each of its own requests. Whoever
   * asks is a member, and has a place on the rings where it swallows gossip.
   */
  poll(): void {
    const selfInformation = aliveOf(hostile, { endpoint: "", identity: true });
    const bytes = unsigned({ type: "membership-request", value: { selfInformation } });
    for (const node of this.nodes) {
      node.core.self.alive = undefined;
      this.world.give(node, { type: "message", from: hostile.pkiId, bytes });
    }
    this.world.run(1);
  }

  /** The adversary gives up its place on the rings. */
  leaveRings(): void {
    for (const { core } of this.nodes) {
      const timing = { ...core.options.timing, forgetAfterMs: 0 };
      forgetMember({ ...core, options: { timing } }, hostile.pkiId, "unused");
    }
  }

  replay({ to, back, as, strip, polls }: Replay, targets: readonly TestNode[]): Said | undefined {
    if (polls) this.poll();
    this.collect(targets);
    const one = this.heard.at(-1 - back);
    const target = targets[to % targets.length];
    if (one === undefined || target === undefined) return undefined;
    this.#pass(target, strip ? stripped(one.bytes) : one.bytes, as);
    return one;
  }

  #pass(target: TestNode, bytes: Uint8Array, as: As): void {
    const message = {
      gossip: () => bytes,
      alive: () => list("alive", bytes),
      dead: () => list("dead", bytes),
      request: () => unsigned({ type: "membership-request", value: { selfInformation: bytes } }),
    }[as]();
    this.world.give(target, { type: "message", from: hostile.pkiId, bytes: message });
  }
}

function statusOf(observer: TestNode, subject: TestNode): string | undefined {
  return observer.core.members.table.get(subject.identity.pkiId)?.status;
}

function deathsIn(nodes: readonly TestNode[]): readonly string[] {
  return nodes.flatMap(({ name, events }) =>
    events.filter(({ type }) => type === "member-dead").map(() => name),
  );
}

const script = fc.array(replay, { minLength: 60, maxLength: 160, size: "max" });
const RUNS = { numRuns: 8, endOnFailure: true }; // To shrink a script takes minutes.

describe("an adversary that replays, reorders, strips and relabels true messages", () => {
  test("silences nobody who lives", () => {
    fc.assert(
      fc.property(script, eagerness, fc.nat(1_000), (acts, eager, seed) => {
        const stage = new Stage(seed, eager);
        for (const { events } of stage.nodes) events.length = 0;
        for (const act of acts) {
          stage.replay(act, stage.nodes);
          stage.run(PAUSE_MS, stage.nodes);
        }
        assert.deepEqual(deathsIn(stage.nodes), []);
      }),
      RUNS,
    );
  });

  test("silences nobody for longer than 15 s who lives and is known by gossip only", () => {
    fc.assert(
      fc.property(script, eagerness, fc.nat(1_000), (acts, eager, seed) => {
        const stage = new Stage(seed, eager);
        const [, , c, d] = stage.nodes;
        assert.ok(c && d);
        stage.world.cut([c], [d]);
        for (const act of acts) {
          stage.replay(act, stage.nodes);
          // Between the adversary and somebody out of reach on both rings no gossip would arrive.
          stage.leaveRings();
          stage.run(PAUSE_MS, stage.nodes);
        }
        for (const [what, ms] of stage.deadMs) {
          assert.ok(ms <= 15_000, `${what} for ${ms} ms in all`);
        }
      }),
      RUNS,
    );
  });

  test("revives nobody who died, but by what the dead had said to nobody else", () => {
    fc.assert(
      fc.property(script, fc.nat(1_000), (acts, seed) => {
        const stage = new Stage(seed, undefined);
        const [dead, ...living] = stage.nodes;
        assert.ok(dead);
        for (const act of acts.slice(0, 40)) {
          stage.replay(act, stage.nodes);
          stage.run(PAUSE_MS, stage.nodes);
        }
        stage.world.kill(dead);
        const { pkiId } = dead.identity;
        const isKnownDead = () => living.every((node) => statusOf(node, dead) !== "alive");
        // Somebody without a connection to it takes its silence for what it is after 11 s or so.
        assert.notEqual(stage.world.runUntil(isKnownDead, 30_000), undefined);
        stage.run(5_000, living);
        const known = living.map(({ core }) => core.members.table.get(pkiId)?.knownAtDeath);
        const isUnheard = ({ author, time }: Said): boolean =>
          author === pkiId && known.every((words) => words === undefined || isNewer(time, words));
        const unheard = new Set<Said>();
        let aliveMs = 0;
        for (const act of acts.slice(40)) {
          const one = stage.replay({ ...act, polls: false }, living);
          if (one && act.as === "gossip" && isUnheard(one)) unheard.add(one);
          stage.run(PAUSE_MS, living);
          if (living.some((node) => statusOf(node, dead) === "alive")) aliveMs += PAUSE_MS;
        }
        assert.ok(aliveMs <= unheard.size * 28_000, `alive for ${aliveMs} ms`);
      }),
      RUNS,
    );
  });
});
