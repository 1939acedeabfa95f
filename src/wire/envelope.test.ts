import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { EMPTY_BYTES, fromHex, toHex } from "./bytes.ts";
import { encode } from "./encode.ts";
import {
  type Envelope,
  encodeEnvelope,
  encodeMessage,
  encodeUnsigned,
  internalEndpointOf,
  isTagLegal,
  parseEnvelope,
  parseMessage,
  withoutSecret,
} from "./envelope.ts";
import { messageToJson } from "./json.ts";
import { haveSameSecret, ownedEnvelope } from "./kept-envelope.ts";
import { ENVELOPE, type GossipMessage, SECRET, SECRET_ENVELOPE, TAG } from "./messages.ts";
import { readEnvelopeVectors } from "./testing.ts";
import { reject } from "./verdict.ts";

const vectors = readEnvelopeVectors();

function envelopeOf(bytes: Uint8Array): Envelope {
  const verdict = parseEnvelope(bytes);
  assert.ok(verdict.ok);
  return verdict.value;
}

function messageOf(envelope: Envelope): GossipMessage {
  const verdict = parseMessage(envelope.payload);
  assert.ok(verdict.ok);
  return verdict.value;
}

function vectorNamed(name: string): Envelope {
  const vector = vectors.find((candidate) => candidate.name === name);
  assert.ok(vector);
  return envelopeOf(vector.bytes);
}

/** What a relay may put around the parts of an envelope; nothing of it is signed. */
const ADDITIONS: Readonly<Record<string, (bytes: Uint8Array) => Uint8Array>> = {
  "unknown fields behind them": (bytes) => joined(bytes, fromHex("7a03616263")),
  "unknown fields before them": (bytes) => joined(fromHex("f80101"), bytes),
  "the secret's number in another wire type": (bytes) => joined(bytes, fromHex("1800")),
  "the payload's number in another wire type": (bytes) => joined(fromHex("0d00000000"), bytes),
  "a group": (bytes) => joined(bytes, fromHex("2b082a2c")),
  "the payload twice": (bytes) => joined(fromHex("0a0161"), bytes),
  "a length written longer than need be": longLength,
};

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** The same envelope, the length of its first field in one byte more. */
function longLength(bytes: Uint8Array): Uint8Array {
  const last = bytes.findIndex((byte, i) => i > 0 && byte < 0x80);
  const [head, end] = [bytes.slice(0, last + 1), bytes.slice(last + 1)];
  head[last] = (head[last] ?? 0) | 0x80;
  return joined(head, Uint8Array.of(0), end);
}

/** The fields of the envelope, each encoded by itself, in every order; those of the secret as well. */
function shuffles({ payload, signature, secret }: Envelope): Uint8Array[] {
  const [a, b] = [encode(ENVELOPE, { payload }), encode(ENVELOPE, { signature })];
  if (secret === undefined) return [joined(a, b), joined(b, a)];
  const inner = encode(SECRET_ENVELOPE, secret);
  const first = encode(SECRET_ENVELOPE, { payload: secret.payload });
  const turned = joined(inner.subarray(first.length), first);
  const [c, d] = [inner, turned].map((body) => joined(Uint8Array.of(0x1a, body.length), body));
  assert.ok(c !== undefined && d !== undefined && inner.length < 128);
  const orders = [c, d].map((e) => [
    [a, b, e],
    [a, e, b],
    [b, a, e],
    [b, e, a],
    [e, a, b],
    [e, b, a],
  ]);
  return orders.flat().map((parts) => joined(...parts));
}

describe("what Fabric recorded", () => {
  for (const vector of vectors) {
    test(`${vector.name}: is read as Fabric reads it`, () => {
      const envelope = envelopeOf(vector.bytes);
      assert.deepEqual(messageToJson(messageOf(envelope)), vector.message);
      assert.equal(internalEndpointOf(envelope.secret), vector.internalEndpoint);
    });

    test(`${vector.name}: is written as Fabric writes it`, () => {
      const envelope = envelopeOf(vector.bytes);
      const { signature, secret } = envelope;
      const payload = encodeMessage(messageOf(envelope));
      const written = encodeEnvelope({ payload, signature, secret });
      assert.equal(toHex(written.bytes), toHex(vector.bytes));
    });

    test(`${vector.name}: has the tag verdict of Fabric`, () => {
      const message = messageOf(envelopeOf(vector.bytes));
      assert.equal(isTagLegal(message), vector.tagError === "");
    });
  }
});

describe("parseEnvelope()", () => {
  test("takes no bytes for an empty, unsigned envelope, as protobuf does", () => {
    const { payload, signature, secret } = envelopeOf(EMPTY_BYTES);
    assert.deepEqual([payload, signature, secret], [EMPTY_BYTES, EMPTY_BYTES, undefined]);
  });

  test("tells an empty secret from none", () => {
    const { secret } = envelopeOf(fromHex("1a00"));
    assert.deepEqual(secret, { payload: EMPTY_BYTES, signature: EMPTY_BYTES });
  });

  for (const [what, change] of Object.entries(ADDITIONS)) {
    test(`keeps payload, signature and secret, and not ${what}`, () => {
      for (const { bytes } of vectors) {
        const plain = envelopeOf(bytes);
        const changed = change(plain.bytes);
        assert.notDeepEqual(changed, plain.bytes);
        assert.deepEqual(envelopeOf(changed), plain);
      }
    });
  }

  test("puts the parts into one order, so that equal messages are equal bytes", () => {
    for (const { bytes } of vectors) {
      const plain = envelopeOf(bytes);
      for (const shuffled of shuffles(plain)) {
        assert.deepEqual(envelopeOf(shuffled), plain, toHex(shuffled));
      }
    }
  });

  test("does not look into the payload", () => {
    const { payload } = envelopeOf(fromHex("0a01ff"));
    assert.deepEqual(parseMessage(payload), reject("malformed"));
  });
});

test("parseMessage() takes an empty payload for a message without content", () => {
  const message = messageOf(envelopeOf(EMPTY_BYTES));
  assert.deepEqual(message, { nonce: 0n, channel: EMPTY_BYTES, tag: 0, content: undefined });
});

test("encodeUnsigned() writes a payload and nothing else", () => {
  const { payload, signature, secret } = envelopeOf(encodeUnsigned({ tag: TAG.empty }));
  assert.deepEqual([toHex(payload), signature, secret], ["1801", EMPTY_BYTES, undefined]);
});

describe("withoutSecret()", () => {
  const secretive = vectorNamed("alive-with-secret");

  test("keeps payload and signature and drops the secret, also from the bytes", () => {
    const open = withoutSecret(secretive);
    const { payload, signature, secret } = envelopeOf(open.bytes);
    assert.deepEqual([payload, signature], [secretive.payload, secretive.signature]);
    assert.deepEqual([secret, open.secret], [undefined, undefined]);
  });

  test("leaves an envelope without secret as it is", () => {
    const plain = vectorNamed("alive");
    assert.equal(withoutSecret(plain), plain);
  });
});

/** Some parts are views made when they are asked for. */
function partsOf({ bytes, payload, signature, secret }: Envelope): Envelope {
  return { bytes, payload, signature, secret };
}

test("ownedEnvelope() keeps parts that are empty", () => {
  const bare = encodeEnvelope({
    payload: EMPTY_BYTES,
    secret: { payload: EMPTY_BYTES, signature: EMPTY_BYTES },
  });
  const chunk = new Uint8Array(bare.bytes.length + 7);
  chunk.set(bare.bytes, 7);
  const read = parseEnvelope(chunk.subarray(7));
  assert.ok(read.ok);
  assert.deepEqual(partsOf(ownedEnvelope(read.value)), partsOf(bare));
});

test("ownedEnvelope() equals the original and pins no other memory", () => {
  const { bytes } = vectorNamed("alive-with-secret");
  const chunk = new Uint8Array(bytes.length + 100);
  chunk.set(bytes, 50);
  const read = parseEnvelope(chunk.subarray(50, 50 + bytes.length));
  assert.ok(read.ok);
  const original = read.value;
  const owned = ownedEnvelope(original);
  assert.deepEqual(partsOf(owned), partsOf(original));
  assert.equal(ownedEnvelope(owned), owned);
  const parts = [owned.payload, owned.signature, owned.secret?.payload, owned.secret?.signature];
  for (const part of parts) assert.equal(part?.buffer, owned.bytes.buffer);
  assert.equal(owned.bytes.buffer.byteLength, original.bytes.length);
  assert.notEqual(owned.bytes.buffer, original.bytes.buffer);
});

describe("haveSameSecret()", () => {
  const of = (secret?: string, payload = "p") =>
    encodeEnvelope({
      payload: Buffer.from(payload),
      signature: Buffer.from("signature"),
      secret:
        secret === undefined
          ? undefined
          : { payload: Buffer.from(secret), signature: Buffer.from("s") },
    });
  const kept = (envelope: Envelope) => {
    const chunk = new Uint8Array(envelope.bytes.length + 1);
    chunk.set(envelope.bytes, 1);
    return ownedEnvelope(envelopeOf(chunk.subarray(1)));
  };
  for (const form of [envelopeOf, kept] as const) {
    const read = (envelope: Envelope) =>
      form === kept ? kept(envelope) : envelopeOf(envelope.bytes);
    test(`compares secrets, not what is signed beside them (${form.name})`, () => {
      assert.equal(haveSameSecret(of("a:1"), read(of("a:1", "another"))), true);
      assert.equal(haveSameSecret(read(of("a:1")), of("a:2")), false);
      assert.equal(haveSameSecret(read(of("a:1")), of("a:10")), false);
      assert.equal(haveSameSecret(of("a:1"), read(of())), false);
      assert.equal(haveSameSecret(read(of()), of()), false, "there is none");
    });
  }
});

describe("internalEndpointOf()", () => {
  const cases = [
    { name: "reads it", payload: encode(SECRET, { internalEndpoint: "a:1" }), want: "a:1" },
    { name: "no payload", payload: EMPTY_BYTES, want: undefined },
    { name: "no protobuf", payload: fromHex("ff"), want: undefined },
    { name: "no UTF-8", payload: fromHex("0a01ff"), want: undefined },
    { name: "another content", payload: fromHex("120161"), want: undefined },
  ];
  for (const { name, payload, want } of cases) {
    test(name, () => {
      assert.equal(internalEndpointOf({ payload, signature: EMPTY_BYTES }), want);
    });
  }
});
