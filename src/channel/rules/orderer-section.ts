/** The orderers' part of a configuration. */
import {
  BATCH_SIZE,
  BATCH_TIMEOUT,
  CAPABILITIES,
  CHANNEL_RESTRICTIONS,
  CONSENSUS_TYPE,
  KAFKA_BROKERS,
  ORDERERS,
  RAFT_METADATA,
} from "../../wire/config-messages.ts";
import { decode } from "../../wire/decode.ts";
import type { Value } from "../../wire/schema.ts";
import type {
  Capabilities,
  ChannelConfiguration,
  ConfigFault,
  ConfigTree,
  Consensus,
  Organisation,
} from "../types/configuration.ts";
import { allowsBft, allowsEndpoints } from "./capabilities.ts";
import { addFault, isPositiveDuration, readValues, withBrackets } from "./config-values.ts";
import type { InTurns } from "./in-turns.ts";
import { type Reading, readOrdererOrganisation } from "./organisations.ts";

const PATH = "/Channel/Orderer";

const VALUES = {
  ConsensusType: CONSENSUS_TYPE,
  BatchSize: BATCH_SIZE,
  BatchTimeout: BATCH_TIMEOUT,
  KafkaBrokers: KAFKA_BROKERS,
  ChannelRestrictions: CHANNEL_RESTRICTIONS,
  Orderers: ORDERERS,
  Capabilities: CAPABILITIES,
};

interface OrdererSection extends Pick<ChannelConfiguration, "consensus" | "batch"> {
  readonly organisations: readonly Organisation[];
  readonly capabilities: readonly string[];
}

/** `above`: the capabilities of the channel, which say what the section may hold. */
export function* readOrderer(
  tree: ConfigTree | undefined,
  above: Capabilities,
  reading: Reading,
): InTurns<OrdererSection> {
  if (tree === undefined) {
    return { organisations: [], capabilities: [], consensus: undefined, batch: undefined };
  }
  const { faults } = reading;
  const values = readValues(tree, PATH, VALUES, faults);
  checkBatch(values.BatchSize, values.BatchTimeout.timeout, faults);
  const organisations: Organisation[] = [];
  for (const [name, group] of tree.groups) {
    if (group.values.has("Endpoints") && !allowsEndpoints(above)) {
      addFault(faults, "config-value", `${PATH}/${name}/Endpoints`, "no capability allows them");
    }
    organisations.push(readOrdererOrganisation(name, group, reading));
    yield undefined;
  }
  for (const { name, endpoints } of organisations) {
    if (!allowsBft(above) || endpoints.length > 0) continue;
    const detail = "with capability V3_0 every organisation of orderers needs some";
    addFault(faults, "config-value", `${PATH}/${name}/Endpoints`, detail);
  }
  const { maxMessageCount, absoluteMaxBytes, preferredMaxBytes } = values.BatchSize;
  return {
    organisations,
    capabilities: values.Capabilities.capabilities.map(({ key }) => key).toSorted(),
    consensus: readConsensus(values.ConsensusType, values.Orderers),
    batch: {
      messagesMax: maxMessageCount,
      absoluteBytesMax: absoluteMaxBytes,
      preferredBytesMax: preferredMaxBytes,
      timeout: values.BatchTimeout.timeout,
    },
  };
}

function checkBatch(size: Value<typeof BATCH_SIZE>, timeout: string, faults: ConfigFault[]): void {
  const path = `${PATH}/BatchSize`;
  const limits = [size.maxMessageCount, size.absoluteMaxBytes, size.preferredMaxBytes];
  if (limits.includes(0)) addFault(faults, "config-value", path, "one of its limits is 0");
  if (size.preferredMaxBytes > size.absoluteMaxBytes) {
    addFault(faults, "config-value", path, "it prefers more bytes than it allows");
  }
  if (!isPositiveDuration(timeout)) {
    addFault(faults, "config-value", `${PATH}/BatchTimeout`, "it is no duration above zero");
  }
}

const MAINTENANCE = 1;

function readConsensus(
  { type, metadata, state }: Value<typeof CONSENSUS_TYPE>,
  { consenterMapping }: Value<typeof ORDERERS>,
): Consensus {
  // Peers ignore this metadata, so an unreadable one is no fault; it is only not shown.
  const raft = type === "etcdraft" ? decode(RAFT_METADATA, metadata) : undefined;
  return {
    type,
    isInMaintenance: state === MAINTENANCE,
    raft: raft?.ok ? raft.value.consenters.map(withBrackets) : [],
    bft: consenterMapping.map(withBrackets),
    metadata,
  };
}
