import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { EMPTY_BYTES, fromHex } from "./bytes.ts";
import { decode } from "./decode.ts";
import { encode } from "./encode.ts";
import * as messages from "./messages.ts";
import { delimited, varint } from "./testing.ts";
import { accept, reject } from "./verdict.ts";

const { GOSSIP_MESSAGE, PEER_TIME, MEMBER, MEMBERSHIP_REQUEST } = messages;

describe("a field's tag", () => {
  const cases = [
    { name: "number 0", hex: "0001" },
    { name: "number above 2^29 - 1", hex: "808080801001" },
    { name: "a tag of more than 32 bits", hex: "88808080800105" },
    { name: "wire type 6", hex: "0e00" },
    { name: "wire type 7", hex: "0f00" },
    { name: "a tag cut short", hex: "88" },
  ];
  for (const { name, hex } of cases) {
    test(`${name} is malformed`, () => {
      assert.deepEqual(decode(PEER_TIME, fromHex(hex)), reject("malformed"));
    });
  }

  test("may be longer than need be", () => {
    const verdict = decode(PEER_TIME, fromHex("88808080808080800005"));
    assert.deepEqual(verdict, accept({ incNum: 5n, seqNum: 0n }));
  });
});

describe("a varint", () => {
  const cases = [
    { name: "one byte", hex: "087f", want: 127n },
    { name: "four bytes", hex: "08ffffff7f", want: 2n ** 28n - 1n },
    { name: "five bytes, both halves", hex: "08ffffffff7f", want: 2n ** 35n - 1n },
    { name: "ten bytes", hex: "08ffffffffffffffffff01", want: 2n ** 64n - 1n },
    { name: "longer than need be", hex: "0881808080808080808000", want: 1n },
  ];
  for (const { name, hex, want } of cases) {
    test(`of ${name}`, () => {
      assert.deepEqual(decode(PEER_TIME, fromHex(hex)), accept({ incNum: want, seqNum: 0n }));
    });
  }

  for (const hex of ["08", "08ff", "08ffffffffffffffffff02", "08ffffffffffffffffffff01"]) {
    test(`${hex} is malformed: cut short, or beyond 64 bits`, () => {
      assert.deepEqual(decode(PEER_TIME, fromHex(hex)), reject("malformed"));
    });
  }

  test("is true as a bool if any of its bits is", () => {
    const verdict = decode(messages.CONN_ESTABLISH, fromHex("208080808010"));
    assert.equal(verdict.ok && verdict.value.probe, true);
  });

  test("is an int32 as an enum, unknown and negative ones included", () => {
    const tags = ["1863", "18ffffffffffffffffff01", "188280808010"].map((hex) => {
      const verdict = decode(GOSSIP_MESSAGE, fromHex(hex));
      return verdict.ok && verdict.value.tag;
    });
    assert.deepEqual(tags, [99, -1, 2]);
  });
});

describe("a length", () => {
  const lengths = [varint(2), varint(2 ** 31), varint(2 ** 32), varint(2 ** 53 - 1)];
  const hostile = [
    ...lengths,
    [...fromHex("ffffffffffffffff7f")],
    [...fromHex("ffffffffffffffffff01")],
  ];
  for (const length of hostile) {
    for (const field of [1, 2, 9]) {
      test(`of ${length} beyond the end of field ${field} is malformed`, () => {
        const bytes = Uint8Array.from([field * 8 + 2, ...length, 65]);
        assert.deepEqual(decode(MEMBER, bytes), reject("malformed"));
      });
    }
  }

  const overlong = [
    { name: "of a field", inner: [0x0a, 2] },
    { name: "of a fixed field we do not know", inner: [0x1d, 0, 0] },
  ];
  for (const { name, inner } of overlong) {
    test(`${name} must not lead out of the message around it`, () => {
      const bytes = Uint8Array.from([...delimited(5, inner), 0x18, 1]);
      assert.deepEqual(decode(GOSSIP_MESSAGE, bytes), reject("malformed"));
    });
  }
});

describe("a field we do not know is passed over", () => {
  const cases = [
    { name: "varint", hex: "9801ffffffffffffffffff01" },
    { name: "eight bytes", hex: "99010102030405060708" },
    { name: "bytes", hex: "9a010401020304" },
    { name: "four bytes", hex: "9d0101020304" },
    { name: "a group", hex: "9b0108059d01010203049c01" },
    { name: "a group in a group", hex: "9b01930194019c01" },
    { name: "a known number of another wire type", hex: "0a0101" },
  ];
  for (const { name, hex } of cases) {
    test(name, () => {
      const bytes = fromHex(`0801${hex}1002`);
      assert.deepEqual(decode(PEER_TIME, bytes), accept({ incNum: 1n, seqNum: 2n }));
    });

    test(`${name}, cut short, is malformed`, () => {
      const bytes = fromHex(hex).slice(0, -1);
      assert.deepEqual(decode(PEER_TIME, bytes), reject("malformed"));
    });
  }

  for (const hex of ["9c01", "9b01a401", "9b0193019c019401"]) {
    test(`${hex}: a group without its own start and end is malformed`, () => {
      assert.deepEqual(decode(PEER_TIME, fromHex(hex)), reject("malformed"));
    });
  }

  test("an unknown content leaves the message without content", () => {
    const verdict = decode(GOSSIP_MESSAGE, Uint8Array.from([0x18, 1, ...delimited(26, [1, 2])]));
    assert.deepEqual(verdict, decode(GOSSIP_MESSAGE, Uint8Array.from([0x18, 1])));
    assert.equal(verdict.ok && verdict.value.content, undefined);
  });
});

describe("what occurs twice", () => {
  test("the last number, bytes or text wins", () => {
    const verdict = decode(MEMBER, fromHex("0a01611a01010a01621a0102"));
    assert.deepEqual(
      verdict,
      accept({ endpoint: "b", metadata: EMPTY_BYTES, pkiId: Uint8Array.of(2) }),
    );
  });

  test("a sub-message is merged", () => {
    const verdict = decode(messages.ALIVE_MESSAGE, fromHex("1202080112021002"));
    assert.deepEqual(verdict.ok && verdict.value.timestamp, { incNum: 1n, seqNum: 2n });
  });

  test("a content is merged with its like, lists joined", () => {
    const bytes = Uint8Array.from(
      ["a", "b"].flatMap((id) => delimited(10, delimited(2, Buffer.from(id)))),
    );
    const verdict = decode(GOSSIP_MESSAGE, bytes);
    const digests = [Uint8Array.of(97), Uint8Array.of(98)];
    assert.deepEqual(verdict.ok && verdict.value.content, {
      type: "digest",
      value: { nonce: 0n, digests, msgType: 0 },
    });
  });

  test("a content is replaced by another one", () => {
    const verdict = decode(GOSSIP_MESSAGE, fromHex("520208014a021802"));
    assert.deepEqual(verdict.ok && verdict.value.content, {
      type: "hello",
      value: { nonce: 0n, metadata: EMPTY_BYTES, msgType: 2 },
    });
  });

  test("an embedded message is the joined bytes, which decode as their merger", () => {
    const verdict = decode(MEMBERSHIP_REQUEST, fromHex("0a030a01610a03120162"));
    assert.deepEqual(verdict.ok && verdict.value.selfInformation, fromHex("0a0161120162"));
  });
});

describe("text", () => {
  const texts = ["peer0.org1.example.com:7051", "ünï", "\u0000", "\ufeffmark", "𝄞"];
  for (const endpoint of texts) {
    test(`${JSON.stringify(endpoint)} is kept as it is`, () => {
      const verdict = decode(MEMBER, encode(MEMBER, { endpoint }));
      assert.equal(verdict.ok && verdict.value.endpoint, endpoint);
    });
  }

  for (const hex of ["80", "ff", "c3", "c080", "eda080", "f4908080", "61c3"]) {
    test(`${hex} is no UTF-8: the whole message is malformed`, () => {
      const bytes = Uint8Array.from([...delimited(3, [1]), ...delimited(1, fromHex(hex))]);
      assert.deepEqual(decode(MEMBER, bytes), reject("malformed"));
    });
  }
});
