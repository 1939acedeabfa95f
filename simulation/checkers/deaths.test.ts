/** The checkers of storms, deaths and revivals: each finds what it is there for, and nothing else. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { SimulatedFault } from "../fault.ts";
import { checkDeaths } from "./deaths.ts";
import { checkRevivals } from "./revivals.ts";
import { checkStorms } from "./storms.ts";
import { crash, die, EMPTY, HEADER, hostile, type Stage, stage, tell, viewOf } from "./testing.ts";

describe("the checker of storms", () => {
  test("reports two members that connect again and again", async () => {
    const set = await stage(checkStorms);
    const { pkiId, mspId } = set.b.issued.identity;
    const event = { ...HEADER, type: "connection-opened", pkiId, mspId } as const;
    const connect = (atMs: number): void =>
      set.checker.watcher?.event?.(set.life, { ...event, outbound: true, remote: "" }, atMs);
    for (let i = 0; i < 200; i++) connect(i * 2_000);
    assert.deepEqual(set.sentences, []);
    for (let i = 0; i < 200; i++) connect(1e6 + i * 250);
    assert.match(set.sentences.join(), /120 times within a minute/);
  });
});

describe("the checker of deaths", () => {
  const cut = { type: "cut", fromMs: 0, untilMs: 5_000, isMutual: false } as const;
  const faults: readonly (readonly [string, SimulatedFault | undefined, boolean])[] = [
    ["nothing was wrong", undefined, false],
    ["the dead had crashed", crash(1, 0), true],
    ["the observer had stood still", { type: "stall", fromMs: 0, untilMs: 5_000, member: 0 }, true],
    ["somebody else had crashed", crash(2, 0), false],
    ["it had crashed long before", crash(1, -100_000), false],
    ["it crashed only afterwards", crash(1, 31_000), false],
    ["the two were cut off", { ...cut, from: [0], to: [1] }, true],
    ["others were cut off", { ...cut, from: [0], to: [2] }, false],
    ["the links broke", { type: "break", fromMs: 20_000, untilMs: 20_000, member: 1 }, false],
    ["a clock was wrong", { type: "skew", fromMs: 0, untilMs: 9, member: 1, skewMs: 5 }, false],
    ["a hostile member was about", hostile("dead"), false],
    ["few packets were lost", { type: "loss", fromMs: 0, untilMs: 9e9, probability: 0.05 }, false],
    ["many packets were lost", { type: "loss", fromMs: 0, untilMs: 9e9, probability: 0.4 }, true],
  ];
  for (const [what, fault, isExplained] of faults) {
    test(`${isExplained ? "accepts" : "reports"} a death when ${what}`, async () => {
      const all = fault === undefined ? [] : [fault];
      const set = await stage((world, report) => checkDeaths(world, report, all, 5));
      die(set, viewOf(set.b, { status: "dead" }), 30_000);
      assert.equal(set.sentences.length, isExplained ? 0 : 1);
    });
  }
});

describe("the checker of deaths that last", () => {
  async function shown(
    fault: SimulatedFault | undefined,
    atMs: number,
  ): Promise<readonly string[]> {
    const all = fault === undefined ? [] : [fault];
    const set = await stage((world, report) => checkDeaths(world, report, all, 5));
    await set.world.start(set.b);
    const members = [viewOf(set.b, { status: "dead" })];
    set.checker.snapshot?.(set.life, { ...EMPTY, members }, atMs);
    return set.sentences;
  }

  test("reports a member that lives and stays dead, hostile members or not", async () => {
    assert.match((await shown(undefined, 66_000)).join(), /goes on calling b/);
    assert.equal((await shown(hostile("dead"), 66_000)).length, 1);
    assert.equal((await shown(crash(1, 0), 67_000)).length, 1);
  });

  test("gives time to find it again", async () => {
    assert.deepEqual(await shown(undefined, 64_000), []);
    assert.deepEqual(await shown(crash(1, 5_000), 66_000), []);
    assert.deepEqual(await shown(hostile("dead"), 64_000), []);
  });
});

describe("the checker of revivals", () => {
  async function stageOf(...faults: readonly SimulatedFault[]): Promise<Stage> {
    const set = await stage((world, report) => checkRevivals(world, report, faults));
    await set.world.start(set.b);
    set.checker.watcher?.ended?.(set.b, 5_000);
    die(set, viewOf(set.b), 5_100, "unreachable");
    return set;
  }
  const look = (set: Stage, atMs: number): void =>
    set.checker.snapshot?.(set.life, { ...EMPTY, members: [viewOf(set.b)] }, atMs);

  test("reports whoever is shown alive again and has not come back", async () => {
    for (const fault of [undefined, hostile("dead"), hostile("alive")]) {
      const set = await stageOf(...(fault ? [fault] : []));
      tell(set, "member-returned", viewOf(set.b), 7_000);
      look(set, 9_900);
      assert.deepEqual(set.sentences, []);
      look(set, 10_100);
      assert.match(set.sentences.join(), /shows b .* alive/);
    }
  });

  test("reports it when it is called dead again only then", async () => {
    const set = await stageOf();
    tell(set, "member-returned", viewOf(set.b), 7_000);
    die(set, viewOf(set.b), 32_000);
    assert.equal(set.sentences.length, 1);
  });

  test("is content when it was asked again, has come back, or could be heard of late", async () => {
    const asked = await stageOf();
    tell(asked, "member-returned", viewOf(asked.b), 7_000);
    die(asked, viewOf(asked.b), 7_500, "unreachable");
    look(asked, 20_000);
    const back = await stageOf();
    assert.ok(back.b.life);
    back.checker.watcher?.began?.(back.b.life);
    tell(back, "member-returned", viewOf(back.b), 7_000);
    look(back, 20_000);
    const late = await stageOf(hostile("gossip"));
    tell(late, "member-returned", viewOf(late.b), 7_000);
    look(late, 20_000);
    assert.deepEqual([asked.sentences, back.sentences, late.sentences], [[], [], []]);
  });
});
