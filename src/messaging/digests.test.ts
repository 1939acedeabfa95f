/** What members tell, ask and send each other so that nobody lacks a message, and its bounds. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { encodeMemberEnvelope } from "../wire/member-messages.ts";
import { pkiIdBytes } from "../wire/received.ts";
import { maySay, stepMessaging } from "./messaging.ts";
import { EPOCH_MS, forge, TalkWorld, type TestTalker, talkingNetwork } from "./testing.ts";

const INCARNATION = BigInt(EPOCH_MS) * 1_000_000n;

/** A digest by which its sender holds these numbers of an author. */
function digest(author: TestTalker, first: bigint, last: bigint, incarnation = 3n): Uint8Array {
  const held = [
    { author: pkiIdBytes(author.identity.pkiId), incarnation, ranges: [{ first, last }] },
  ];
  return encodeMemberEnvelope({ type: "digest", value: { held } });
}

function askedOf({ messaging }: TestTalker): number {
  return messaging.asked.size;
}

describe("a digest", () => {
  test("makes us ask for a hundred messages at a time", () => {
    const { world, first, second, third } = talkingNetwork(9);
    world.receive(third, second.identity.pkiId, digest(first, 1n, 300n));
    assert.equal(askedOf(third), 100);
    // The next ones, as the first are on their way.
    world.receive(third, second.identity.pkiId, digest(first, 1n, 300n));
    assert.equal(askedOf(third), 200);
  });

  test("makes us ask one peer at a time, and another one two seconds later", () => {
    const { world, members, first, second, third } = talkingNetwork(9);
    const other = members[4];
    assert.ok(other);
    world.loss = 1;
    const requests = (from: TestTalker): number => {
      const before = world.sent.messages;
      world.receive(third, from.identity.pkiId, digest(first, 1n, 5n));
      return world.sent.messages - before;
    };
    assert.deepEqual([requests(second), requests(other)], [1, 0]);
    world.run(1_999);
    assert.equal(requests(other), 0);
    world.run(1);
    assert.deepEqual([requests(other), requests(second)], [1, 0]);
  });

  test("makes us wait for no more than 20,000 messages", () => {
    const { world, members, first, second, third } = talkingNetwork(9);
    for (let incarnation = 1n; incarnation <= 201n; incarnation++) {
      const peer = incarnation % 2n === 0n ? second : members[4];
      assert.ok(peer);
      world.receive(third, peer.identity.pkiId, digest(first, 1n, 100n, incarnation));
    }
    assert.equal(askedOf(third), 20_000);
  });

  test("does not make us ask for our own messages", () => {
    const { world, second, third } = talkingNetwork(9);
    world.receive(third, second.identity.pkiId, digest(third, 1n, 5n, INCARNATION));
    assert.equal(askedOf(third), 0);
  });

  test("tells all that is kept, however many gaps there are between", () => {
    const world = new TalkWorld();
    const [author, holder] = [world.add("author"), world.add("holder")];
    world.stop(author);
    const peer = world.add("peer");
    for (let i = 1n; i <= 300n; i++) {
      world.receive(holder, peer.identity.pkiId, forge(author, { sequence: 2n * i }));
    }
    world.stop(peer);
    const late = world.add("late");
    world.run(60_000);
    assert.equal(late.heard.length, 300);
    assert.deepEqual(Object.fromEntries(late.drops), {});
  });

  test("is read to its end, though each message in it is of another author", () => {
    const { world, first, second, third } = talkingNetwork(9);
    const ranges = [{ first: 1n, last: 1n }];
    const held = Array.from({ length: 4_095 }, (_, i) => {
      const author = new Uint8Array(32).fill(7);
      new DataView(author.buffer).setUint32(0, i);
      return { author, incarnation: 1n, ranges };
    });
    const author = new Uint8Array(pkiIdBytes(first.identity.pkiId));
    held.push({ author, incarnation: 3n, ranges });
    const message = encodeMemberEnvelope({ type: "digest", value: { held } });
    world.receive(third, second.identity.pkiId, message);
    assert.equal(askedOf(third), 1);
  });
});

describe("digests of one member", () => {
  test("name what is new once, a second later, and everything every five seconds, in ranges", () => {
    const world = new TalkWorld({ loss: 1 });
    const author = world.add("author");
    world.add("other");
    const bytesWithin = (ms: number): number => {
      const before = world.sent.bytes;
      world.run(ms);
      return world.sent.bytes - before;
    };
    for (let i = 0; i < 50; i++) world.say(author, "t", new Uint8Array(0));
    world.run(0);
    const all = bytesWithin(1_000);
    assert.ok(all > 0 && all < 150, `${all} bytes`);
    assert.equal(bytesWithin(3_900), 0);
    assert.equal(bytesWithin(1_100), all);
    world.say(author, "t", new Uint8Array(0));
    world.run(0);
    assert.ok(bytesWithin(1_000) > 0);
  });

  test("are as many when members change without being other members", () => {
    const bytesOf = (isChanging: boolean): number => {
      const { world, members } = talkingNetwork(9);
      for (const member of members) world.say(member, "t", new Uint8Array(0));
      world.run(20_000);
      const before = world.sent.bytes;
      for (let i = 0; i < 200; i++) {
        if (isChanging) world.changed();
        for (const member of members) world.give(member, { type: "tick" });
        world.run(100);
      }
      return world.sent.bytes - before;
    };
    assert.equal(bytesOf(true), bytesOf(false));
  });

  test("with everything go to newcomers only, and to restarted members as such", () => {
    const world = new TalkWorld();
    const author = world.add("author");
    world.add("other");
    for (let i = 0; i < 50; i++) world.say(author, "t", new Uint8Array(0));
    world.run(5_500);
    const digestsWithin = (ms: number): number => {
      const before = world.sent.messages;
      world.run(ms);
      return world.sent.messages - before;
    };
    let late = world.add("late");
    for (let life = 1; life <= 2; life++) {
      world.loss = 1;
      world.give(author, { type: "tick" });
      assert.equal(digestsWithin(1_100), 1, `life ${life}`);
      world.loss = 0;
      world.run(5_000);
      assert.equal(late.heard.length, 50, `life ${life}`);
      world.stop(late);
      late = world.add("late");
    }
  });

  test("go to a new neighbour a second after we notice it", () => {
    const world = new TalkWorld();
    const [author] = [world.add("author"), world.add("other")];
    world.say(author, "t", new Uint8Array(0));
    world.run(1_500);
    const late = world.add("late");
    world.give(author, { type: "tick" });
    world.run(1_100);
    assert.equal(late.heard.length, 1);
  });
});

describe("an event for other organisations", () => {
  test("gets there from each of their authors, whoever has links to them", () => {
    const { world, members } = talkingNetwork(30, { loss: 0 });
    const authors = members.filter(({ participant }) => participant.mspId === "B");
    for (const author of authors) {
      world.say(author, "t", new Uint8Array(0), { organisations: ["A"] });
    }
    world.run(500);
    for (const { participant, heard } of members) {
      assert.equal(heard.length, participant.mspId === "A" ? authors.length : 0);
    }
  });

  test("gets to each of them, however small", () => {
    const world = new TalkWorld();
    const author = world.add("author", { mspId: "B" });
    const small = world.add("small");
    const large = Array.from({ length: 40 }, (_, i) => world.add(`c${i}`, { mspId: "C" }));
    world.say(author, "t", new Uint8Array(0), { organisations: ["A", "C"] });
    world.run(500);
    for (const { heard } of [small, ...large]) assert.equal(heard.length, 1);
  });
});

describe("what is sent", () => {
  test("upon one request is a hundred messages", () => {
    const { world, first, second } = talkingNetwork(3);
    world.loss = 1;
    for (let i = 0; i < 300; i++) world.say(first, "t", new Uint8Array(0));
    world.run(0);
    const ranges = [{ first: 1n, last: 300n }];
    const wanted = [{ author: pkiIdBytes(first.identity.pkiId), incarnation: INCARNATION, ranges }];
    const before = world.sent.messages;
    const request = encodeMemberEnvelope({ type: "request", value: { wanted } });
    world.receive(first, second.identity.pkiId, request);
    assert.equal(world.sent.messages - before, 100);
  });

  test("to one peer is 1 MiB a second, two of them at once; the rest is fetched", () => {
    const world = new TalkWorld();
    const [author, other] = [world.add("author"), world.add("other")];
    for (let i = 0; i < 150; i++) world.say(author, "t", new Uint8Array(16_384));
    world.run(900);
    const { bytes } = world.sent;
    assert.ok(bytes > 2_097_152 && bytes < 2_097_152 + 17_000, `${bytes} bytes`);
    world.run(20_000);
    assert.equal(other.heard.length, 150);
  });

  test("on does not go back to its author", () => {
    const { world, first, third, second } = talkingNetwork(3);
    world.receive(third, second.identity.pkiId, forge(first, { incarnation: 7n }));
    world.run(100);
    assert.equal(third.heard.length, 1);
    assert.deepEqual(first.drops.get("event-stale"), undefined);
  });
});

describe("a member whose signer is slow", () => {
  test("says no more when a thousand messages wait for their signature", () => {
    const { world, first } = talkingNetwork(3);
    const { messaging, identity } = first;
    const may = (): boolean => maySay(messaging, identity.certificate, world.now);
    const say = (token: number): void => {
      const saying = { topic: "t", payload: new Uint8Array(0), filter: {} };
      stepMessaging(messaging, { type: "broadcast", token, ...saying }, world.now);
    };
    for (let token = 0; token < 999; token++) {
      say(token);
      if (token === 500) world.nowMs += 20_000;
    }
    assert.equal(may(), true);
    say(999);
    assert.equal(may(), false);
    stepMessaging(messaging, { type: "signed", token: 0, signature: undefined }, world.now);
    assert.equal(may(), true);
  });
});

describe("an answer", () => {
  test("to an asker out of reach for a moment is given when the query is repeated", () => {
    const { world, first, second } = talkingNetwork(6);
    world.ask(first, "q", 60_000);
    world.run(100);
    const [query] = second.queries;
    assert.ok(query);
    world.isCut = (a, b) => [a, b].includes(first) && [a, b].includes(second);
    world.changed();
    const answer = { query: query.id, payload: new Uint8Array(1), failure: "" };
    world.give(second, { type: "answer", ...answer });
    world.run(1_000);
    world.isCut = () => false;
    world.changed();
    world.run(10_000);
    assert.deepEqual(
      first.answers.map(({ from }) => from),
      [second.identity.pkiId],
    );
  });
});
