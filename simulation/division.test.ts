/** However many threads simulate a network, it is the same run. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SeedPool } from "./many/pool.ts";
import type { SimulationOptions } from "./options.ts";
import { makePlan } from "./scenarios.ts";
import type { RunSummary } from "./summary.ts";
import { isDivisible } from "./traits.ts";

const CALM: SimulationOptions = {
  scenario: "calm",
  seed: 7,
  nodes: 301,
  orgs: 1,
  minutes: 0.05,
  strategy: "neighbours",
};

/** Without what it cost. */
async function runOn(threads: number, options: SimulationOptions): Promise<Partial<RunSummary>> {
  const pool = new SeedPool(1, threads);
  try {
    const { summary } = await pool.run({ options, page: "never", reportsProgress: false });
    const { cpuSeconds, peakRssMb, wallSeconds, ...rest } = summary;
    assert.ok(cpuSeconds > 0 && peakRssMb > 0 && wallSeconds > 0);
    return rest;
  } finally {
    pool.close();
  }
}

describe("a large network without faults", () => {
  test("is simulated alike by one thread and by two", async () => {
    const alone = await runOn(1, CALM);
    assert.equal(alone.converged, true);
    assert.deepEqual(alone.violations, []);
    assert.deepEqual(await runOn(2, CALM), alone);
  });

  test("by three, if its organisations know each other by few contacts", async () => {
    const consortium = { ...CALM, scenario: "consortium", orgs: 16, nodes: 304 } as const;
    assert.deepEqual(await runOn(3, consortium), await runOn(1, consortium));
  });
});

test("a network with faults, channels or messages, or a small one, is left to one thread", () => {
  const isFor = (options: Partial<SimulationOptions>): boolean =>
    isDivisible(makePlan({ ...CALM, ...options }));
  assert.equal(isFor({}), true);
  assert.equal(isFor({ nodes: 300 }), false);
  for (const scenario of ["churn", "loss", "channels", "messages", "hostile"] as const)
    assert.equal(isFor({ scenario, minutes: 2, orgs: undefined }), false, scenario);
});
