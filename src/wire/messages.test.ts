import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { msp, gossip as official, peer } from "@hyperledger/fabric-protos";
import fc from "fast-check";
import { decode } from "./decode.ts";
import { encode } from "./encode.ts";
import * as messages from "./messages.ts";
import { caseOf, isDefault, isPlain, type PlainValue, type Schema, type Slot } from "./schema.ts";
import { arbitraryValue } from "./testing.ts";
import { accept } from "./verdict.ts";

/** What we use of a class of Fabric's official package (google-protobuf). */
type OfficialMessage = { serializeBinary(): Uint8Array };
type OfficialClass = {
  new (): OfficialMessage;
  deserializeBinary(bytes: Uint8Array): OfficialMessage;
};

const OFFICIAL = new Map<Schema, [name: string, OfficialClass]>([
  [messages.ENVELOPE, ["Envelope", official.Envelope]],
  [messages.SECRET_ENVELOPE, ["SecretEnvelope", official.SecretEnvelope]],
  [messages.SECRET, ["Secret", official.Secret]],
  [messages.SERIALIZED_IDENTITY, ["SerializedIdentity", msp.SerializedIdentity]],
  [messages.GOSSIP_MESSAGE, ["GossipMessage", official.GossipMessage]],
  [messages.PEER_TIME, ["PeerTime", official.PeerTime]],
  [messages.MEMBER, ["Member", official.Member]],
  [messages.ALIVE_MESSAGE, ["AliveMessage", official.AliveMessage]],
  [messages.MEMBERSHIP_REQUEST, ["MembershipRequest", official.MembershipRequest]],
  [messages.MEMBERSHIP_RESPONSE, ["MembershipResponse", official.MembershipResponse]],
  [messages.CONN_ESTABLISH, ["ConnEstablish", official.ConnEstablish]],
  [messages.ACKNOWLEDGEMENT, ["Acknowledgement", official.Acknowledgement]],
  [messages.EMPTY, ["Empty", official.Empty]],
  [messages.GOSSIP_HELLO, ["GossipHello", official.GossipHello]],
  [messages.DATA_DIGEST, ["DataDigest", official.DataDigest]],
  [messages.DATA_REQUEST, ["DataRequest", official.DataRequest]],
  [messages.DATA_UPDATE, ["DataUpdate", official.DataUpdate]],
  [messages.PEER_IDENTITY, ["PeerIdentity", official.PeerIdentity]],
  [messages.CHAINCODE, ["Chaincode", official.Chaincode]],
  [messages.PROPERTIES, ["Properties", official.Properties]],
  [messages.STATE_INFO, ["StateInfo", official.StateInfo]],
  [messages.STATE_INFO_SNAPSHOT, ["StateInfoSnapshot", official.StateInfoSnapshot]],
  [messages.STATE_INFO_PULL_REQUEST, ["StateInfoPullRequest", official.StateInfoPullRequest]],
  [messages.LEADERSHIP_MESSAGE, ["LeadershipMessage", official.LeadershipMessage]],
  [messages.PAYLOAD, ["Payload", official.Payload]],
  [messages.DATA_MESSAGE, ["DataMessage", official.DataMessage]],
  [messages.REMOTE_STATE_REQUEST, ["RemoteStateRequest", official.RemoteStateRequest]],
  [messages.REMOTE_STATE_RESPONSE, ["RemoteStateResponse", official.RemoteStateResponse]],
  [messages.PRIVATE_PAYLOAD, ["PrivatePayload", official.PrivatePayload]],
  [messages.PRIVATE_DATA_MESSAGE, ["PrivateDataMessage", official.PrivateDataMessage]],
  [messages.PVT_DATA_DIGEST, ["PvtDataDigest", official.PvtDataDigest]],
  [messages.PVT_DATA_ELEMENT, ["PvtDataElement", official.PvtDataElement]],
  [messages.REMOTE_PVT_DATA_REQUEST, ["RemotePvtDataRequest", official.RemotePvtDataRequest]],
  [messages.REMOTE_PVT_DATA_RESPONSE, ["RemotePvtDataResponse", official.RemotePvtDataResponse]],
  [messages.PVT_DATA_PAYLOAD, ["PvtDataPayload", official.PvtDataPayload]],
]);

function officialClass(schema: Schema): OfficialClass {
  const entry = OFFICIAL.get(schema);
  assert.ok(entry, "every table has an official class");
  return entry[1];
}

/** `channel_MAC` is set by `setChannelMac`, a list `digests` by `setDigestsList`. */
function setterOf({ name, itemsMax }: Slot): string {
  const words = name.split("_").map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  const camel = words.map((word) => word.charAt(0) + word.slice(1).toLowerCase()).join("");
  return `set${camel}${itemsMax === undefined ? "" : "List"}`;
}

/** The same message as an object of the official package. */
function toOfficial(schema: Schema, value: unknown): OfficialMessage {
  const result = new (officialClass(schema))();
  assert.ok(isPlain(value));
  for (const slot of schema.slots) {
    const held = slot.type === undefined ? value[slot.key] : caseOf(slot, value[slot.key]);
    if (isDefault(held)) continue;
    const argument = Array.isArray(held)
      ? held.map((item) => toArgument(slot, item))
      : toArgument(slot, held);
    Reflect.apply(Reflect.get(result, setterOf(slot)), result, [argument]);
  }
  return result;
}

function toArgument({ field }: Slot, value: PlainValue): unknown {
  if (typeof value === "bigint") return Number(value);
  if (field.kind === "message") return toOfficial(field.schema, value);
  if (field.kind !== "embedded" || !(value instanceof Uint8Array)) return value;
  const Class = field.schema ? officialClass(field.schema) : peer.CollectionConfigPackage;
  return Class.deserializeBinary(value);
}

describe("every message is byte for byte that of Fabric's official package", () => {
  for (const [schema, [name, Class]] of OFFICIAL) {
    test(name, () => {
      const values = arbitraryValue(schema, BigInt(Number.MAX_SAFE_INTEGER));
      const property = fc.property(values, (value) => {
        const expected = new Uint8Array(toOfficial(schema, value).serializeBinary());
        const actual = encode(schema, value);
        assert.deepEqual(actual, expected);
        assert.deepEqual(decode(schema, expected), accept(value));
        assert.deepEqual(new Uint8Array(Class.deserializeBinary(actual).serializeBinary()), actual);
      });
      fc.assert(property, { numRuns: schema === messages.GOSSIP_MESSAGE ? 1_000 : 100 });
    });
  }

  test("no table is left out", () => {
    const tables = Object.values(messages).filter((value) => "slots" in value);
    assert.equal(OFFICIAL.size, tables.length);
  });
});

describe("numbers keep all their 64 bits", () => {
  for (const incNum of [2n ** 53n + 1n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n]) {
    test(`${incNum}`, () => {
      const time = { incNum, seqNum: incNum - 1n };
      assert.deepEqual(decode(messages.PEER_TIME, encode(messages.PEER_TIME, time)), accept(time));
    });
  }

  test("any", () => {
    const values = arbitraryValue(messages.GOSSIP_MESSAGE, 2n ** 64n - 1n);
    fc.assert(
      fc.property(values, (value) => {
        const bytes = encode(messages.GOSSIP_MESSAGE, value);
        assert.deepEqual(decode(messages.GOSSIP_MESSAGE, bytes), accept(value));
      }),
    );
  });
});
