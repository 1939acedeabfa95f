/** Events and queries among many members in virtual time, and what hostile ones cannot do. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { encodeMemberEnvelope, type MemberContentInit } from "../wire/member-messages.ts";
import { pkiIdBytes } from "../wire/received.ts";
import { nameOf } from "./tables/kept.ts";
import {
  EPOCH_MS,
  forge,
  talkingNetwork as network,
  TalkWorld,
  type TestTalker,
} from "./testing.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (payload: Uint8Array): string => new TextDecoder().decode(payload);
const texts = ({ heard }: TestTalker): string[] => heard.map(({ payload }) => text(payload));
const sorted = (talker: TestTalker): string[] => texts(talker).toSorted();

function dropsOf({ drops }: TestTalker, code: string): number {
  return drops.get(code) ?? 0;
}

describe("events among many", () => {
  test("reach everybody once, and cost each member one signature check", () => {
    const { world, members, first } = network(60);
    for (let i = 0; i < 5; i++) world.say(first, "t", bytes(String(i)));
    world.run(2_000);
    for (const member of members) assert.deepEqual(sorted(member), ["0", "1", "2", "3", "4"]);
    for (const { crypto } of members.slice(1)) assert.equal(crypto.checks, 5);
    assert.ok(world.sent.messages < 60 * 5 * 5, `${world.sent.messages} messages`);
  });

  test("reach everybody once whatever is lost, cut off and healed", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1 }), fc.integer({ min: 0, max: 60 }), (seed, loss) => {
        const { world, members, first, second } = network(9, { seed, jitterMs: 20 });
        world.loss = loss / 100;
        const half = new Set(members.filter((_, i) => i % 2 === 0));
        world.isCut = (a, b) => half.has(a) !== half.has(b);
        world.changed();
        for (let i = 0; i < 10; i++) {
          world.say(i % 2 === 0 ? first : second, "t", bytes(String(i)));
          world.run(300);
        }
        world.isCut = () => false;
        world.changed();
        world.run(10_000);
        world.loss = 0;
        world.run(12_000);
        const all = Array.from({ length: 10 }, (_, i) => String(i));
        for (const member of members) assert.deepEqual(sorted(member), all);
      }),
      { numRuns: 10 },
    );
  });

  test("are not lost and not heard twice while one member after the other is restarted", () => {
    const { world, members, first } = network(7, { jitterMs: 5 });
    const talkers = [...members];
    let said = 0;
    for (let i = 1; i < talkers.length; i++) {
      const old = talkers[i];
      assert.ok(old);
      world.stop(old);
      for (let n = 0; n < 10; n++) {
        world.say(first, "t", bytes(String(said++)));
        world.run(50);
      }
      talkers[i] = world.add(`m${i}`, { mspId: old.participant.mspId });
      world.run(2_000);
    }
    world.run(20_000);
    const all = Array.from({ length: said }, (_, i) => String(i)).toSorted();
    for (const talker of talkers) assert.deepEqual(sorted(talker), all);
  });

  test("for organisations are carried by their members only, also if the author is in none of them", () => {
    const { world, members, first, second } = network(30);
    world.say(first, "t", bytes("for A"), { organisations: ["A"] });
    world.say(second, "t", bytes("for A too"), { organisations: ["A", "C"] });
    world.run(10_000);
    for (const member of members) {
      const isA = member.participant.mspId === "A";
      assert.deepEqual(sorted(member), isA ? ["for A", "for A too"] : []);
      if (member !== first && !isA) assert.equal(member.messaging.kept.numbers.size, 0);
    }
  });

  test("of a member without external endpoint stay in its organisation, those of others do not reach it", () => {
    const world = new TalkWorld();
    const inner = world.add("inner", { isExternal: false });
    const home = [world.add("h1"), world.add("h2"), world.add("h3")];
    const abroad = [world.add("o1", { mspId: "B" }), world.add("o2", { mspId: "B" })];
    world.say(inner, "t", bytes("inside"));
    assert.ok(abroad[0] && home[0]);
    world.say(abroad[0], "t", bytes("outside"));
    world.say(home[0], "t", bytes("both"));
    world.run(20_000);
    assert.deepEqual(sorted(inner), ["both", "inside"]);
    for (const member of home) assert.deepEqual(sorted(member), ["both", "inside", "outside"]);
    for (const member of abroad) {
      assert.deepEqual(sorted(member), ["both", "outside"]);
      assert.equal(dropsOf(member, "event-author-unknown"), 0);
    }
  });

  test("a member does not tell the others that nothing is kept", () => {
    const { world, first } = network(5);
    world.say(first, "t", bytes("x"));
    world.run(310_000);
    const { messages } = world.sent;
    world.run(600_000);
    assert.equal(world.sent.messages, messages);
  });
});

describe("a hostile member", () => {
  test("cannot speak for others", () => {
    const { world, first, second, third } = network(9);
    const wrong = [
      forge(second, { author: pkiIdBytes(first.identity.pkiId) }),
      forge(second, { author: new Uint8Array(32) }),
      forge(second, { author: new Uint8Array(31) }),
      forge(second, { author: new Uint8Array(0) }),
    ];
    for (const message of wrong) world.receive(third, second.identity.pkiId, message);
    const said = forge(first, { incarnation: 7n });
    const changed = said.slice();
    const last = changed.length - 1;
    changed[last] = (changed[last] ?? 0) ^ 1;
    world.receive(third, second.identity.pkiId, changed);
    world.run(20_000);
    assert.deepEqual(texts(third), []);
    assert.equal(dropsOf(third, "event-signature-invalid"), 2);
    assert.equal(dropsOf(third, "event-author-unknown"), 1);
    assert.equal(dropsOf(third, "event-malformed"), 2);
    world.receive(third, second.identity.pkiId, said);
    assert.deepEqual(texts(third), ["forged"]);
  });

  test("cannot have wrong signatures checked without end", () => {
    const { world, first, second, third } = network(9);
    const author = pkiIdBytes(first.identity.pkiId);
    for (let sequence = 1n; sequence <= 2_000n; sequence++) {
      world.receive(third, second.identity.pkiId, forge(second, { author, sequence }));
    }
    assert.ok(third.crypto.checks <= 200, `${third.crypto.checks} checks`);
  });

  test("cannot repeat what was said: not at once, not late, not after a restart of the author", () => {
    const { world, first, second, third } = network(9);
    const said = forge(first, { incarnation: 5n, sequence: 3n });
    const repeat = (): void => world.receive(third, second.identity.pkiId, said);
    for (let i = 0; i < 5; i++) repeat();
    for (const incarnation of [6n, 7n, 8n, 9n]) {
      world.receive(third, second.identity.pkiId, forge(first, { incarnation }));
      repeat();
    }
    world.run(301_000);
    repeat();
    world.run(400_000);
    repeat();
    assert.equal(third.heard.filter(({ id }) => id.incarnation === 5n).length, 1);
  });

  test("cannot have something old or of the future heard", () => {
    const { world, first, second, third } = network(9);
    for (const [sequence, ageMs] of [-301_000, 601_000, 10 ** 15].entries()) {
      const sentAt = BigInt(Math.max(0, EPOCH_MS - ageMs));
      const message = forge(first, { sentAt, sequence: BigInt(sequence + 1) });
      world.receive(third, second.identity.pkiId, message);
    }
    world.receive(
      third,
      second.identity.pkiId,
      forge(first, { sentAt: 2n ** 64n - 1n, sequence: 9n }),
    );
    assert.deepEqual([texts(third), dropsOf(third, "event-expired")], [[], 4]);
  });

  test("of whose clock is an hour off nothing is heard, and it is told of itself alone", () => {
    const { world, first, second, third } = network(9);
    for (const [sequence, ageMs] of [-3_600_000, 3_600_000].entries()) {
      const sentAt = BigInt(EPOCH_MS - ageMs);
      const message = forge(first, { sentAt, sequence: BigInt(sequence + 1) });
      world.receive(second, first.identity.pkiId, message);
      world.receive(third, second.identity.pkiId, message);
    }
    assert.deepEqual([dropsOf(second, "clock-differs"), dropsOf(second, "event-expired")], [2, 0]);
    assert.deepEqual([dropsOf(third, "clock-differs"), dropsOf(third, "event-expired")], [0, 2]);
  });

  test("that floods is heard within its bound, and does not crowd out the others", () => {
    const { world, first, second, third } = network(9);
    world.say(first, "t", bytes("honest"));
    world.run(1_000);
    for (let sequence = 1n; sequence <= 2_000n; sequence++) {
      world.receive(third, second.identity.pkiId, forge(second, { sequence }));
    }
    world.run(1_000);
    assert.ok(third.heard.length <= 1_002, `${third.heard.length} events`);
    assert.ok(dropsOf(third, "event-budget") >= 990);
    const { kept } = third.messaging;
    assert.ok((kept.byAuthor.get(second.identity.pkiId)?.size ?? 0) <= 1_024);
    assert.equal(kept.byAuthor.get(first.identity.pkiId)?.size, 1);
  });

  test("cannot have more kept than there is room for", () => {
    const limits = {
      keptMax: 50,
      keptBytesMax: 200_000,
      keptPerAuthorMax: 20,
      perAuthorPerSecond: 10_000,
    };
    const { world, members, third } = network(9, { limits });
    for (const member of members) {
      if (member === third) continue;
      for (let sequence = 1n; sequence <= 40n; sequence++) {
        const payload = new Uint8Array(Number(sequence) * 100);
        world.receive(third, member.identity.pkiId, forge(member, { sequence, payload }));
      }
    }
    const { kept } = third.messaging;
    assert.ok(kept.numbers.size <= 50 && kept.bytes <= 200_000);
    let [count, size] = [0, 0];
    for (const [author, same] of kept.byAuthor) {
      assert.ok(same.size > 0 && same.size <= 20);
      for (const [name, one] of same) {
        assert.deepEqual([one.author, name], [author, nameOf(one.incarnation, one.sequence)]);
        count += 1;
        size += one.bytes.length;
      }
    }
    assert.deepEqual([count, size], [kept.numbers.size, kept.bytes]);
  });

  test("gets little by asking for much, and what is not for it not at all", () => {
    const { world, first, second, third } = network(9);
    for (let i = 0; i < 300; i++) world.say(first, "t", bytes(String(i)), { organisations: ["A"] });
    world.run(1_000);
    const inA = second.participant.mspId === "A" ? second : third;
    const outside = first;
    const everything = (author: TestTalker): Uint8Array =>
      encodeMemberEnvelope({
        type: "request",
        value: {
          wanted: Array.from({ length: 3 }, () => ({
            author: pkiIdBytes(author.identity.pkiId),
            incarnation: BigInt(EPOCH_MS) * 1_000_000n,
            ranges: [{ first: 0n, last: 2n ** 64n - 1n }],
          })),
        },
      });
    const before = world.sent.messages;
    world.receive(inA, outside.identity.pkiId, everything(outside));
    world.run(0);
    const toOutside = world.sent.messages - before;
    assert.ok(toOutside <= 1, `${toOutside} messages`);
    for (let i = 0; i < 200; i++) world.receive(inA, outside.identity.pkiId, everything(outside));
    assert.ok(dropsOf(inA, "request-budget") > 180);
  });

  test("cannot make us ask without end by digests of what there is not", () => {
    const { world, first, second, third } = network(9);
    const digest: MemberContentInit = {
      type: "digest",
      value: {
        held: [
          {
            author: pkiIdBytes(first.identity.pkiId),
            incarnation: 3n,
            ranges: [
              { first: 1n, last: 2n ** 64n - 1n },
              { first: 5n, last: 1n },
            ],
          },
          { author: new Uint8Array(5), incarnation: 0n, ranges: [] },
        ],
      },
    };
    const before = world.sent.messages;
    for (let i = 0; i < 5_000; i++) {
      world.receive(third, second.identity.pkiId, encodeMemberEnvelope(digest));
    }
    assert.ok(world.sent.messages - before <= 600, `${world.sent.messages - before} requests`);
    assert.ok(third.messaging.asked.size <= 20_000);
    assert.ok(dropsOf(third, "request-budget") > 4_000);
  });

  test("of another kind, or unknown, is not listened to", () => {
    const { world, first, third } = network(9);
    const { pkiId } = first.identity;
    world.stop(first);
    world.receive(third, pkiId, forge(first));
    assert.equal(dropsOf(third, "event-foreign"), 1);
    assert.deepEqual(texts(third), []);
  });

  test("cannot answer somebody else's query, nor twice, nor too late", () => {
    const { world, members, first, second, third } = network(6);
    world.ask(first, "q", 1_000, { organisations: ["A"] });
    world.run(100);
    const [query] = second.queries;
    assert.ok(query);
    assert.deepEqual(first.asked.length, members.filter((m) => m.participant.mspId === "A").length);
    const answer = (
      talker: TestTalker,
      sequence = query.id.sequence,
      incarnation = query.id.incarnation,
    ) => {
      const value = {
        query: { incNum: incarnation, seqNum: sequence },
        payload: bytes("a"),
        failure: "",
      };
      world.receive(first, talker.identity.pkiId, encodeMemberEnvelope({ type: "answer", value }));
    };
    answer(second);
    answer(second);
    answer(third, 99n);
    answer(third, query.id.sequence, 1n);
    const outside = members[3];
    assert.ok(outside && outside.participant.mspId === "B");
    answer(outside);
    assert.equal(first.answers.length, 1);
    assert.equal(dropsOf(first, "answer-unexpected"), 4);
    world.run(2_000);
    assert.equal(first.ended, 1);
    answer(third);
    assert.equal(first.answers.length, 1);
  });
});
