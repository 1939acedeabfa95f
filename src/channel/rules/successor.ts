/** Whether a configuration may succeed another (Fabric: `ValidateNew`, sequence + 1). */
import type { ChannelConfiguration, ConfigFault, Organisation } from "../types/configuration.ts";
import { allowsBft, allowsMigration } from "./capabilities.ts";
import { addFault } from "./config-values.ts";

/**
 * What forbids it; nothing if `next` may follow `current`. That the change was authorised by those
 * who may make it is for the orderers to check: a block with their signatures says that they did.
 */
export function whyNoSuccessor(
  current: ChannelConfiguration,
  next: ChannelConfiguration,
): readonly ConfigFault[] {
  const faults: ConfigFault[] = [];
  if (next.channel !== current.channel) {
    addFault(faults, "config-change", "/Channel", "it is of another channel");
  }
  if (next.sequence !== current.sequence + 1n) {
    const detail = `its sequence is ${next.sequence}, not ${current.sequence + 1n}`;
    addFault(faults, "config-sequence", "/Channel", detail);
  }
  checkOrderer(current, next, faults);
  const has = ({ tree }: ChannelConfiguration, name: string) => tree.groups.has(name);
  if (has(current, "Application") && !has(next, "Application")) {
    addFault(faults, "config-change", "/Channel/Application", "it is gone");
  }
  if (has(current, "Consortiums") !== has(next, "Consortiums")) {
    addFault(faults, "config-change", "/Channel/Consortiums", "it came or went");
  }
  checkMspIds("/Channel/Application", current.organisations, next.organisations, faults);
  return faults;
}

function checkOrderer(
  current: ChannelConfiguration,
  next: ChannelConfiguration,
  faults: ConfigFault[],
): void {
  const path = "/Channel/Orderer";
  if (current.consensus === undefined) return;
  if (next.consensus === undefined) {
    addFault(faults, "config-change", path, "it is gone");
    return;
  }
  const isOther = current.consensus.type !== next.consensus.type;
  if (isOther && !allowsMigration(current.capabilities)) {
    addFault(faults, "config-change", `${path}/ConsensusType`, "no capability allows another type");
  }
  if (!allowsBft(current.capabilities) && allowsBft(next.capabilities)) {
    for (const { name, endpoints } of next.ordererOrganisations) {
      if (endpoints.length > 0) continue;
      addFault(faults, "config-change", `${path}/${name}/Endpoints`, "there are none");
    }
  }
  checkMspIds(path, current.ordererOrganisations, next.ordererOrganisations, faults);
}

/** An organisation may be added or removed, but its MSP id must not change. */
function checkMspIds(
  path: string,
  before: readonly Organisation[],
  after: readonly Organisation[],
  faults: ConfigFault[],
): void {
  const ids = new Map(after.map(({ name, mspId }) => [name, mspId]));
  for (const { name, mspId } of before) {
    const next = ids.get(name);
    if (next === undefined || next === mspId) continue;
    addFault(faults, "config-change", `${path}/${name}/MSP`, "its MSP id changes");
  }
}
