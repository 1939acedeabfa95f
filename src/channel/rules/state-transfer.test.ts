import assert from "node:assert/strict";
import { describe, test } from "node:test";
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
  const payload = (seqNum: bigint, text = "") => ({
    seqNum,
    data: Buffer.from(text),
    privateData: [],
  });

  test("lets go of an answer that is far larger than its blocks", () => {
    const holding = (bytes: number): number => {
      const whole = new Uint8Array(bytes);
      const payloads = [1n, 2n].map((seqNum) => ({
        ...{ seqNum, privateData: [] },
        data: whole.subarray(Number(seqNum) * 100, Number(seqNum) * 100 + 100),
      }));
      const given = readStateResponse({ payloads }, { from: 1n, to: 2n });
      return given[0]?.bytes.buffer.byteLength ?? 0;
    };
    assert.equal(holding(400), 400);
    assert.equal(holding(401), 100);
  });

  test("takes what was asked for, in order and once", () => {
    const payloads = [
      payload(5n, "five"),
      payload(3n, "three"),
      payload(3n, "other"),
      payload(6n),
      payload(2n),
      payload(2n ** 64n - 1n),
    ];
    const given = readStateResponse({ payloads }, { from: 3n, to: 5n });
    assert.deepEqual(
      given.map(({ number, bytes }) => [number, Buffer.from(bytes).toString()]),
      [
        [3n, "three"],
        [5n, "five"],
      ],
    );
  });

  test("an empty answer has no blocks", () => {
    assert.deepEqual(readStateResponse({ payloads: [] }, { from: 0n, to: 1n }), []);
  });
});
