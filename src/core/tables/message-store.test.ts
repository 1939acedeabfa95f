/** The message store against the rules of spec B 5, and against a naive list. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { EMPTY_BYTES } from "../../wire/bytes.ts";
import type { GossipMessage } from "../../wire/messages.ts";
import { relate } from "../rules/message-order.ts";
import {
  addMessage,
  createMessageStore,
  expireMessages,
  isNewMessage,
  type MessageStore,
  type MessageStoreOptions,
} from "./message-store.ts";

const OPTIONS: MessageStoreOptions = {
  expireMs: 100,
  messagesMax: 1_000,
  perAuthorMax: 1_000,
  blockWindow: 3,
};

function at(elapsedMs: number): { elapsedMs: number; wallMs: number } {
  return { elapsedMs, wallMs: elapsedMs };
}

type Kind = "alive" | "state-info" | "leadership" | "peer-identity" | "data";

/** A message of this kind by author `who` in channel `where`; `when` is its time or number. */
function message(kind: Kind, who: number, when: number, where = 1): GossipMessage {
  const pkiId = new Uint8Array([who]);
  const timestamp = { incNum: 1n, seqNum: BigInt(when) };
  const channel = new Uint8Array([where]);
  const frame = { nonce: 0n, tag: 0 };
  switch (kind) {
    case "alive": {
      const membership = { endpoint: "", metadata: EMPTY_BYTES, pkiId };
      const value = { membership, timestamp, identity: EMPTY_BYTES };
      return { ...frame, channel: EMPTY_BYTES, content: { type: kind, value } };
    }
    case "state-info": {
      const value = { pkiId, timestamp, channelMac: channel, properties: undefined };
      return { ...frame, channel: EMPTY_BYTES, content: { type: kind, value } };
    }
    case "leadership": {
      const value = { pkiId, timestamp, isDeclaration: true };
      return { ...frame, channel: new Uint8Array([1]), content: { type: kind, value } };
    }
    case "peer-identity": {
      const value = { pkiId, cert: EMPTY_BYTES, metadata: EMPTY_BYTES };
      return { ...frame, channel: EMPTY_BYTES, content: { type: kind, value } };
    }
    case "data": {
      const payload = { seqNum: BigInt(when), data: EMPTY_BYTES, privateData: [] };
      return {
        ...frame,
        channel: new Uint8Array([1]),
        content: { type: kind, value: { payload } },
      };
    }
  }
}

describe("what is news", () => {
  for (const kind of ["alive", "state-info", "leadership"] as const) {
    test(`${kind}: once, and newer ones; others do not concern it`, () => {
      const store = createMessageStore(OPTIONS);
      const steps = [
        [1, 5, true],
        [1, 5, false],
        [1, 4, false],
        [1, 6, true],
        [2, 1, true],
      ] as const;
      for (const [who, when, expected] of steps) {
        assert.equal(isNewMessage(store, message(kind, who, when)), expected);
        assert.equal(addMessage(store, message(kind, who, when), at(0)), expected);
      }
      assert.equal(store.live.size, 2);
    });
  }

  test("of an identity the first one stays", () => {
    const store = createMessageStore(OPTIONS);
    const added = [1, 1, 2].map((who) =>
      addMessage(store, message("peer-identity", who, 0), at(0)),
    );
    assert.deepEqual(added, [true, false, true]);
  });

  test("blocks stand side by side within the window", () => {
    const store = createMessageStore(OPTIONS);
    const added = [5, 7, 8, 4, 5, 12, 8, 9].map((n) =>
      addMessage(store, message("data", 0, n), at(0)),
    );
    assert.deepEqual(added, [true, true, true, false, false, true, false, true]);
    assert.deepEqual(
      [...store.live.values()].map(({ block }) => block),
      [12n, 9n],
    );
  });

  test("a message that is never kept is no news", () => {
    const store = createMessageStore(OPTIONS);
    const empty: GossipMessage = {
      nonce: 0n,
      channel: EMPTY_BYTES,
      tag: 0,
      content: { type: "empty", value: {} },
    };
    assert.equal(addMessage(store, empty, at(0)), false);
  });
});

describe("expiry", () => {
  test("an expired message keeps older ones out until it is forgotten", () => {
    const store = createMessageStore(OPTIONS);
    addMessage(store, message("alive", 1, 5), at(0));
    expireMessages(store, at(100));
    assert.deepEqual([store.live.size, store.expired.size], [1, 0]);
    expireMessages(store, at(101));
    assert.deepEqual([store.live.size, store.expired.size], [0, 1]);
    assert.equal(isNewMessage(store, message("alive", 1, 5)), false);
    assert.equal(isNewMessage(store, message("alive", 1, 6)), true);
    expireMessages(store, at(201));
    assert.deepEqual([store.expired.size, store.byAuthor.size], [0, 0]);
    assert.equal(isNewMessage(store, message("alive", 1, 5)), true);
  });

  test("a newer message begins a new time", () => {
    const store = createMessageStore(OPTIONS);
    addMessage(store, message("alive", 1, 5), at(0));
    addMessage(store, message("alive", 1, 6), at(90));
    expireMessages(store, at(150));
    assert.deepEqual([store.live.size, store.expired.size], [1, 0]);
  });
});

describe("bounds", () => {
  test("beyond the maximum the oldest gives way, expired ones first", () => {
    const store = createMessageStore({ ...OPTIONS, messagesMax: 2 });
    addMessage(store, message("alive", 1, 1), at(0));
    expireMessages(store, at(101));
    addMessage(store, message("alive", 2, 1), at(101));
    addMessage(store, message("alive", 3, 1), at(102));
    assert.deepEqual([store.live.size, store.expired.size], [2, 0]);
    addMessage(store, message("alive", 4, 1), at(103));
    assert.deepEqual(
      [2, 3, 4].map((who) => isNewMessage(store, message("alive", who, 1))),
      [true, false, false],
    );
  });

  test("one author cannot have more than its share, but may renew what it has", () => {
    const store = createMessageStore({ ...OPTIONS, perAuthorMax: 2 });
    const add = (when: number, where: number): boolean =>
      addMessage(store, message("state-info", 1, when, where), at(0));
    assert.deepEqual([add(1, 1), add(1, 2), add(1, 3), add(2, 2)], [true, true, false, true]);
  });
});

/** Fabric's store, spelled out: a list that is scanned with the comparator. */
function addNaively(list: GossipMessage[], item: GossipMessage): boolean {
  for (const stored of [...list]) {
    const relation = relate(item, stored, OPTIONS.blockWindow);
    if (relation === "rejected") return false;
    if (relation === "supersedes") list.splice(list.indexOf(stored), 1);
  }
  list.push(item);
  return true;
}

test("it takes and keeps what a list scanned with the comparator takes and keeps", () => {
  const kinds = fc.constantFrom<Kind>("alive", "state-info", "leadership", "peer-identity", "data");
  const small = fc.nat(3);
  const items = fc.array(fc.tuple(kinds, small, fc.nat(12), small), { maxLength: 60 });
  fc.assert(
    fc.property(items, (steps) => {
      const store: MessageStore = createMessageStore(OPTIONS);
      const list: GossipMessage[] = [];
      for (const [kind, who, when, where] of steps) {
        const item = message(kind, who, when, where);
        const expected = addNaively(list, item);
        assert.equal(isNewMessage(store, item), expected);
        assert.equal(addMessage(store, item, at(0)), expected);
        assert.equal(store.live.size, list.length);
      }
      const known = [...store.byAuthor.values()].reduce((sum, keys) => sum + keys.size, 0);
      assert.equal(known, store.live.size);
    }),
  );
});
