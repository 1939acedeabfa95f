/** What a member does not take from its peers, and what it forgets. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { PkiId } from "../core/types/host.ts";
import { encodeMemberEnvelope } from "../wire/member-messages.ts";
import { createHeard, isHeard, noteHeard } from "./tables/heard.ts";
import {
  createQueries,
  findAnswer,
  keepAnswer,
  openQuery,
  takeUnanswered,
} from "./tables/queries.ts";
import { EPOCH_MS, forge, type TestTalker, talkingNetwork } from "./testing.ts";

const A = "a" as PkiId;
const INCARNATION = BigInt(EPOCH_MS) * 1_000_000n;

function dropsOf({ drops }: TestTalker): Record<string, number> {
  return Object.fromEntries(drops);
}

function text(bytes: Uint8Array | undefined): string {
  return new TextDecoder().decode(bytes ?? new Uint8Array(0));
}

describe("an event or query", () => {
  const MALFORMED = {
    "number 0": { sequence: 0n },
    "no topic": { topic: "" },
    "a payload of 16 KiB and a byte": { payload: new Uint8Array(16_385) },
    "a query that ends at once": { timeoutMs: 0n },
    "a query that waits for more than five minutes": { timeoutMs: 300_001n },
    "a query that waits for ever": { timeoutMs: 2n ** 64n - 1n },
    "a filter of more than 64 KiB": {
      organisations: Array.from({ length: 32 }, (_, i) => (i === 0 ? "A" : `${i}`.repeat(120))),
      tags: Object.fromEntries(
        Array.from({ length: 64 }, (_, i) => [`${i}`.padEnd(512, "k"), "v".repeat(512)]),
      ),
      payload: new Uint8Array(16_384),
    },
  };
  for (const [what, forged] of Object.entries(MALFORMED)) {
    test(`is refused: ${what}`, () => {
      const { world, second, third } = talkingNetwork(9);
      world.receive(third, second.identity.pkiId, forge(second, forged));
      assert.deepEqual(dropsOf(third), { "event-malformed": 1 });
      assert.deepEqual([third.heard, third.queries, third.crypto.checks], [[], [], 0]);
      assert.equal(third.messaging.kept.numbers.size, 0);
    });
  }

  test("at the limits is taken", () => {
    const { world, second, third } = talkingNetwork(9);
    const payload = new Uint8Array(16_384);
    world.receive(third, second.identity.pkiId, forge(second, { payload, timeoutMs: 300_000n }));
    assert.equal(third.queries.length, 1);
  });

  test("for other organisations is neither kept nor checked", () => {
    const { world, second, third } = talkingNetwork(9);
    world.receive(third, second.identity.pkiId, forge(second, { organisations: ["B"] }));
    assert.deepEqual(dropsOf(third), { "event-not-addressed": 1 });
    assert.deepEqual([third.messaging.kept.numbers.size, third.crypto.checks], [0, 0]);
  });

  test("for other tags is passed on, and not heard", () => {
    const { world, second, third } = talkingNetwork(9);
    world.receive(third, second.identity.pkiId, forge(second, { tags: { role: "shop" } }));
    assert.deepEqual([third.heard, third.messaging.kept.numbers.size], [[], 1]);
  });

  test("of an earlier life of ours is not heard", () => {
    const { world, second, third } = talkingNetwork(9);
    world.receive(third, second.identity.pkiId, forge(third, { incarnation: 7n }));
    assert.deepEqual(dropsOf(third), { "event-stale": 1 });
    assert.deepEqual(third.heard, []);
  });

  test("does not go back to the peer that brought it", () => {
    const { world, second, third } = talkingNetwork(3);
    const pair = [second, third];
    world.isCut = (a, b) => !(pair.includes(a) && pair.includes(b));
    world.changed();
    const before = world.sent.messages;
    world.receive(third, second.identity.pkiId, forge(second));
    assert.equal(third.heard.length, 1);
    // Somebody else's, by the same peer.
    const first = [...world.talkers.values()][0];
    assert.ok(first);
    world.receive(third, second.identity.pkiId, forge(first));
    assert.equal(third.heard.length, 2);
    assert.equal(world.sent.messages, before);
  });

  test("is not changed by what happens to the bytes that brought it", () => {
    const { world, second, third } = talkingNetwork(9);
    const sent = forge(second);
    const chunk = new Uint8Array(1_000);
    chunk.set(sent);
    world.receive(third, second.identity.pkiId, chunk.subarray(0, sent.length));
    chunk.fill(0);
    const [kept] = third.messaging.kept.numbers.keys();
    assert.deepEqual(kept?.bytes, sent);
    assert.equal(text(third.heard[0]?.payload), "forged");
  });

  test("that was asked for and has come is asked for no more", () => {
    const { world, first, second, third } = talkingNetwork(9);
    const author = new Uint8Array(Buffer.from(first.identity.pkiId, "hex"));
    const held = [{ author, incarnation: 3n, ranges: [{ first: 1n, last: 2n }] }];
    const digest = encodeMemberEnvelope({ type: "digest", value: { held } });
    world.receive(third, second.identity.pkiId, digest);
    assert.equal(third.messaging.asked.size, 2);
    world.receive(third, second.identity.pkiId, forge(first, { incarnation: 3n }));
    assert.equal(third.messaging.asked.size, 1);
  });
});

describe("an answer", () => {
  test("of more than 16 KiB is refused, and the query goes on", () => {
    const { world, first, second } = talkingNetwork(6);
    world.ask(first, "q", 1_000);
    world.run(100);
    const answer = (payload: Uint8Array): void => {
      const query = { incNum: INCARNATION, seqNum: 1n };
      const value = { query, payload, failure: "" };
      const message = encodeMemberEnvelope({ type: "answer", value });
      world.receive(first, second.identity.pkiId, message);
      message.fill(0);
    };
    answer(new Uint8Array(16_385));
    assert.deepEqual(dropsOf(first), { "event-malformed": 1 });
    assert.equal(first.answers.length, 0);
    answer(new Uint8Array(16_384).fill(1));
    assert.deepEqual(first.answers[0]?.payload, new Uint8Array(16_384).fill(1));
  });

  test("to a query that nobody keeps is sent, and not kept", () => {
    const { world, first, second } = talkingNetwork(6);
    const before = world.sent.messages;
    const query = { author: first.identity.pkiId, incarnation: 1n, sequence: 1n };
    world.give(second, { type: "answer", query, payload: new Uint8Array(1), failure: "" });
    assert.equal(world.sent.messages - before, 1);
    assert.equal(second.messaging.queries.given.size, 0);
  });

  test("to somebody else's query does not go to whoever repeats the query", () => {
    const { world, first, second, third } = talkingNetwork(6);
    world.ask(first, "q", 60_000);
    world.run(100);
    const [query] = second.queries;
    assert.ok(query);
    world.give(second, {
      type: "answer",
      query: query.id,
      payload: new Uint8Array(1),
      failure: "",
    });
    const [kept] = first.messaging.kept.numbers.keys();
    assert.ok(kept);
    const before = world.sent.messages;
    world.receive(second, third.identity.pkiId, kept.bytes);
    assert.equal(world.sent.messages, before);
  });
});

describe("a query of ours", () => {
  test("is repeated only to members that may have it", () => {
    const repeated = (isMoved: boolean): number => {
      const { world, first, second } = talkingNetwork(3, { loss: 1 });
      world.ask(first, "q", 60_000, { organisations: ["A"] });
      world.run(499);
      const participant = { ...second.participant, mspId: "B" };
      if (isMoved) world.talkers.set(participant.pkiId, { ...second, participant });
      const before = world.sent.messages;
      world.run(2);
      return world.sent.messages - before;
    };
    assert.deepEqual([repeated(false), repeated(true)], [2, 1]);
  });

  test("that is cancelled before it is signed is not sent", () => {
    const { world, first } = talkingNetwork(6);
    const before = world.sent.messages;
    const token = world.ask(first, "q", 60_000);
    world.give(first, { type: "cancel-query", token });
    world.run(1_000);
    assert.equal(world.sent.messages, before);
    assert.deepEqual(first.asked, []);
  });

  test("asks all silent in turn, then pauses twice as long each time, up to 8 s", () => {
    const queries = createQueries();
    const members = Array.from({ length: 120 }, (_, i) => `${i}` as PkiId);
    openQuery(queries, { token: 1, sequence: 1n, waitsFor: new Set(members), untilMs: 1e6 }, 0);
    const query = queries.bySequence.get(1n);
    assert.ok(query);
    const times: number[] = [];
    const asked: string[] = [];
    for (let atMs = 0; atMs < 32_000; atMs += 50) {
      const now = takeUnanswered(query, atMs);
      if (now.length === 0) continue;
      times.push(atMs);
      asked.push(...now);
    }
    const rounds = [500, 2_000, 4_500, 9_000, 17_500, 26_000];
    assert.deepEqual(
      times,
      rounds.flatMap((atMs) => [atMs, atMs + 250, atMs + 500]),
    );
    assert.deepEqual(asked.slice(0, 240), [...members, ...members]);
  });

  test("keeps at most a thousand answers of ours and 4 MiB of them", () => {
    const queries = createQueries();
    for (let i = 0; i < 1_500; i++) {
      keepAnswer(queries, `${i}`, { bytes: new Uint8Array(10), untilMs: 1e6 });
    }
    assert.deepEqual([queries.given.size, queries.givenBytes], [1_000, 10_000]);
    assert.equal(findAnswer(queries, "499", 0), undefined);
    assert.equal(findAnswer(queries, "500", 0)?.length, 10);
    for (let i = 0; i < 5; i++) {
      keepAnswer(queries, `large ${i}`, { bytes: new Uint8Array(1_000_000), untilMs: 1e6 });
    }
    assert.deepEqual([queries.given.size, queries.givenBytes], [4, 4_000_000]);
  });
});

describe("what was heard", () => {
  test("counts as heard when it is older than the window", () => {
    const heard = createHeard(10);
    noteHeard(heard, A, 1n, 5_000n);
    assert.equal(isHeard(heard, A, 1n, 903n), true);
    assert.equal(isHeard(heard, A, 1n, 905n), false);
    // It has the place of 5,000 in the window, which it must not take.
    noteHeard(heard, A, 1n, 904n);
    assert.equal(isHeard(heard, A, 1n, 5_001n), false);
    // Nor that of 4,999.
    noteHeard(heard, A, 1n, 903n);
    assert.equal(isHeard(heard, A, 1n, 4_999n), false);
  });

  test("is forgotten where the window moves on", () => {
    const heard = createHeard(10);
    for (const sequence of [1n, 2n, 3n, 4_097n]) noteHeard(heard, A, 1n, sequence);
    assert.equal(isHeard(heard, A, 1n, 4_098n), false);
    noteHeard(heard, A, 1n, 4_100n);
    assert.deepEqual(
      [4_097n, 4_098n, 4_099n, 4_100n].map((sequence) => isHeard(heard, A, 1n, sequence)),
      [true, false, false, true],
    );
    noteHeard(heard, A, 1n, 20_000n);
    assert.equal(isHeard(heard, A, 1n, 4_100n + 3n * 4_096n), false);
  });

  test("is that of the three newest lives of an author", () => {
    const heard = createHeard(10);
    for (const incarnation of [3n, 1n, 4n, 2n]) noteHeard(heard, A, incarnation, 1n);
    assert.deepEqual(
      [1n, 2n, 3n, 4n, 5n].map((incarnation) => isHeard(heard, A, incarnation, 1n)),
      [true, true, true, true, false],
    );
    assert.equal(heard.lives.get(A)?.length, 3);
  });

  test("is that of the authors heard last", () => {
    const heard = createHeard(2);
    for (const author of ["a", "b", "a", "c"]) noteHeard(heard, author as PkiId, 1n, 1n);
    assert.deepEqual([...heard.lives.keys()], ["a", "c"]);
  });
});
