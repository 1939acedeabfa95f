import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { BLOCK } from "../../wire/block-messages.ts";
import { encode } from "../../wire/encode.ts";
import { TAG } from "../../wire/messages.ts";
import { nextRange, readStateResponse, stateRequest } from "./state-transfer.ts";

describe("nextRange()", () => {
  const cases: readonly (readonly [
    bigint,
    bigint,
    bigint,
    readonly [bigint, bigint] | undefined,
  ])[] = [
    [0n, 100n, 50n, [0n, 10n]],
    [45n, 100n, 50n, [45n, 49n]],
    [0n, 4n, 50n, [0n, 4n]],
    [50n, 100n, 50n, undefined],
    [51n, 100n, 50n, undefined],
    [0n, 0n, 0n, undefined],
    [0n, 0n, 1n, [0n, 0n]],
    [5n, 4n, 50n, undefined],
    [2n ** 64n - 2n, 2n ** 64n - 1n, 2n ** 64n - 1n, [2n ** 64n - 2n, 2n ** 64n - 2n]],
  ];
  for (const [from, last, height, wanted] of cases) {
    test(`${from} to ${last} of a peer at height ${height}`, () => {
      const range = nextRange(from, last, height);
      assert.deepEqual(range && [range.from, range.to], wanted);
    });
  }
});

describe("stateRequest()", () => {
  test("names channel and range, with the nonce outside", () => {
    const request = stateRequest("ch1", 7n, { from: 3n, to: 5n });
    assert.deepEqual(request, {
      nonce: 7n,
      channel: new TextEncoder().encode("ch1"),
      tag: TAG.chanOrOrg,
      content: { type: "state-request", value: { startSeqNum: 3n, endSeqNum: 5n } },
    });
  });
});

describe("readStateResponse()", () => {
  const block = (number: bigint): Uint8Array => encode(BLOCK, { header: { number } });
  const payload = (seqNum: bigint, data = block(seqNum)) => ({ seqNum, data, privateData: [] });

  test("takes what was asked for, in order and once, and counts the rest", () => {
    const payloads = [
      payload(5n),
      payload(3n),
      payload(3n),
      payload(6n),
      payload(2n),
      payload(4n, block(9n)),
      payload(4n, Uint8Array.of(0x0a, 0xff)),
      payload(4n, new Uint8Array(0)),
    ];
    const { blocks, refused } = readStateResponse({ payloads }, { from: 3n, to: 5n });
    assert.deepEqual(
      blocks.map(({ header }) => header.number),
      [3n, 5n],
    );
    assert.equal(refused, 6);
  });

  test("an empty answer has no blocks", () => {
    assert.deepEqual(readStateResponse({ payloads: [] }, { from: 0n, to: 1n }), {
      blocks: [],
      refused: 0,
    });
  });
});
