import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { EMPTY_BYTES, fromHex } from "./bytes.ts";
import { encodeEnvelope } from "./envelope.ts";
import { messageToJson, toJson } from "./json.ts";
import {
  type Content,
  PVT_DATA_DIGEST,
  SERIALIZED_IDENTITY,
  STATE_INFO_PULL_REQUEST,
} from "./messages.ts";

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
    assert.deepEqual(toJson(PVT_DATA_DIGEST, value), {
      tx_id: "t",
      namespace: "n",
      collection: "c",
      block_seq: "18446744073709551615",
      seq_in_block: "1",
    });
  });

  test("and otherwise where Fabric does otherwise", () => {
    const channelMac = fromHex("00");
    assert.deepEqual(toJson(STATE_INFO_PULL_REQUEST, { channelMac }), { channel_MAC: "AA==" });
    const identity = { mspid: "Org1MSP", idBytes: EMPTY_BYTES };
    assert.deepEqual(toJson(SERIALIZED_IDENTITY, identity), { mspid: "Org1MSP" });
  });
});
