/** Messages of our own making on which decoders disagree easily, and what Fabric's decoder makes of them. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { fromHex } from "./bytes.ts";
import { decode, type WireFault } from "./decode.ts";
import { protobufToJson } from "./json.ts";
import { ENVELOPE, GOSSIP_MESSAGE, SECRET, SERIALIZED_IDENTITY } from "./messages.ts";
import type { Schema } from "./schema.ts";

interface Vector {
  readonly name: string;
  readonly message: "Envelope" | "GossipMessage" | "Secret" | "SerializedIdentity";
  readonly hex: string;
  /** Encoded again without unknown fields; null = refused. */
  readonly "v2.5": string | null;
  readonly "v3.1": string | null;
}

const FILE = new URL("../../test/vectors/codec.json", import.meta.url);
const { vectors }: { vectors: readonly Vector[] } = JSON.parse(readFileSync(FILE, "utf8"));

const SCHEMAS: { readonly [M in Vector["message"]]: Schema } = {
  Envelope: ENVELOPE,
  GossipMessage: GOSSIP_MESSAGE,
  Secret: SECRET,
  SerializedIdentity: SERIALIZED_IDENTITY,
};

/** Refused by us alone: our limits. docs/protocol.md lists them. */
const LIMITED: Readonly<Record<string, WireFault>> = {
  "groups within groups, 12 deep": "too-deep",
  "an endpoint longer than any we take": "too-large",
};
/** Refused by Fabric alone: what is wrong lies in an embedded message, which we read later or never. */
const LEFT_UNREAD: readonly string[] = [
  "an item of a list that is no envelope",
  "self information that is no envelope",
  "a collection configuration that is none",
  "content that is replaced, and was no message",
  "self information in two halves, neither of them an envelope",
];

describe("decode() and Fabric's decoder", () => {
  for (const { name, message, hex, "v3.1": wanted } of vectors) {
    const schema = SCHEMAS[message];
    const limit = LIMITED[name];
    const verdict = decode(schema, fromHex(hex));
    if (limit !== undefined) {
      test(`${name}: refused, though Fabric takes it`, () => {
        assert.notEqual(wanted, null);
        assert.deepEqual(verdict, { ok: false, code: limit });
      });
    } else if (wanted === null && LEFT_UNREAD.includes(name)) {
      test(`${name}: taken, though Fabric refuses the whole`, () => assert.ok(verdict.ok));
    } else if (wanted === null) {
      test(`${name}: refused`, () => {
        assert.deepEqual(verdict, { ok: false, code: "malformed" });
      });
    } else {
      test(`${name}: read as the same`, () => {
        const same = decode(schema, fromHex(wanted));
        assert.ok(verdict.ok && same.ok);
        assert.deepEqual(protobufToJson(schema, verdict.value), protobufToJson(schema, same.value));
      });
    }
  }

  test("every message named here is among the vectors", () => {
    const names = new Set(vectors.map(({ name }) => name));
    const named = [...Object.keys(LIMITED), ...LEFT_UNREAD];
    assert.deepEqual(
      named.filter((name) => !names.has(name)),
      [],
    );
  });
});
