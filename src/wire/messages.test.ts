import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { common, msp, gossip as official, orderer, peer } from "@hyperledger/fabric-protos";
import fc from "fast-check";
import * as blocks from "./block-messages.ts";
import * as configs from "./config-messages.ts";
import { decode } from "./decode.ts";
import { encode } from "./encode.ts";
import * as messages from "./messages.ts";
import * as mspMessages from "./msp-messages.ts";
import { caseOf, isPlain } from "./plain.ts";
import * as policies from "./policy-messages.ts";
import { isDefault, type PlainValue, type Schema, type Slot } from "./schema.ts";
import { arbitraryValue, TABLES } from "./testing.ts";
import * as transactions from "./transaction-messages.ts";
import { accept } from "./verdict.ts";

/** What we use of a class of Fabric's official package (google-protobuf). */
type OfficialMessage = { serializeBinary(): Uint8Array };
type OfficialClass = {
  new (): OfficialMessage;
  deserializeBinary(bytes: Uint8Array): OfficialMessage;
};

/** The package shows Google's class by a field only: field 3 of a channel header. */
const Timestamp: OfficialClass = Reflect.get(
  common.ChannelHeader.deserializeBinary(Uint8Array.of(0x1a, 0)).getTimestamp() ?? {},
  "constructor",
);

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
  [blocks.TIMESTAMP, ["Timestamp", Timestamp]],
  [blocks.CHANNEL_HEADER, ["ChannelHeader", common.ChannelHeader]],
  [blocks.SIGNATURE_HEADER, ["SignatureHeader", common.SignatureHeader]],
  [blocks.IDENTIFIER_HEADER, ["IdentifierHeader", common.IdentifierHeader]],
  [blocks.HEADER, ["Header", common.Header]],
  [blocks.COMMON_PAYLOAD, ["common.Payload", common.Payload]],
  [blocks.COMMON_ENVELOPE, ["common.Envelope", common.Envelope]],
  [blocks.BLOCK_HEADER, ["BlockHeader", common.BlockHeader]],
  [blocks.BLOCK_DATA, ["BlockData", common.BlockData]],
  [blocks.BLOCK_METADATA, ["BlockMetadata", common.BlockMetadata]],
  [blocks.BLOCK, ["Block", common.Block]],
  [blocks.BLOCK_PARTS, ["Block", common.Block]],
  [blocks.METADATA_SIGNATURE, ["MetadataSignature", common.MetadataSignature]],
  [blocks.METADATA, ["Metadata", common.Metadata]],
  [blocks.LAST_CONFIG, ["LastConfig", common.LastConfig]],
  [blocks.ORDERER_BLOCK_METADATA, ["OrdererBlockMetadata", common.OrdererBlockMetadata]],
  [configs.CONFIG_VALUE, ["ConfigValue", common.ConfigValue]],
  [configs.CONFIG_POLICY, ["ConfigPolicy", common.ConfigPolicy]],
  [configs.CONFIG_GROUP, ["ConfigGroup", common.ConfigGroup]],
  [configs.CONFIG, ["Config", common.Config]],
  [configs.CONFIG_ENVELOPE, ["ConfigEnvelope", common.ConfigEnvelope]],
  [configs.CONFIG_SIGNATURE, ["ConfigSignature", common.ConfigSignature]],
  [configs.CONFIG_UPDATE, ["ConfigUpdate", common.ConfigUpdate]],
  [configs.CONFIG_UPDATE_ENVELOPE, ["ConfigUpdateEnvelope", common.ConfigUpdateEnvelope]],
  [configs.HASHING_ALGORITHM, ["HashingAlgorithm", common.HashingAlgorithm]],
  [
    configs.BLOCK_DATA_HASHING_STRUCTURE,
    ["BlockDataHashingStructure", common.BlockDataHashingStructure],
  ],
  [configs.ORDERER_ADDRESSES, ["OrdererAddresses", common.OrdererAddresses]],
  [configs.BFT_CONSENTER, ["common.Consenter", common.Consenter]],
  [configs.ORDERERS, ["Orderers", common.Orderers]],
  [configs.CONSORTIUM, ["Consortium", common.Consortium]],
  [configs.CAPABILITY, ["Capability", common.Capability]],
  [configs.CAPABILITIES, ["Capabilities", common.Capabilities]],
  [configs.CONSENSUS_TYPE, ["ConsensusType", orderer.ConsensusType]],
  [configs.BATCH_SIZE, ["BatchSize", orderer.BatchSize]],
  [configs.BATCH_TIMEOUT, ["BatchTimeout", orderer.BatchTimeout]],
  [configs.KAFKA_BROKERS, ["KafkaBrokers", orderer.KafkaBrokers]],
  [configs.CHANNEL_RESTRICTIONS, ["ChannelRestrictions", orderer.ChannelRestrictions]],
  [configs.RAFT_CONSENTER, ["etcdraft.Consenter", orderer.etcdraft.Consenter]],
  [configs.RAFT_OPTIONS, ["etcdraft.Options", orderer.etcdraft.Options]],
  [configs.RAFT_METADATA, ["etcdraft.ConfigMetadata", orderer.etcdraft.ConfigMetadata]],
  [configs.BFT_OPTIONS, ["smartbft.Options", orderer.smartbft.Options]],
  [configs.ANCHOR_PEER, ["AnchorPeer", peer.AnchorPeer]],
  [configs.ANCHOR_PEERS, ["AnchorPeers", peer.AnchorPeers]],
  [configs.API_RESOURCE, ["APIResource", peer.APIResource]],
  [configs.ACLS, ["ACLs", peer.ACLs]],
  [mspMessages.MSP_CONFIG, ["MSPConfig", msp.MSPConfig]],
  [mspMessages.FABRIC_MSP_CONFIG, ["FabricMSPConfig", msp.FabricMSPConfig]],
  [mspMessages.FABRIC_OU_IDENTIFIER, ["FabricOUIdentifier", msp.FabricOUIdentifier]],
  [mspMessages.FABRIC_NODE_OUS, ["FabricNodeOUs", msp.FabricNodeOUs]],
  [mspMessages.FABRIC_CRYPTO_CONFIG, ["FabricCryptoConfig", msp.FabricCryptoConfig]],
  [mspMessages.KEY_INFO, ["KeyInfo", msp.KeyInfo]],
  [mspMessages.SIGNING_IDENTITY_INFO, ["SigningIdentityInfo", msp.SigningIdentityInfo]],
  [policies.POLICY, ["Policy", common.Policy]],
  [policies.IMPLICIT_META_POLICY, ["ImplicitMetaPolicy", common.ImplicitMetaPolicy]],
  [policies.SIGNATURE_POLICY_ENVELOPE, ["SignaturePolicyEnvelope", common.SignaturePolicyEnvelope]],
  [policies.SIGNATURE_POLICY, ["SignaturePolicy", common.SignaturePolicy]],
  [policies.N_OUT_OF, ["NOutOf", common.SignaturePolicy.NOutOf]],
  [policies.MSP_PRINCIPAL, ["MSPPrincipal", msp.MSPPrincipal]],
  [policies.MSP_ROLE_PRINCIPAL, ["MSPRole", msp.MSPRole]],
  [policies.ORGANIZATION_UNIT, ["OrganizationUnit", msp.OrganizationUnit]],
  [policies.MSP_IDENTITY_ANONYMITY, ["MSPIdentityAnonymity", msp.MSPIdentityAnonymity]],
  [policies.COMBINED_PRINCIPAL, ["CombinedPrincipal", msp.CombinedPrincipal]],
  [transactions.CHAINCODE_ID, ["ChaincodeID", peer.ChaincodeID]],
  [
    transactions.CHAINCODE_HEADER_EXTENSION,
    ["ChaincodeHeaderExtension", peer.ChaincodeHeaderExtension],
  ],
  [transactions.CHAINCODE_SPEC, ["ChaincodeSpec", peer.ChaincodeSpec]],
  [
    transactions.CHAINCODE_INVOCATION_SPEC,
    ["ChaincodeInvocationSpec", peer.ChaincodeInvocationSpec],
  ],
  [
    transactions.CHAINCODE_PROPOSAL_PAYLOAD,
    ["ChaincodeProposalPayload", peer.ChaincodeProposalPayload],
  ],
  [transactions.TRANSACTION, ["Transaction", peer.Transaction]],
  [transactions.TRANSACTION_ACTION, ["TransactionAction", peer.TransactionAction]],
  [transactions.ENDORSEMENT, ["Endorsement", peer.Endorsement]],
  [transactions.RESPONSE, ["Response", peer.Response]],
  [transactions.CHAINCODE_ACTION, ["ChaincodeAction", peer.ChaincodeAction]],
  [
    transactions.PROPOSAL_RESPONSE_PAYLOAD,
    ["ProposalResponsePayload", peer.ProposalResponsePayload],
  ],
  [
    transactions.CHAINCODE_ENDORSED_ACTION,
    ["ChaincodeEndorsedAction", peer.ChaincodeEndorsedAction],
  ],
  [transactions.CHAINCODE_ACTION_PAYLOAD, ["ChaincodeActionPayload", peer.ChaincodeActionPayload]],
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
  // The package has a method of the name `setExtension` already.
  const suffix = name === "extension" ? "$" : itemsMax === undefined ? "" : "List";
  return `set${camel}${suffix}`;
}

/** The same message as an object of the official package. */
function toOfficial(schema: Schema, value: unknown): OfficialMessage {
  const result = new (officialClass(schema))();
  assert.ok(isPlain(value));
  for (const slot of schema.slots) {
    const held = slot.type === undefined ? value[slot.key] : caseOf(slot, value[slot.key]);
    if (held === undefined || (isDefault(held) && slot.type === undefined)) continue;
    if (slot.field.kind === "message" && slot.field.schema.isMapEntry) {
      setEntries(result, slot, held, slot.field.schema);
      continue;
    }
    const argument = Array.isArray(held)
      ? held.map((item) => toArgument(slot, item))
      : toArgument(slot, held);
    Reflect.apply(Reflect.get(result, setterOf(slot)), result, [argument]);
  }
  return result;
}

/** A map `groups` is filled through `getGroupsMap`. */
function setEntries(result: OfficialMessage, slot: Slot, held: PlainValue, entry: Schema): void {
  const getter = `get${setterOf(slot).slice(3).replace(/List$/, "Map")}`;
  const entries: Map<unknown, unknown> = Reflect.apply(Reflect.get(result, getter), result, []);
  const valueSlot = entry.slots[1];
  assert.ok(Array.isArray(held) && valueSlot);
  for (const item of held) {
    assert.ok(isPlain(item));
    entries.set(item["key"], toArgument(valueSlot, item["value"]));
  }
}

function toArgument({ field }: Slot, value: PlainValue): unknown {
  if (typeof value === "bigint") return Number(value);
  if (field.kind === "message") return toOfficial(field.schema, value);
  if (field.kind !== "embedded" || !(value instanceof Uint8Array)) return value;
  const Class = field.schema ? officialClass(field.schema()) : peer.CollectionConfigPackage;
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
    assert.deepEqual(
      TABLES.filter(([, schema]) => !OFFICIAL.has(schema)),
      [],
    );
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
