/** Configurations for people: the tree as Fabric's `configtxlator` shows it, certificates described. */
import { readTree } from "../channel/rules/config-tree.ts";
import type { ConfigTree } from "../channel/types/configuration.ts";
import {
  ACLS,
  ANCHOR_PEERS,
  BATCH_SIZE,
  BATCH_TIMEOUT,
  BFT_OPTIONS,
  BLOCK_DATA_HASHING_STRUCTURE,
  CAPABILITIES,
  CHANNEL_RESTRICTIONS,
  CONFIG_ENVELOPE,
  CONFIG_UPDATE,
  CONFIG_UPDATE_ENVELOPE,
  CONSENSUS_TYPE,
  CONSORTIUM,
  HASHING_ALGORITHM,
  KAFKA_BROKERS,
  ORDERER_ADDRESSES,
  ORDERERS,
  RAFT_METADATA,
} from "../wire/config-messages.ts";
import { decode } from "../wire/decode.ts";
import { protobufToJson } from "../wire/json.ts";
import { FABRIC_MSP, FABRIC_MSP_CONFIG, MSP_CONFIG } from "../wire/msp-messages.ts";
import {
  IMPLICIT_META_POLICY,
  MSP_ROLE_PRINCIPAL,
  type MspPrincipal,
  ORGANIZATION_UNIT,
  POLICY_TYPE,
  PRINCIPAL,
  SIGNATURE_POLICY,
  SIGNATURE_POLICY_ENVELOPE,
} from "../wire/policy-messages.ts";
import type { Schema } from "../wire/schema.ts";
import { describeCarried, describePem } from "./describe-identity.ts";

const VALUES = new Map<string, Schema>([
  ["HashingAlgorithm", HASHING_ALGORITHM],
  ["BlockDataHashingStructure", BLOCK_DATA_HASHING_STRUCTURE],
  ["OrdererAddresses", ORDERER_ADDRESSES],
  ["Endpoints", ORDERER_ADDRESSES],
  ["Consortium", CONSORTIUM],
  ["Capabilities", CAPABILITIES],
  ["ACLs", ACLS],
  ["AnchorPeers", ANCHOR_PEERS],
  ["BatchSize", BATCH_SIZE],
  ["BatchTimeout", BATCH_TIMEOUT],
  ["KafkaBrokers", KAFKA_BROKERS],
  ["ChannelRestrictions", CHANNEL_RESTRICTIONS],
  ["Orderers", ORDERERS],
]);
/** Fields that hold a certificate or a list of them. */
const CERTIFICATES = new Set([
  "root_certs",
  "intermediate_certs",
  "admins",
  "tls_root_certs",
  "tls_intermediate_certs",
  "certificate",
  "identity",
  "client_tls_cert",
  "server_tls_cert",
]);

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

/** The content of a configuration transaction; undefined if it cannot be read. */
export function describeConfig(data: Uint8Array): unknown {
  const decoded = decode(CONFIG_ENVELOPE, data);
  const config = decoded.ok ? decoded.value.config : undefined;
  const tree = config && readTree(config.channelGroup);
  if (config === undefined || !tree?.ok) return undefined;
  return { sequence: config.sequence.toString(), channel_group: describeTree(tree.value) };
}

/** The content of a transaction that asks for another configuration. */
export function describeConfigUpdate(data: Uint8Array): unknown {
  const envelope = decode(CONFIG_UPDATE_ENVELOPE, data);
  const update = envelope.ok ? decode(CONFIG_UPDATE, envelope.value.configUpdate) : envelope;
  if (!envelope.ok || !update.ok) return undefined;
  const set = (bytes: Uint8Array): unknown => {
    const tree = readTree(bytes);
    return tree.ok ? describeTree(tree.value) : base64(bytes);
  };
  const { channelId, readSet, writeSet } = update.value;
  const signatures = envelope.value.signatures.length;
  return { channel_id: channelId, read_set: set(readSet), write_set: set(writeSet), signatures };
}

/** A group with all below it. */
function describeTree(tree: ConfigTree): unknown {
  return {
    version: tree.version.toString(),
    mod_policy: tree.modPolicy,
    groups: mapped(tree.groups, (_, group) => describeTree(group)),
    values: mapped(tree.values, (name, leaf) => ({
      version: leaf.version.toString(),
      mod_policy: leaf.modPolicy,
      value: describeValue(name, leaf.value),
    })),
    policies: mapped(tree.policies, (_, leaf) => ({
      version: leaf.version.toString(),
      mod_policy: leaf.modPolicy,
      policy: leaf.policy ? describePolicy(leaf.policy) : null,
    })),
  };
}

function mapped<T>(
  entries: ReadonlyMap<string, T>,
  describe: (name: string, entry: T) => unknown,
): unknown {
  return Object.fromEntries([...entries].map(([name, entry]) => [name, describe(name, entry)]));
}

function describeValue(name: string, bytes: Uint8Array): unknown {
  if (name === "MSP") return describeMsp(bytes);
  if (name === "ConsensusType") return describeConsensus(bytes);
  const schema = VALUES.get(name);
  return schema === undefined ? base64(bytes) : decodedJson(schema, bytes);
}

/** Bytes that are not what they should be are shown as they are. */
function decodedJson(schema: Schema, bytes: Uint8Array): unknown {
  const decoded = decode(schema, bytes);
  return decoded.ok ? withCertificates(protobufToJson(schema, decoded.value)) : base64(bytes);
}

function describeMsp(bytes: Uint8Array): unknown {
  const decoded = decode(MSP_CONFIG, bytes);
  if (!decoded.ok) return base64(bytes);
  const { type, config } = decoded.value;
  return {
    type,
    config: type === FABRIC_MSP ? decodedJson(FABRIC_MSP_CONFIG, config) : base64(config),
  };
}

function describeConsensus(bytes: Uint8Array): unknown {
  const decoded = decode(CONSENSUS_TYPE, bytes);
  if (!decoded.ok) return base64(bytes);
  const { type, metadata } = decoded.value;
  const schema = type === "etcdraft" ? RAFT_METADATA : type === "BFT" ? BFT_OPTIONS : undefined;
  const shown = schema === undefined ? base64(metadata) : decodedJson(schema, metadata);
  return { type, state: decoded.value.state, metadata: shown };
}

function describePolicy({
  type,
  value,
}: {
  readonly type: number;
  readonly value: Uint8Array;
}): unknown {
  if (type === POLICY_TYPE.implicitMeta) {
    return { type: "IMPLICIT_META", value: withRule(decodedJson(IMPLICIT_META_POLICY, value)) };
  }
  const decoded =
    type === POLICY_TYPE.signature ? decode(SIGNATURE_POLICY_ENVELOPE, value) : undefined;
  if (!decoded?.ok) return { type, value: base64(value) };
  const { rule, identities } = decoded.value;
  return {
    type: "SIGNATURE",
    value: {
      rule: decodedJson(SIGNATURE_POLICY, rule),
      identities: identities.map(describePrincipal),
    },
  };
}

/** ANY is the default, which JSON leaves out. */
function withRule(json: unknown): unknown {
  return typeof json === "object" && json !== null ? { rule: "ANY", ...json } : json;
}

function describePrincipal({ principalClassification, principal }: MspPrincipal): unknown {
  switch (principalClassification) {
    case PRINCIPAL.role: {
      const json = decodedJson(MSP_ROLE_PRINCIPAL, principal);
      // MEMBER is the default.
      return typeof json === "object" && json !== null ? { role: "MEMBER", ...json } : json;
    }
    case PRINCIPAL.organizationUnit:
      return decodedJson(ORGANIZATION_UNIT, principal);
    case PRINCIPAL.identity:
      return describeCarried(principal) ?? base64(principal);
    default:
      return { principal_classification: principalClassification, principal: base64(principal) };
  }
}

/** Certificates in words, where the fields hold some. */
function withCertificates(json: unknown, name = ""): unknown {
  if (Array.isArray(json)) return json.map((item) => withCertificates(item, name));
  if (typeof json === "string" && CERTIFICATES.has(name)) {
    return describePem(Buffer.from(json, "base64")) ?? json;
  }
  if (typeof json !== "object" || json === null) return json;
  return Object.fromEntries(
    Object.entries(json).map(([key, value]) => [key, withCertificates(value, key)]),
  );
}
