import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { encodeFrame, FrameReader } from "./grpc-link.ts";
import { decodeStatusMessage, encodeStatusMessage } from "./grpc-status.ts";

function readAll(chunks: readonly Uint8Array[], firstBytesMax: number, messageBytesMax: number) {
  const reader = new FrameReader(firstBytesMax, messageBytesMax);
  const messages: Uint8Array[] = [];
  for (const chunk of chunks) {
    reader.push(chunk);
    for (let next = reader.next(); next !== undefined; next = reader.next()) {
      messages.push(Uint8Array.from(next));
    }
  }
  return { messages, fault: reader.fault };
}

function cut(bytes: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  let at = 0;
  for (const length of lengths) {
    chunks.push(bytes.subarray(at, at + length));
    at += length;
  }
  return [...chunks, bytes.subarray(at)];
}

describe("a frame reader", () => {
  test("gives back what was framed, however the bytes are cut into chunks", () => {
    const message = fc.uint8Array({ maxLength: 10_000, size: "max" });
    const lengths = fc.array(fc.nat({ max: 3_000 }), { maxLength: 30 });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 8 }), lengths, (messages, sizes) => {
        const stream = Buffer.concat(messages.map(encodeFrame));
        const { messages: read, fault } = readAll(cut(stream, sizes), 10_000, 10_000);
        assert.deepEqual(read, messages);
        assert.equal(fault, undefined);
      }),
    );
  });

  test("keeps pushed bytes that were not asked for yet", () => {
    const reader = new FrameReader(10, 10);
    for (const byte of encodeFrame(Buffer.from("abc"))) reader.push(Uint8Array.of(byte));
    assert.deepEqual(reader.next(), new Uint8Array(Buffer.from("abc")));
    assert.equal(reader.next(), undefined);
  });

  const cases: readonly [string, string, number | undefined, number][] = [
    ["the first message at its limit", "0000000003aabbcc", undefined, 1],
    ["the first message above its limit", "0000000004", 8, 0],
    ["the first message above its limit, of which nothing came", "00ffffffff", 8, 0],
    ["the second message at its own limit", "0000000000 0000000005 0102030405", undefined, 2],
    ["the second message above its limit", "0000000000 0000000006", 8, 1],
    ["a compressed message", "0100000001aa", 12, 0],
    ["a compressed message after a good one", "0000000001aa 0100000000", 12, 1],
    ["a flag that nobody defined", "0200000001aa", 12, 0],
  ];
  for (const [name, hex, status, count] of cases) {
    for (const chunked of [false, true]) {
      test(`${name}${chunked ? ", byte by byte" : ""}: ${status ?? "read"}`, () => {
        const bytes = Buffer.from(hex.replaceAll(" ", ""), "hex");
        const chunks = chunked ? cut(bytes, Array(bytes.length).fill(1)) : [bytes];
        const { messages, fault } = readAll(chunks, 3, 5);
        assert.equal(fault?.status, status);
        assert.equal(messages.length, count);
      });
    }
  }

  test("reads nothing more after a fault", () => {
    const reader = new FrameReader(3, 3);
    reader.push(Buffer.from("0100000000", "hex"));
    assert.equal(reader.next(), undefined);
    reader.push(encodeFrame(Buffer.from("a")));
    assert.equal(reader.next(), undefined);
  });

  test("takes memory anew a few times, in the smallest of chunks", () => {
    const frame = encodeFrame(Buffer.alloc(400_000));
    const reader = new FrameReader(400_000, 400_000);
    const sizes = new Set<number>();
    for (const byte of frame) {
      reader.push(Uint8Array.of(byte));
      if (reader.next() !== undefined) break;
      sizes.add(reader.heldBytes);
    }
    assert.ok(sizes.size < 12, `${[...sizes]}`);
  });
});

describe("status messages", () => {
  test("travel unchanged, but for what would spoil a log", () => {
    assert.equal(decodeStatusMessage(encodeStatusMessage("50 % é 😀")), "50 % é 😀");
    assert.equal(decodeStatusMessage("a%0Ab%1b%E2%80%A8c"), "a b  c");
    assert.equal(decodeStatusMessage("%zz"), "%zz");
    assert.equal(decodeStatusMessage("x".repeat(10_000)).length, 300);
    assert.match(decodeStatusMessage("x".repeat(301)), /^x+…$/);
  });

  test("of any text are encoded without a crash", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 400 }), (text) => {
        assert.match(encodeStatusMessage(text), /^[\x20-\x7e]*$/);
        decodeStatusMessage(text);
      }),
    );
  });
});
