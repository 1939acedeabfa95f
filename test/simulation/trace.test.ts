/** One seed decides everything: equal seeds give equal traces, in this process and in another. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { describe, test } from "node:test";
import { promisify } from "node:util";
import { parseSweep } from "../../simulation/options.ts";
import { simulate } from "../../simulation/simulate.ts";
import { summariseRun } from "../../simulation/summary.ts";
import { MAIN } from "../main-program.ts";

const run = promisify(execFile);
const WORDS = { scenario: "organisations", minutes: "0.7" };
const FLAGS = ["--scenario", WORDS.scenario, "--minutes", WORDS.minutes];

async function traceOf(seed: number): Promise<unknown> {
  const { options } = parseSweep(WORDS);
  const cost = { wallSeconds: 0, cpuSeconds: 0, peakRssMb: 0 };
  return JSON.parse(JSON.stringify(summariseRun(await simulate({ ...options, seed }), cost)));
}

describe("equal seeds", () => {
  test("give equal runs, to the last byte; other seeds give others", async () => {
    const [one, again, other] = [await traceOf(5), await traceOf(5), await traceOf(6)];
    assert.deepEqual(one, again);
    assert.notDeepEqual(one, other);
  });

  test("give equal runs in another process", async () => {
    const args = [MAIN, "simulate", ...FLAGS, "--seed", "5", "--json"];
    const { stdout } = await run(process.execPath, args).catch((failed) => failed);
    const line: unknown = JSON.parse(stdout);
    assert.ok(typeof line === "object" && line !== null);
    const free = { wallSeconds: 0, cpuSeconds: 0, peakRssMb: 0 };
    assert.deepEqual({ ...line, ...free }, await traceOf(5));
  });
});
