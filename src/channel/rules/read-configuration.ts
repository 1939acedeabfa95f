/**
 * From a configuration block to a configuration, with the checks of Fabric's `NewBundle` and of its
 * capabilities; every fault is reported, not only the first.
 */
import {
  CHANNEL_HEADER,
  COMMON_ENVELOPE,
  COMMON_PAYLOAD,
  HEADER_TYPE,
} from "../../wire/block-messages.ts";
import {
  ACLS,
  BLOCK_DATA_HASHING_STRUCTURE,
  CAPABILITIES,
  CONFIG_ENVELOPE,
  CONSORTIUM,
  HASHING_ALGORITHM,
  ORDERER_ADDRESSES,
  ORDERERS,
} from "../../wire/config-messages.ts";
import { decode } from "../../wire/decode.ts";
import { accept, type Verdict } from "../../wire/verdict.ts";
import type { Block } from "../types/block.ts";
import type {
  Capabilities,
  ChannelConfiguration,
  ConfigFault,
  ConfigTree,
  Organisation,
} from "../types/configuration.ts";
import type { ChannelHost } from "../types/host.ts";
import { whyBftPolicyDiffers } from "./bft-policy.ts";
import {
  allowsAcls,
  allowsBft,
  allowsEndpoints,
  hasCurrentMspRules,
  KNOWN_CAPABILITIES,
} from "./capabilities.ts";
import { compilePolicies } from "./compile-policies.ts";
import { isChannelId, isConfigName, readTree } from "./config-tree.ts";
import { addFault, readValues } from "./config-values.ts";
import { atOnce, type InTurns } from "./in-turns.ts";
import { readOrderer } from "./orderer-section.ts";
import { type FoundMsps, readApplicationOrganisation } from "./organisations.ts";

/** Why a block contains no readable configuration. */
type ConfigBlockFault =
  /** It holds transactions. */
  "block-no-configuration" | "config-malformed";

/** A configuration as it stands in an envelope. */
interface Found {
  readonly channel: string;
  readonly sequence: bigint;
  readonly tree: ConfigTree;
}

/** Reads the configuration in a block, without verifying the block. */
export function readConfiguration(
  host: ChannelHost,
  block: Block,
): Verdict<ChannelConfiguration, ConfigBlockFault> {
  return atOnce(readConfigurationInTurns(host, block));
}

export function* readConfigurationInTurns(
  host: ChannelHost,
  block: Block,
): InTurns<Verdict<ChannelConfiguration, ConfigBlockFault>> {
  const found = findConfiguration(block);
  if (!found.ok) return found;
  const { channel, sequence, tree } = found.value;
  const faults: ConfigFault[] = [];
  const warnings: string[] = [];
  if (!isChannelId(channel)) {
    addFault(faults, "config-channel-id", "/Channel", "its channel id is none that Fabric allows");
  }
  checkNames(tree, "/Channel", faults);
  const policies = compilePolicies(tree, faults);
  yield undefined;
  const sections = yield* readSections(host, tree, faults, warnings);
  const configuration = {
    channel,
    sequence,
    blockNumber: block.header.number,
    tree,
    policies,
    ...sections,
    faults,
    warnings,
  };
  warnings.push(...whyBftPolicyDiffers(configuration));
  return accept(configuration);
}

function findConfiguration({ transactions }: Block): Verdict<Found, ConfigBlockFault> {
  const [transaction] = transactions;
  if (transactions.length !== 1 || transaction === undefined) return NO_CONFIGURATION;
  const envelope = decode(COMMON_ENVELOPE, transaction);
  const payload = envelope.ok ? decode(COMMON_PAYLOAD, envelope.value.payload) : envelope;
  if (!payload.ok || payload.value.header === undefined) return NO_CONFIGURATION;
  const header = decode(CHANNEL_HEADER, payload.value.header.channelHeader);
  if (!header.ok || header.value.type !== HEADER_TYPE.config) return NO_CONFIGURATION;
  const config = decode(CONFIG_ENVELOPE, payload.value.data);
  if (!config.ok) return { ok: false, code: "config-malformed", reason: config.code };
  if (config.value.config === undefined)
    return { ok: false, code: "config-malformed", reason: "it is empty" };
  const { sequence, channelGroup } = config.value.config;
  const tree = readTree(channelGroup);
  if (!tree.ok)
    return { ok: false, code: "config-malformed", reason: `its groups are ${tree.code}` };
  return accept({ channel: header.value.channelId, sequence, tree: tree.value });
}

const NO_CONFIGURATION = { ok: false, code: "block-no-configuration" } as const;

function checkNames(tree: ConfigTree, path: string, faults: ConfigFault[]): void {
  const names = [...tree.groups.keys(), ...tree.values.keys(), ...tree.policies.keys()];
  for (const name of names) {
    if (isConfigName(name)) continue;
    addFault(faults, "config-name", path, "it holds a name that Fabric does not allow");
  }
  for (const [name, group] of tree.groups) checkNames(group, `${path}/${name}`, faults);
}

const CHANNEL_VALUES = {
  HashingAlgorithm: HASHING_ALGORITHM,
  BlockDataHashingStructure: BLOCK_DATA_HASHING_STRUCTURE,
  OrdererAddresses: ORDERER_ADDRESSES,
  Orderers: ORDERERS,
  Consortium: CONSORTIUM,
  Capabilities: CAPABILITIES,
};
const APPLICATION_VALUES = { ACLs: ACLS, Capabilities: CAPABILITIES };
const EMPTY_TREE: ConfigTree = {
  version: 0n,
  modPolicy: "",
  groups: new Map(),
  values: new Map(),
  policies: new Map(),
};
/** Groups of the channel. Consortiums exist in system channels only, which peers do not join. */
const GROUPS = new Set(["Application", "Orderer", "Consortiums"]);

type Sections = Pick<
  ChannelConfiguration,
  | "organisations"
  | "ordererOrganisations"
  | "msps"
  | "capabilities"
  | "isBft"
  | "consensus"
  | "batch"
  | "ordererAddresses"
  | "acls"
>;

function* readSections(
  host: ChannelHost,
  tree: ConfigTree,
  faults: ConfigFault[],
  warnings: string[],
): InTurns<Sections> {
  for (const name of tree.groups.keys()) {
    if (!GROUPS.has(name)) {
      addFault(faults, "config-unknown-group", `/Channel/${name}`, "no version of Fabric knows it");
    }
  }
  const values = readValues(tree, "/Channel", CHANNEL_VALUES, faults);
  const applicationTree = tree.groups.get("Application") ?? EMPTY_TREE;
  const ordererTree = tree.groups.get("Orderer");
  const application = readValues(
    applicationTree,
    "/Channel/Application",
    APPLICATION_VALUES,
    faults,
  );
  const found: FoundMsps = { msps: new Map(), configs: new Map(), warnings };
  const names = (list: readonly { readonly key: string }[]) =>
    list.map(({ key }) => key).toSorted();
  const upper = {
    channel: names(values.Capabilities.capabilities),
    application: names(application.Capabilities.capabilities),
  };
  const above = { ...upper, orderer: [] };
  const reading = { host, rules: { allowsEd25519: allowsBft(above) }, found, faults };
  const organisations: Organisation[] = [];
  for (const [name, group] of applicationTree.groups) {
    organisations.push(readApplicationOrganisation(name, group, reading));
    yield undefined;
  }
  const orderer = yield* readOrderer(ordererTree, above, reading);
  const capabilities: Capabilities = { ...upper, orderer: orderer.capabilities };
  const ordererAddresses = values.OrdererAddresses.addresses;
  checkCapabilities(tree, capabilities, faults, warnings);
  checkHashing(values.HashingAlgorithm.name, values.BlockDataHashingStructure.width, faults);
  checkAddresses(ordererAddresses, capabilities, faults);
  if (applicationTree.values.has("ACLs") && !allowsAcls(capabilities)) {
    addFault(faults, "config-value", "/Channel/Application/ACLs", "no capability allows them");
  }
  return {
    organisations: organisations.toSorted(byName),
    ordererOrganisations: orderer.organisations.toSorted(byName),
    msps: found.msps,
    capabilities,
    isBft: allowsBft(capabilities),
    consensus: orderer.consensus,
    batch: orderer.batch,
    ordererAddresses,
    acls: readAcls(application.ACLs.acls),
  };
}

/** Of a configuration's groups, each block has its own order. */
const byName = (a: Organisation, b: Organisation): number => (a.mspId < b.mspId ? -1 : 1);

function readAcls(
  acls: readonly {
    readonly key: string;
    readonly value: { readonly policyRef: string } | undefined;
  }[],
): ReadonlyMap<string, string> {
  const references = acls.map(({ key, value }): [string, string] => [key, value?.policyRef ?? ""]);
  const named = references.filter(([, reference]) => reference !== "");
  return new Map(
    named.map(([resource, reference]) => [
      resource,
      reference.startsWith("/") ? reference : `/Channel/Application/${reference}`,
    ]),
  );
}

function checkCapabilities(
  tree: ConfigTree,
  capabilities: Capabilities,
  faults: ConfigFault[],
  warnings: string[],
): void {
  const levels = [
    ["channel", "/Channel"],
    ["application", "/Channel/Application"],
    ["orderer", "/Channel/Orderer"],
  ] as const;
  for (const [level, path] of levels) {
    for (const name of capabilities[level]) {
      if (KNOWN_CAPABILITIES[level].has(name)) continue;
      const detail = `capability ${name.slice(0, 40)} is of a later Fabric than we know`;
      addFault(faults, "config-capability", `${path}/Capabilities`, detail);
    }
  }
  const orderer = tree.groups.get("Orderer");
  const isAboveOrderer =
    tree.values.has("Capabilities") || tree.groups.get("Application")?.values.has("Capabilities");
  if (orderer !== undefined && !orderer.values.has("Capabilities") && isAboveOrderer === true) {
    const detail = "there are capabilities, but none of the orderers";
    addFault(faults, "config-capability", "/Channel/Orderer/Capabilities", detail);
  }
  if (!hasCurrentMspRules(capabilities)) {
    warnings.push(
      "The channel has no capability V1_4_3 or later: its peers may judge certificates by older " +
        "rules than ours. Raise its capabilities.",
    );
  }
}

const WIDTH = 0xffff_ffff;

function checkHashing(algorithm: string, width: number, faults: ConfigFault[]): void {
  // Fabric also accepts SHA3_256, but always hashes blocks with SHA-256.
  if (algorithm !== "SHA256" && algorithm !== "SHA3_256") {
    addFault(
      faults,
      "config-value",
      "/Channel/HashingAlgorithm",
      "it is neither SHA256 nor SHA3_256",
    );
  }
  if (width !== WIDTH) {
    const path = "/Channel/BlockDataHashingStructure";
    addFault(faults, "config-value", path, `its width is not ${WIDTH}`);
  }
}

function checkAddresses(
  addresses: readonly string[],
  capabilities: Capabilities,
  faults: ConfigFault[],
): void {
  const path = "/Channel/OrdererAddresses";
  if (!allowsEndpoints(capabilities) && addresses.length === 0) {
    addFault(faults, "config-value", path, "there are none");
  }
  if (allowsBft(capabilities) && addresses.length > 0) {
    const detail = "with capability V3_0 they stand with the orderers' organisations";
    addFault(faults, "config-value", path, detail);
  }
}
