import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import fc from "fast-check";
import { EMPTY_BYTES } from "../../wire/bytes.ts";
import type { Content, GossipMessage, PeerTime } from "../../wire/messages.ts";
import { isNewer, relate } from "./message-order.ts";

/** Protobuf JSON of the few messages that can be compared. */
interface JsonTime {
  readonly inc_num?: string;
  readonly seq_num?: string;
}
interface JsonMessage {
  readonly alive_msg?: {
    readonly membership?: { readonly pki_id?: string };
    readonly timestamp?: JsonTime;
  };
  readonly state_info?: { readonly pki_id?: string; readonly timestamp?: JsonTime };
  readonly leadership_msg?: { readonly pki_id?: string; readonly timestamp?: JsonTime };
  readonly peer_identity?: { readonly pki_id?: string };
  readonly data_msg?: { readonly payload?: { readonly seq_num?: string } };
}

const { vectors } = JSON.parse(
  readFileSync(new URL("../../../test/vectors/comparator.json", import.meta.url), "utf8"),
) as {
  vectors: { name: string; this: JsonMessage; that: JsonMessage; result: string }[];
};

/** Fabric's word for each relation. */
const FABRIC_WORD = { supersedes: "invalidates", rejected: "invalidated", unrelated: "no-action" };

describe("relate() gives the verdict of Fabric's comparator", () => {
  for (const { name, this: message, that: stored, result } of vectors) {
    test(name, () => {
      assert.equal(FABRIC_WORD[relate(toMessage(message), toMessage(stored), 5)], result);
    });
  }

  test("every kind of message of the vectors was understood", () => {
    assert.equal(vectors.length, 19);
    for (const { this: message } of vectors) assert.notEqual(toMessage(message).content, undefined);
  });
});

describe("isNewer()", () => {
  const time = fc.record({ incNum: fc.bigInt(0n, 3n), seqNum: fc.bigInt(0n, 3n) });

  test("is a strict total order", () => {
    fc.assert(
      fc.property(time, time, time, (a, b, c) => {
        const isSame = a.incNum === b.incNum && a.seqNum === b.seqNum;
        assert.equal(Number(isNewer(a, b)) + Number(isNewer(b, a)), isSame ? 0 : 1);
        if (isNewer(a, b) && isNewer(b, c)) assert.ok(isNewer(a, c));
      }),
    );
  });

  test("tells numbers above 2^53 apart", () => {
    const base = 2n ** 60n;
    assert.ok(isNewer({ incNum: base + 1n, seqNum: 0n }, { incNum: base, seqNum: 9n }));
  });
});

function toMessage(json: JsonMessage): GossipMessage {
  return { nonce: 0n, channel: EMPTY_BYTES, tag: 0, content: toContent(json) };
}

function toContent(json: JsonMessage): Content | undefined {
  const { alive_msg, state_info, leadership_msg, peer_identity, data_msg } = json;
  if (alive_msg) {
    const membership = {
      endpoint: "",
      metadata: EMPTY_BYTES,
      pkiId: bytesOf(alive_msg.membership?.pki_id),
    };
    const timestamp = toTime(alive_msg.timestamp);
    return { type: "alive", value: { membership, timestamp, identity: EMPTY_BYTES } };
  }
  if (state_info) {
    const { pki_id, timestamp } = state_info;
    const value = {
      pkiId: bytesOf(pki_id),
      timestamp: toTime(timestamp),
      channelMac: EMPTY_BYTES,
      properties: undefined,
    };
    return { type: "state-info", value };
  }
  if (leadership_msg) {
    const { pki_id, timestamp } = leadership_msg;
    const value = { pkiId: bytesOf(pki_id), timestamp: toTime(timestamp), isDeclaration: true };
    return { type: "leadership", value };
  }
  if (peer_identity) {
    const value = {
      pkiId: bytesOf(peer_identity.pki_id),
      cert: EMPTY_BYTES,
      metadata: EMPTY_BYTES,
    };
    return { type: "peer-identity", value };
  }
  if (data_msg) {
    const seqNum = BigInt(data_msg.payload?.seq_num ?? 0);
    return { type: "data", value: { payload: { seqNum, data: EMPTY_BYTES, privateData: [] } } };
  }
  return undefined;
}

function toTime(time: JsonTime | undefined): PeerTime {
  return { incNum: BigInt(time?.inc_num ?? 0), seqNum: BigInt(time?.seq_num ?? 0) };
}

function bytesOf(base64 = ""): Uint8Array {
  return new Uint8Array(Buffer.from(base64, "base64"));
}
