import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { SimulationOptions } from "../options.ts";
import { makePlan } from "../scenarios.ts";
import { simulate } from "../simulate.ts";
import { type RunSummary, summariseRun } from "../summary.ts";
import { findSmallest, kindOf } from "./find.ts";

const OPTIONS: SimulationOptions = {
  scenario: "churn",
  seed: 11,
  nodes: 8,
  orgs: undefined,
  minutes: 2,
  strategy: "neighbours",
};
const FREE = { wallSeconds: 0, cpuSeconds: 0, peakRssMb: 0 };
const sound = summariseRun(
  await simulate({ ...OPTIONS, scenario: "calm", nodes: 2, minutes: 0.05 }),
  FREE,
);

/** A run that fails when these members, this fault and this length come together. */
async function needsFew({ only }: SimulationOptions): Promise<RunSummary> {
  const { members = [1, 4], faults = [3], seconds = 120 } = only ?? {};
  const isBad = members.includes(1) && members.includes(4) && faults.includes(3) && seconds >= 31.4;
  const isOther = members.length < 3 && faults.length === 0;
  const violations = isBad
    ? [`after ${seconds} s: peer1.org1 calls peer4.org1 (0123abcd) dead`]
    : isOther
      ? ["after 3.0 s: something else"]
      : [];
  return { ...sound, violations };
}

describe("the search for the smallest run that fails", () => {
  test("leaves the members, the fault and the seconds that it takes", async () => {
    const lines: string[] = [];
    const found = await findSmallest(OPTIONS, needsFew, (line) => lines.push(line));
    const { seconds = 0, ...rest } = found?.options.only ?? {};
    assert.deepEqual(rest, { members: [1, 4], faults: [3] });
    assert.ok(seconds >= 31.4 && seconds < 31.6, String(seconds));
    assert.equal(lines.length > 3, true);
  });

  test("finds nothing where nothing fails", async () => {
    const found = await findSmallest(
      OPTIONS,
      async () => sound,
      () => {},
    );
    assert.equal(found, undefined);
  });

  test("takes violations for equal that differ in names, numbers and moments", () => {
    const one = "after 12.5 s: peer1.org1 calls peer2.org1 (01234567) dead (silent)";
    const other = "after 3.0 s: peer0.org2 calls peer9.org1 (89abcdef) dead (silent)";
    assert.equal(kindOf(one), kindOf(other));
    assert.notEqual(kindOf(one), kindOf("after 3.0 s: peer0.org2 connects with peer1.org1"));
    const unfound = (pairs: string) =>
      kindOf(
        `after 127.4 s: not everybody is found: ${pairs} pairs see each other, 0 see somebody gone`,
      );
    assert.equal(unfound("12 of 30"), unfound("0 of 20"));
    assert.notEqual(unfound("12 of 30"), unfound("0 of 0"), "nobody may know anybody");
  });
});

describe("a part of a plan", () => {
  const whole = makePlan({ ...OPTIONS, scenario: "mixed", seed: 23, nodes: 9, orgs: 3 });

  test("has nobody and nothing that was left out", () => {
    const only = { members: [8, 0, 4], faults: whole.faults.map((_, i) => i), seconds: 20 };
    const part = makePlan({ ...OPTIONS, scenario: "mixed", seed: 23, nodes: 9, orgs: 3, only });
    const kept = [0, 4, 8].map((index) => whole.seats[index]);
    assert.deepEqual(
      part.seats.map(({ name }) => name),
      kept.map((seat) => seat?.name),
    );
    assert.equal(part.firstPhaseMs, 20_000);
    const endpoints = new Set(
      kept.flatMap((seat) => [seat?.internalEndpoint, seat?.externalEndpoint]),
    );
    for (const { bootstrap, anchorPeers } of part.seats) {
      for (const contact of [...bootstrap, ...anchorPeers]) assert.ok(endpoints.has(contact));
    }
    for (const fault of part.faults) {
      const who = "member" in fault ? [fault.member] : [];
      for (const member of who) assert.ok(member < part.seats.length);
    }
  });

  test("of everything is the whole", () => {
    const only = {
      members: whole.seats.map((_, i) => i),
      faults: whole.faults.map((_, i) => i),
      seconds: whole.firstPhaseMs / 1_000,
    };
    const again = makePlan({ ...OPTIONS, scenario: "mixed", seed: 23, nodes: 9, orgs: 3, only });
    assert.deepEqual(again, whole);
  });
});
