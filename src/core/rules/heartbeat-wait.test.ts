/** When members speak: at moments they share, and never much later than they promise. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { seededRandom, testIdentity } from "../testing-identities.ts";
import { DEFAULT_TIMING } from "../types/options.ts";
import { anyWaitMs, momentWaitMs } from "./heartbeat-wait.ts";

const { aliveIntervalMs } = DEFAULT_TIMING;
const SPREAD_MS = aliveIntervalMs / 100;

function options(name: string, seed = 1) {
  return {
    random: seededRandom(seed),
    self: testIdentity("A", name),
    timing: DEFAULT_TIMING,
  };
}

/** The moment of the interval at which a member of so many speaks, without its random part. */
function momentMs(name: string, members: number): number {
  const wallMs = 1_000_000_000_123;
  const atMs = wallMs + momentWaitMs(options(name), members - 1, { wallMs, elapsedMs: 0 });
  const oneMs = aliveIntervalMs / 1_024;
  return Math.floor((atMs % aliveIntervalMs) / oneMs / 16) * 16 * oneMs;
}

const names = Array.from({ length: 400 }, (_, i) => `p${i}`);

describe("a shared moment", () => {
  test("is the same for all of up to 128 members, whatever their clocks began with", () => {
    const moments = names.map((name) => momentMs(name, 128));
    assert.deepEqual(new Set(moments), new Set([0]));
  });

  test("has about as many members in networks of any size", () => {
    for (const [members, moments] of [
      [129, 2],
      [256, 2],
      [257, 4],
      [1_000, 8],
    ] as const) {
      const counts = new Map<number, number>();
      for (const name of names) {
        const atMs = momentMs(name, members);
        counts.set(atMs, (counts.get(atMs) ?? 0) + 1);
      }
      assert.equal(counts.size, moments, `${members} members`);
      for (const count of counts.values()) {
        assert.ok(count > names.length / moments / 3, `${count} of ${members} members`);
      }
    }
  });

  test("stays the same for about half of a network that becomes twice as large", () => {
    const staying = names.filter((name) => momentMs(name, 128) === momentMs(name, 256));
    assert.ok(Math.abs(staying.length - names.length / 2) < names.length / 8, `${staying.length}`);
  });

  test("comes after an interval for whoever spoke at the last one, up to its spread", () => {
    for (let seed = 1; seed <= 200; seed++) {
      const spokeMs = 1_000_000_000_000 + (seed % (SPREAD_MS + 1));
      const now = { wallMs: spokeMs, elapsedMs: 7 };
      const waitMs = momentWaitMs(options("p1", seed), 40, now);
      assert.ok(Math.abs(waitMs - aliveIntervalMs) <= SPREAD_MS, `${waitMs} ms`);
    }
  });

  test("is never much further away than an interval, nor right now", () => {
    for (let seed = 1; seed <= 1_000; seed++) {
      const now = { wallMs: seed * 37 - 10_000, elapsedMs: seed };
      const waitMs = momentWaitMs(options(`p${seed}`, seed), seed, now);
      assert.ok(waitMs >= aliveIntervalMs / 20, `${waitMs} ms`);
      assert.ok(waitMs <= aliveIntervalMs * 1.05 + SPREAD_MS, `${waitMs} ms`);
    }
  });
});

test("any moment is an interval away, with a difference of a twentieth", () => {
  const random = seededRandom(3);
  const waits = names.map((name) => anyWaitMs({ ...options(name), random }));
  const [least, most] = [Math.min(...waits), Math.max(...waits)];
  assert.ok(least >= aliveIntervalMs * 0.95 && least < aliveIntervalMs * 0.96, `${least} ms`);
  assert.ok(most <= aliveIntervalMs * 1.05 && most > aliveIntervalMs * 1.04, `${most} ms`);
});
