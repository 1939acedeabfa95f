/** Queries among many members in virtual time, with losses. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { talkingNetwork as network, type TalkWorld, type TestTalker } from "./testing.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Answers its first query, when it has one. */
function answerOnce(world: TalkWorld, member: TestTalker, answered: Set<TestTalker>): void {
  const [query] = member.queries;
  if (query === undefined || answered.has(member)) return;
  answered.add(member);
  const payload = bytes(member.participant.endpoint);
  world.give(member, { type: "answer", query: query.id, payload, failure: "" });
}

describe("a query", () => {
  test("ends as soon as all have answered", () => {
    const { world, members, first } = network(20);
    world.ask(first, "q", 60_000);
    world.run(100);
    for (const member of members) {
      const [query] = member.queries;
      assert.ok(query, member.participant.endpoint);
      const payload = bytes(member.participant.endpoint);
      world.give(member, { type: "answer", query: query.id, payload, failure: "" });
    }
    world.run(10);
    assert.deepEqual([first.answers.length, first.ended], [20, 1]);
    assert.equal(first.messaging.queries.bySequence.size, 0);
  });

  test("is answered by everybody, once, though it and the answers are lost", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1 }), fc.integer({ min: 0, max: 25 }), (seed, loss) => {
        const { world, members, first } = network(12, { seed, loss: loss / 100 });
        world.ask(first, "q", 120_000);
        const answered = new Set<TestTalker>();
        while (first.ended === 0) {
          assert.ok(world.nowMs < 119_000, `${first.answers.length} answers`);
          for (const member of members) answerOnce(world, member, answered);
          world.run(100);
        }
        assert.deepEqual([first.answers.length, first.ended], [12, 1]);
        for (const { queries } of members) assert.equal(queries.length, 1);
      }),
      { numRuns: 30 },
    );
  });

  test("gets its answer again only for its author, and only while it runs", () => {
    const { world, first, second, third } = network(6);
    world.ask(first, "q", 3_000);
    world.run(100);
    const [query] = second.queries;
    assert.ok(query);
    const kept = first.messaging.kept.numbers.keys().next().value;
    assert.ok(kept);
    const repeated = (from: TestTalker): number => {
      const before = world.sent.messages;
      world.receive(second, from.identity.pkiId, kept.bytes);
      return world.sent.messages - before;
    };
    assert.equal(repeated(first), 0, "not answered yet");
    world.give(second, { type: "answer", query: query.id, payload: bytes("a"), failure: "" });
    assert.equal(repeated(first), 1);
    assert.equal(repeated(third), 0);
    world.run(3_000);
    assert.equal(repeated(first), 0);
    assert.equal(second.messaging.queries.givenBytes, 0);
  });

  test("that many leave unanswered asks a few of them at a time, ever more rarely", () => {
    const { world, first } = network(200);
    world.ask(first, "q", 60_000);
    world.run(499);
    const before = world.sent.messages;
    world.run(2);
    const asked = world.sent.messages - before;
    assert.ok(asked >= 49 && asked < 100, `${asked} messages`);
    world.run(60_000);
    assert.equal(first.ended, 1);
  });

  test("asks all of 500 again within seconds whose answers were lost, and gets them", () => {
    const { world, members, first } = network(500);
    world.ask(first, "q", 5_000);
    world.run(100);
    world.loss = 1;
    for (const member of members) answerOnce(world, member, new Set());
    world.run(10);
    world.loss = 0;
    assert.equal(first.answers.length, 1, "its own");
    world.run(3_000);
    assert.deepEqual([first.answers.length, first.ended], [500, 1]);
  });

  test("that is cancelled takes no answers", () => {
    const { world, first, second } = network(6);
    const token = world.ask(first, "q", 60_000);
    world.run(100);
    world.give(first, { type: "cancel-query", token });
    const [query] = second.queries;
    assert.ok(query);
    world.give(second, { type: "answer", query: query.id, payload: bytes("late"), failure: "" });
    world.run(100);
    assert.deepEqual([first.answers.length, first.ended], [0, 0]);
  });
});
