/** Proves that the checker of messages among members sees each violation of its rules. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Life, SimulatedMember } from "../member.ts";
import { World } from "../world.ts";
import { createViolations } from "./checker.ts";
import { MessageChecker } from "./messages.ts";

async function stage() {
  const options = { seed: 1, strategy: "neighbours", delayMs: 1, jitterMs: 0 } as const;
  const world = new World({ ...options, talks: true });
  const start = async (name: string, mspId: string, isKnown = true): Promise<Life> => {
    const member: SimulatedMember = world.add({
      ...{ name, mspId, internalEndpoint: `${name}:1`, bootstrap: [], anchorPeers: [] },
      ...{ readMs: 0, windowBytes: 65_536, duplicates: 0, signsAfresh: false, channels: [] },
      externalEndpoint: isKnown ? `${name}.example.com:1` : "",
    });
    await world.start(member);
    assert.ok(member.life);
    return member.life;
  };
  const a = await start("a", "A");
  const b = await start("b", "A");
  const foreign = await start("f", "F");
  const hidden = await start("h", "A", false);
  const { report, sentences } = createViolations();
  return { world, a, b, foreign, hidden, sentences, checker: new MessageChecker(world, report) };
}

const pkiIdOf = ({ member }: Life): string => member.issued.identity.pkiId;

test("an event is heard once, by whom it is for, of whoever has said it", async () => {
  const { a, b, foreign, hidden, checker, sentences } = await stage();
  checker.said(a, "1", undefined, 0);
  for (const life of [a, b, foreign]) checker.heard(life, pkiIdOf(a), "1", 0);
  assert.deepEqual(sentences, []);
  checker.heard(b, pkiIdOf(a), "1", 0);
  checker.heard(b, pkiIdOf(a), "2", 0);
  checker.heard(b, pkiIdOf(foreign), "1", 0);
  checker.said(a, "3", ["A"], 0);
  checker.heard(foreign, pkiIdOf(a), "3", 0);
  checker.said(hidden, "4", undefined, 0);
  checker.heard(foreign, pkiIdOf(hidden), "4", 0);
  assert.equal(sentences.length, 5, sentences.join("\n"));
});

test("a hostile member that hears somebody may pass that on to anybody", async () => {
  const { world, foreign, hidden, checker, sentences } = await stage();
  checker.said(hidden, "1", undefined, 0);
  world.add({ ...hidden.member, name: "hostile" }, undefined, true);
  checker.heard(foreign, pkiIdOf(hidden), "1", 0);
  assert.deepEqual(sentences, []);
});

test("so may one that claims to be visible outside its organisation", async () => {
  const { world, foreign, hidden, checker, sentences } = await stage();
  checker.said(foreign, "1", undefined, 0);
  checker.heard(hidden, pkiIdOf(foreign), "1", 0);
  assert.equal(sentences.length, 1);
  world.add({ ...hidden.member, name: "hostile" }, undefined, true);
  checker.said(foreign, "2", undefined, 0);
  checker.heard(hidden, pkiIdOf(foreign), "2", 0);
  assert.equal(sentences.length, 1);
});

test("what was said reaches everybody it is for, if its author is still there", async () => {
  const { world, a, b, foreign, hidden, checker, sentences } = await stage();
  checker.said(a, "1", undefined, 0);
  checker.said(a, "2", ["F"], 0);
  for (const life of [a, b, hidden]) checker.heard(life, pkiIdOf(a), "1", 0);
  await world.run(30_000);
  checker.said(a, "3", undefined, world.nowMs);
  const everybody = [a, b, foreign, hidden].map(({ member }) => member);
  checker.finish(everybody);
  assert.equal(sentences.length, 2, sentences.join("\n"));
  for (const text of ["1", "2"]) {
    assert.ok(sentences.some((sentence) => sentence.includes(`f never heard ${text} of a`)));
  }
});

test("nobody has to hear what a clock has said that is more than five minutes wrong", async () => {
  const { world, a, b, checker, sentences } = await stage();
  for (const [text, skewMs] of [
    ["1", 3_600_000],
    ["2", -3_600_000],
    ["3", 300_000],
  ] as const) {
    world.setSkew(a.member, skewMs);
    checker.said(a, text, undefined, 0);
  }
  await world.run(30_000);
  checker.finish([b.member]);
  assert.match(sentences.join(), /^[^,]*b never heard 3 of a$/);
});

test("answers are those of whoever gives them, and nobody is silent in the end", async () => {
  const { a, b, foreign, checker, sentences } = await stage();
  assert.equal(checker.answered(a, pkiIdOf(b), "1", "1 b"), "b");
  checker.asked(a, [b.member, foreign.member], new Set(["b", "f"]));
  assert.deepEqual(sentences, []);
  checker.answered(a, pkiIdOf(b), "1", "1 f");
  checker.asked(a, [b.member, foreign.member], new Set(["b"]));
  assert.equal(sentences.length, 2, sentences.join("\n"));
});
