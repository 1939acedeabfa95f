/** Networks under faults drawn from seeds: what must always hold holds, and in the end all is found. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { commandOf, type SimulationOptions } from "../../simulation/options.ts";
import { SCENARIOS, type ScenarioName } from "../../simulation/scenarios.ts";
import { type Result, simulate } from "../../simulation/simulate.ts";

const SEEDS = 200;
const GROUP = 20;

function optionsOf(
  scenario: ScenarioName,
  seed: number,
  more: Partial<SimulationOptions> = {},
): SimulationOptions {
  const nothing = { nodes: undefined, orgs: undefined, minutes: undefined };
  return { scenario, seed, strategy: "neighbours", ...nothing, ...more };
}

/** Fails with what was found and the command that finds it again. */
async function assertWell(options: SimulationOptions): Promise<Result> {
  const result = await simulate(options);
  assert.deepEqual(result.violations, [], `${commandOf(options)}\n${result.violations.join("\n")}`);
  assert.equal(result.converged, true, commandOf(options));
  return result;
}

describe("faults drawn from a seed break nothing", () => {
  for (let first = 1; first <= SEEDS; first += GROUP) {
    test(`seeds ${first} to ${first + GROUP - 1}`, async () => {
      for (let seed = first; seed < first + GROUP; seed++) {
        const strategy = seed % 4 === 0 ? "random" : "neighbours";
        await assertWell(optionsOf("mixed", seed, { strategy, minutes: 1 }));
      }
    });
  }
});

const NO_FAULTS: ReadonlySet<ScenarioName> = new Set([
  ...(["calm", "cold-start", "consortium", "many-channels"] as const),
]);

describe("every scenario ends well", () => {
  for (const scenario of SCENARIOS) {
    test(scenario, async () => {
      const { messages, plan } = await assertWell(optionsOf(scenario, 1, { minutes: 1 }));
      assert.ok(messages > 100);
      assert.ok(plan.faults.length > 0 || NO_FAULTS.has(scenario));
    });
  }
});

/** Each was found by a seed, and broke a rule then. The numbers are the seeds that find it soonest. */
describe("what was found before does not come back", () => {
  const found: readonly (readonly [string, ScenarioName, number])[] = [
    ["a revoked member dials the others without a pause", "revocation", 1],
    ["a member whose certificate has expired dials the others without a pause", "expiry", 8],
    ["another organisation's secret is passed on", "organisations", 11],
    ["a hidden member is known abroad for ever once somebody has told of it", "organisations", 3],
    ["a member once unreachable is no neighbour again, though it could be reached", "mixed", 1511],
    ["who was forgotten comes back by an older message than was known", "mixed", 5215],
  ];
  for (const [what, scenario, seed] of found) {
    test(what, async () => {
      await assertWell(optionsOf(scenario, seed));
    });
  }

  test("a height that waits is shown to whom a configuration has removed meanwhile", async () => {
    const only = { seconds: 15, members: undefined, faults: undefined };
    await assertWell(optionsOf("channels", 348, { only }));
  });

  test("who starts and ends within 8 ms is shown alive, as a list told, and so it was", async () => {
    const only = { seconds: 370.125, members: [0, 1, 2], faults: [0, 1, 2, 3, 4, 5, 6, 90] };
    const more = { nodes: 3, minutes: 180, strategy: "random", only } as const;
    await assertWell(optionsOf("silence", 2510, more));
  });

  const foundInHalfAMinute: readonly (readonly [string, ScenarioName, number])[] = [
    ["what is due while a certificate is renewed is signed with the wrong key", "mixed", 50381],
    ["who is refused and has much to say dials for every message", "mixed", 63088],
    ["events of a clock that is an hour wrong are missed, as they must be", "messages", 1443],
  ];
  for (const [what, scenario, seed] of foundInHalfAMinute) {
    test(what, async () => {
      await assertWell(optionsOf(scenario, seed, { minutes: 0.5 }));
    });
  }
});

test("a hostile member claims to be visible, and tells others of its organisation what it hears", async () => {
  await assertWell(optionsOf("messages", 34047, { minutes: 0.5, strategy: "random" }));
});

test("seed 95202: a member is not taken in whose certificate has expired by a clock that jumped", async () => {
  await assertWell(optionsOf("mixed", 95202, { minutes: 0.5, strategy: "random" }));
});

test("seed 122705: who cannot learn the configuration of a channel that has removed its organisation says so", async () => {
  await assertWell(optionsOf("channels", 122705, { minutes: 0.5 }));
});

test("a member that ends right after it was started anew is missed as soon as any other", async () => {
  const options = optionsOf("silence", 55, { nodes: 3, minutes: 30 });
  const { deathsKnown } = await assertWell(options);
  assert.ok(deathsKnown.count > 0);
  assert.ok(deathsKnown.max < 15, `known after ${deathsKnown.max} s`);
});

test("a run that is shorter than members take to start has all of them", async () => {
  for (const seed of [2, 5]) await assertWell(optionsOf("mixed", seed, { nodes: 3, minutes: 0.1 }));
});

test("a run whose faults are over before it begins ends well", async () => {
  const only = { seconds: 0, members: undefined, faults: undefined };
  await assertWell(optionsOf("churn", 1, { minutes: 0.3, only }));
});

describe("channels in which nothing is new", () => {
  test("cost no signature check, however often snapshots repeat what is known", async () => {
    const { channels, nodes } = await assertWell(optionsOf("many-channels", 2, { minutes: 0.5 }));
    assert.ok(channels?.idle && nodes === 12);
    assert.ok(channels.blocks > 10 && channels.cost.checks > 0);
    assert.ok(channels.idle.elements > 500, `${channels.idle.elements}`);
    assert.equal(channels.idle.checks, 0);
  });
});

describe("a calm network", () => {
  test("brings every heartbeat to everybody", async () => {
    const { dissemination, steady } = await assertWell(optionsOf("calm", 3, { nodes: 30 }));
    assert.equal(dissemination.coverageMin, 1);
    assert.ok(dissemination.heartbeats > 300);
    assert.ok(steady.connectionsMean > 1);
  });
});
