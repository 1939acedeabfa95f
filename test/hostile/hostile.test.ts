/**
 * An authenticated hostile member, and strangers, against real ones: processes, sockets, mutual TLS. Each attack
 * lasts a moment here; `run.ts` has more of them, and runs them for as long as you like.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { until } from "../cli/program.ts";
import { Arena, type AttackOutcome } from "./arena.ts";

const SECONDS = 1;
/** On a busy machine an attack gets little done in that time: then it is tried for longer. */
const SECONDS_MAX = 16;
/** What one attack may cost the victim. */
const GROWTH_MAX_MB = 150;
const BUSY_MAX_MS = 50;
/** And all of them, one after the other: in use, and with what V8 and the allocator keep for later. */
const HELD_MAX_MB = 20;
const GROWTH_IN_ALL_MAX_MB = 500;

describe("a hostile member or stranger", () => {
  let arena: Arena | undefined;
  let rssAtFirstMb = 0;
  let heldAtFirstMb = 0;
  before(async () => {
    arena = await Arena.open({ relayed: 20, isFast: true });
    rssAtFirstMb = (await arena.run("nothing", 0.5)).victim.rssStartMb;
    heldAtFirstMb = await arena.heldMb();
  });
  after(() => arena?.close());

  /** Attacks until everybody had the time to show what is asserted. */
  async function run(attack: string, reason?: string): Promise<AttackOutcome> {
    assert.ok(arena, "the network is up");
    for (let seconds = SECONDS; ; seconds *= 2) {
      const outcome = await arena.run(attack, seconds);
      const { victim, others, visits } = outcome;
      const isHeard = [victim, ...others.slice(1)].every(({ newsMs }) => newsMs.count > 0);
      const isRefused = reason === undefined || countOf(outcome, reason) > 0;
      const isDone = isHeard && isRefused && visits.some(Number.isFinite);
      if (isDone || seconds >= SECONDS_MAX) return outcome;
    }
  }

  function assertUnharmed({ victim, others, harmed, visits }: AttackOutcome): void {
    assert.deepEqual(harmed, [], "every honest member is in every honest view, all the time");
    for (const { newsMs } of [victim, ...others.slice(1)]) {
      assert.ok(newsMs.count > 0, "heartbeats of others arrive meanwhile");
    }
    assert.ok(visits.some(Number.isFinite), "a newcomer gets in");
    const { rssStartMb, rssPeakMb } = victim;
    const growth = `from ${rssAtFirstMb} over ${rssStartMb} to ${rssPeakMb} MB`;
    assert.ok(rssPeakMb - rssStartMb < GROWTH_MAX_MB, `memory has grown ${growth}`);
    assert.ok(rssPeakMb - rssAtFirstMb < GROWTH_IN_ALL_MAX_MB, `memory has grown ${growth}`);
    // Own CPU time: on a busy machine the clock also counts what others take.
    const { busyMaxMs } = victim;
    assert.ok(busyMaxMs < BUSY_MAX_MS, `the event loop was kept for ${busyMaxMs} ms`);
  }

  /** What is tried, and a reason for which the victim must have refused something. */
  const attacks: readonly (readonly [string, string])[] = [
    ["forged news", "signature-invalid"],
    ["own news, ever newer", "news-budget"],
    ["news of unknown authors", "identity-unknown"],
    ["membership requests", "answer-budget"],
    ["lists of forged news", "signature-invalid"],
    ["much asked for, nothing read", "answer-budget"],
    ["1,000 silent TLS connections", "too-many-connections"],
    ["streams opened and reset", "too-many-streams"],
    ["HTTP/2 pings", "too-many-frames"],
    ["windows opened by a byte", "too-many-frames"],
    ["settings without end", "too-many-frames"],
  ];
  for (const [attack, reason] of attacks) {
    test(`${attack}: views, memory and event loop are unharmed`, async () => {
      const outcome = await run(attack, reason);
      assertUnharmed(outcome);
      assert.ok(countOf(outcome, reason) > 0, `something is refused as ${reason}`);
    });
  }

  const others = [
    "messages begun and never ended",
    "everybody listed as dead",
    "one address announced by any number of members",
    "1,000 connections of one certificate",
  ];
  for (const attack of others) {
    test(`${attack}: views, memory and event loop are unharmed`, async () => {
      const outcome = await run(attack);
      assertUnharmed(outcome);
      assert.equal(outcome.attacker.fault, undefined);
    });
  }

  test("nothing of all that is kept", async () => {
    assert.ok(arena, "the network is up");
    let held = Number.POSITIVE_INFINITY;
    const isFree = async (): Promise<boolean> => {
      held = (await arena?.heldMb()) ?? held;
      return held - heldAtFirstMb < HELD_MAX_MB;
    };
    // Connections end, and their last words are forgotten, within half a minute.
    await until("memory is free again", isFree, 120_000).catch(() => {
      assert.fail(`${held.toFixed(1)} MB are in use, ${heldAtFirstMb.toFixed(1)} were`);
    });
  });
});

/** How often the victim has dropped or refused something for this reason. */
function countOf({ victim: { dropped, refused } }: AttackOutcome, reason: string): number {
  const counts: Readonly<Record<string, number>> = { ...dropped, ...refused };
  return counts[reason] ?? 0;
}
