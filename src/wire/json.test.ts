import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { IDENTIFIER_HEADER, TIMESTAMP } from "./block-messages.ts";
import { EMPTY_BYTES, fromHex } from "./bytes.ts";
import { CONFIG_GROUP } from "./config-messages.ts";
import { decode } from "./decode.ts";
import { encode } from "./encode.ts";
import { encodeEnvelope } from "./envelope.ts";
import { messageToJson, protobufToJson } from "./json.ts";
import {
  type Content,
  PVT_DATA_DIGEST,
  SERIALIZED_IDENTITY,
  STATE_INFO_PULL_REQUEST,
} from "./messages.ts";
import { SIGNATURE_POLICY } from "./policy-messages.ts";

/** The recorded messages of Fabric are compared in `envelope.test.ts`. */
describe("messageToJson()", () => {
  const json = (content: Content, tag = 0): unknown =>
    messageToJson({ nonce: 0n, channel: EMPTY_BYTES, tag, content });

  test("a message of defaults is an empty object", () => {
    const message = { nonce: 0n, channel: EMPTY_BYTES, tag: 0, content: undefined };
    assert.deepEqual(messageToJson(message), {});
  });

  test("a tag without a name is a number", () => {
    assert.deepEqual(json({ type: "empty", value: {} }, 77), { tag: 77, empty: {} });
  });

  test("a nested envelope is an object, or base64 if it is none", () => {
    const payload = fromHex("0801");
    const secret = { payload, signature: EMPTY_BYTES };
    const { bytes } = encodeEnvelope({ payload, secret });
    const value = { nonce: 0n, data: [bytes, fromHex("ff"), EMPTY_BYTES], msgType: 2 };
    assert.deepEqual(json({ type: "update", value }), {
      data_update: {
        data: [{ payload: "CAE=", secret_envelope: { payload: "CAE=" } }, "/w==", {}],
        msg_type: "IDENTITY_MSG",
      },
    });
  });
});

describe("toJson() names fields as Fabric does", () => {
  test("in snake case", () => {
    const value = {
      txId: "t",
      namespace: "n",
      collection: "c",
      blockSeq: 2n ** 64n - 1n,
      seqInBlock: 1n,
    };
    assert.deepEqual(protobufToJson(PVT_DATA_DIGEST, value), {
      tx_id: "t",
      namespace: "n",
      collection: "c",
      block_seq: "18446744073709551615",
      seq_in_block: "1",
    });
  });

  test("and otherwise where Fabric does otherwise", () => {
    const channelMac = fromHex("00");
    assert.deepEqual(protobufToJson(STATE_INFO_PULL_REQUEST, { channelMac }), {
      channel_MAC: "AA==",
    });
    const identity = { mspid: "Org1MSP", idBytes: EMPTY_BYTES };
    assert.deepEqual(protobufToJson(SERIALIZED_IDENTITY, identity), { mspid: "Org1MSP" });
  });
});

describe("toJson() of maps and oneofs", () => {
  test("a map is an object, whatever its keys", () => {
    const empty = decode(CONFIG_GROUP, EMPTY_BYTES);
    assert.ok(empty.ok);
    const groups = [
      { key: "Application", value: encode(CONFIG_GROUP, { modPolicy: "Admins" }) },
      { key: "__proto__", value: EMPTY_BYTES },
    ];
    assert.equal(
      JSON.stringify(protobufToJson(CONFIG_GROUP, { ...empty.value, groups })),
      '{"groups":{"Application":{"mod_policy":"Admins"},"__proto__":{}}}',
    );
  });

  test("the first of the identities signs: a case is there although its value is a default", () => {
    const bytes = fromHex("0800");
    const rule = decode(SIGNATURE_POLICY, bytes);
    assert.ok(rule.ok);
    assert.deepEqual(protobufToJson(SIGNATURE_POLICY, rule.value), { signed_by: 0 });
    assert.deepEqual(encode(SIGNATURE_POLICY, rule.value), bytes);
    const none = decode(SIGNATURE_POLICY, EMPTY_BYTES);
    assert.ok(none.ok);
    assert.deepEqual(protobufToJson(SIGNATURE_POLICY, none.value), {});
  });
});

describe("numbers of 32 and 64 bits with signs", () => {
  for (const seconds of [-1n, -(2n ** 63n), 2n ** 63n - 1n]) {
    test(`${seconds} seconds`, () => {
      const time = { seconds, nanos: -1 };
      assert.deepEqual(decode(TIMESTAMP, encode(TIMESTAMP, time)), { ok: true, value: time });
      assert.deepEqual(protobufToJson(TIMESTAMP, time), { seconds: `${seconds}`, nanos: -1 });
    });
  }

  test("of a number too long for its field the lower half counts, as in Go", () => {
    const consenter = decode(IDENTIFIER_HEADER, fromHex("08ffffffffffffffffff01"));
    assert.ok(consenter.ok);
    assert.equal(consenter.value.identifier, 0xffff_ffff);
  });
});
