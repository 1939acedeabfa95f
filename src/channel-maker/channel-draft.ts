/** The configuration of a channel as `configtxgen` makes it from a usual profile. */
import { bftQuorum } from "../channel/rules/bft-policy.ts";
import {
  ANCHOR_PEERS,
  BATCH_SIZE,
  BATCH_TIMEOUT,
  BFT_OPTIONS,
  BLOCK_DATA_HASHING_STRUCTURE,
  CONSENSUS_TYPE,
  HASHING_ALGORITHM,
  ORDERER_ADDRESSES,
  ORDERERS,
  RAFT_METADATA,
} from "../wire/config-messages.ts";
import { encode } from "../wire/encode.ts";
import { SERIALIZED_IDENTITY } from "../wire/messages.ts";
import { FABRIC_MSP, FABRIC_MSP_CONFIG, MSP_CONFIG } from "../wire/msp-messages.ts";
import type { Init } from "../wire/schema.ts";
import {
  type ConfigDraft,
  capabilities,
  draftGroup,
  exactly,
  metaPolicy,
  oneOf,
  role,
  someOf,
} from "./config-draft.ts";

export type MspContent = Init<typeof FABRIC_MSP_CONFIG>;

interface Address {
  readonly host: string;
  readonly port: number;
}

/** An organisation of the channel. */
export interface ChannelOrganisation {
  readonly mspId: string;
  /** Public MSP material for judging its members; its name is the MSP id. */
  readonly msp: MspContent;
  readonly anchors?: readonly Address[];
}

/** An orderer. */
export interface Consenter extends Address {
  /** PEM of its enrolment and TLS certificates. */
  readonly certificate: Uint8Array;
  readonly tlsCertificate: Uint8Array;
}

interface ChannelPlan {
  readonly organisations: readonly ChannelOrganisation[];
  readonly orderer: ChannelOrganisation;
  readonly consenters: readonly Consenter[];
  readonly consensus?: "etcdraft" | "BFT";
  /** Default: the capabilities that the consensus type requires. */
  readonly channelCapabilities?: readonly string[];
  readonly applicationCapabilities?: readonly string[];
}

/** `FABRIC_MSP_CONFIG` in its frame, as the value MSP of an organisation. */
export function mspValue(msp: MspContent): Uint8Array {
  return encode(MSP_CONFIG, { type: FABRIC_MSP, config: encode(FABRIC_MSP_CONFIG, msp) });
}

export function channelDraft(plan: ChannelPlan): ConfigDraft {
  const { organisations, applicationCapabilities = ["V2_5"] } = plan;
  const { channelCapabilities = [plan.consensus === "BFT" ? "V3_0" : "V2_0"] } = plan;
  const application = draftGroup({
    groups: Object.fromEntries(organisations.map((one) => [one.mspId, peerOrganisation(one)])),
    values: { Capabilities: capabilities(...applicationCapabilities) },
    policies: {
      ...metaPolicies(),
      Endorsement: metaPolicy("majority", "Endorsement"),
      LifecycleEndorsement: metaPolicy("majority", "Endorsement"),
    },
  });
  return draftGroup({
    groups: { Orderer: ordererGroup(plan), Application: application },
    values: {
      HashingAlgorithm: encode(HASHING_ALGORITHM, { name: "SHA256" }),
      BlockDataHashingStructure: encode(BLOCK_DATA_HASHING_STRUCTURE, { width: 0xffff_ffff }),
      Capabilities: capabilities(...channelCapabilities),
    },
    policies: metaPolicies(),
  });
}

const metaPolicies = () => ({
  Readers: metaPolicy("any", "Readers"),
  Writers: metaPolicy("any", "Writers"),
  Admins: metaPolicy("majority", "Admins"),
});

function peerOrganisation(organisation: ChannelOrganisation): ConfigDraft {
  const { anchors: anchorPeers = [], mspId } = organisation;
  const values =
    anchorPeers.length > 0 ? { AnchorPeers: encode(ANCHOR_PEERS, { anchorPeers }) } : {};
  const draft = organisationGroup(organisation, values);
  draft.policies["Endorsement"] = oneOf(role(mspId, "peer"));
  return draft;
}

function organisationGroup(
  { mspId, msp }: ChannelOrganisation,
  values: Record<string, Uint8Array>,
): ConfigDraft {
  return draftGroup({
    values: { MSP: mspValue(msp), ...values },
    policies: {
      Readers: oneOf(role(mspId, "member")),
      Writers: oneOf(role(mspId, "member")),
      Admins: oneOf(role(mspId, "admin")),
    },
  });
}

function ordererGroup({ orderer, consenters, consensus = "etcdraft" }: ChannelPlan): ConfigDraft {
  const isBft = consensus === "BFT";
  const addresses = consenters.map(({ host, port }) => `${host}:${port}`);
  const identities = consenters.map(({ certificate: idBytes }) =>
    exactly(encode(SERIALIZED_IDENTITY, { mspid: orderer.mspId, idBytes })),
  );
  return draftGroup({
    groups: {
      [orderer.mspId]: organisationGroup(orderer, {
        Endpoints: encode(ORDERER_ADDRESSES, { addresses }),
      }),
    },
    values: {
      ConsensusType: encode(CONSENSUS_TYPE, {
        type: consensus,
        metadata: isBft ? encode(BFT_OPTIONS, BFT_DEFAULTS) : raftMetadata(consenters),
      }),
      BatchSize: encode(BATCH_SIZE, {
        maxMessageCount: 500,
        absoluteMaxBytes: 10_485_760,
        preferredMaxBytes: 2_097_152,
      }),
      BatchTimeout: encode(BATCH_TIMEOUT, { timeout: "2s" }),
      Capabilities: capabilities("V2_0"),
      ...(isBft ? { Orderers: orderersValue(orderer.mspId, consenters) } : {}),
    },
    policies: {
      ...metaPolicies(),
      BlockValidation: isBft
        ? someOf(bftQuorum(identities.length), identities)
        : metaPolicy("any", "Writers"),
    },
  });
}

/** The orderers by number, from 1; of BFT only. */
export function orderersValue(mspId: string, consenters: readonly Consenter[]): Uint8Array {
  const consenterMapping = consenters.map((one, i) => ({
    id: i + 1,
    host: one.host,
    port: one.port,
    mspId,
    identity: one.certificate,
    clientTlsCert: one.tlsCertificate,
    serverTlsCert: one.tlsCertificate,
  }));
  return encode(ORDERERS, { consenterMapping });
}

/** Options as in Fabric's sample profiles. */
function raftMetadata(consenters: readonly Consenter[]): Uint8Array {
  return encode(RAFT_METADATA, {
    consenters: consenters.map(({ host, port, tlsCertificate }) => ({
      host,
      port,
      clientTlsCert: tlsCertificate,
      serverTlsCert: tlsCertificate,
    })),
    options: {
      tickInterval: "500ms",
      electionTick: 10,
      heartbeatTick: 1,
      maxInflightBlocks: 5,
      snapshotIntervalSize: 16_777_216,
    },
  });
}

const BFT_DEFAULTS: Init<typeof BFT_OPTIONS> = {
  requestBatchMaxCount: 100n,
  requestBatchMaxBytes: 10_485_760n,
  requestBatchMaxInterval: "50ms",
  incomingMessageBufferSize: 200n,
  requestPoolSize: 100_000n,
  requestForwardTimeout: "2s",
  requestComplainTimeout: "20s",
  requestAutoRemoveTimeout: "3m0s",
  requestMaxBytes: 10_485_760n,
  viewChangeResendInterval: "5s",
  viewChangeTimeout: "20s",
  leaderHeartbeatTimeout: "1m0s",
  leaderHeartbeatCount: 10n,
  collectTimeout: "1s",
};
