/** Organisations of a configuration, and their MSPs set up once for each MSP id. */
import { equalBytes } from "../../wire/bytes.ts";
import { ANCHOR_PEERS, ORDERER_ADDRESSES } from "../../wire/config-messages.ts";
import { decode } from "../../wire/decode.ts";
import { FABRIC_MSP, FABRIC_MSP_CONFIG, MSP_CONFIG } from "../../wire/msp-messages.ts";
import type { Value } from "../../wire/schema.ts";
import type { ConfigFault, ConfigTree, Organisation } from "../types/configuration.ts";
import type { ChannelHost, ChannelMsp, MspRules } from "../types/host.ts";
import { addFault, readValues, withBrackets } from "./config-values.ts";

type MspConfig = Value<typeof MSP_CONFIG>;

/** MSPs found so far, each with the configuration that a duplicate must equal. */
export interface FoundMsps {
  readonly msps: Map<string, ChannelMsp>;
  readonly configs: Map<string, MspConfig>;
  readonly warnings: string[];
}

/** What reading an organisation needs. */
export interface Reading {
  readonly host: ChannelHost;
  readonly rules: MspRules;
  readonly found: FoundMsps;
  readonly faults: ConfigFault[];
}

const APPLICATION_VALUES = { MSP: MSP_CONFIG, AnchorPeers: ANCHOR_PEERS };
const ORDERER_VALUES = { MSP: MSP_CONFIG, Endpoints: ORDERER_ADDRESSES };

export function readApplicationOrganisation(
  name: string,
  tree: ConfigTree,
  reading: Reading,
): Organisation {
  const path = `/Channel/Application/${name}`;
  refuseGroups(tree, path, reading.faults);
  const { MSP, AnchorPeers } = readValues(tree, path, APPLICATION_VALUES, reading.faults);
  const mspId = readMsp(MSP, `${path}/MSP`, reading);
  return { name, mspId, anchors: AnchorPeers.anchorPeers.map(withBrackets), endpoints: [] };
}

export function readOrdererOrganisation(
  name: string,
  tree: ConfigTree,
  reading: Reading,
): Organisation {
  const path = `/Channel/Orderer/${name}`;
  refuseGroups(tree, path, reading.faults);
  const { MSP, Endpoints } = readValues(tree, path, ORDERER_VALUES, reading.faults);
  const mspId = readMsp(MSP, `${path}/MSP`, reading);
  return { name, mspId, anchors: [], endpoints: Endpoints.addresses };
}

function refuseGroups(tree: ConfigTree, path: string, faults: ConfigFault[]): void {
  for (const name of tree.groups.keys()) {
    addFault(faults, "config-unknown-group", `${path}/${name}`, "an organisation has no groups");
  }
}

/** The MSP id; empty if setup fails. A repeated id must have an equal MSP. */
function readMsp(config: MspConfig, path: string, reading: Reading): string {
  const { host, rules, found, faults } = reading;
  if (config.type !== FABRIC_MSP) {
    addFault(faults, "config-msp", path, `its type ${config.type} is none that we can judge`);
    return "";
  }
  const decoded = decode(FABRIC_MSP_CONFIG, config.config);
  if (!decoded.ok) {
    addFault(faults, "config-msp", path, `it is ${decoded.code}`);
    return "";
  }
  const mspId = decoded.value.name;
  const known = found.configs.get(mspId);
  if (known !== undefined) {
    const isSame = known.type === config.type && equalBytes(known.config, config.config);
    if (!isSame) {
      addFault(faults, "config-msp-conflict", path, `${mspId} stands elsewhere with another MSP`);
    }
    return mspId;
  }
  found.configs.set(mspId, config);
  const setup = host.setUpMsp(decoded.value, rules);
  if (!setup.ok) {
    addFault(faults, "config-msp", path, setup.problems.join(" "));
    return mspId;
  }
  found.msps.set(mspId, setup.msp);
  found.warnings.push(...setup.msp.warnings.map((warning) => `${mspId}: ${warning}`));
  return mspId;
}
