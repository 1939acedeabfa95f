/** The tree of groups in a configuration, read to its leaves within limits. */
import { CONFIG_GROUP, type WireConfigGroup } from "../../wire/config-messages.ts";
import { decode, type WireFault } from "../../wire/decode.ts";
import { accept, reject, type Verdict } from "../../wire/verdict.ts";
import type { ConfigLeaf, ConfigTree, PolicyLeaf } from "../types/configuration.ts";

/** `Channel`, `Consortiums`, a consortium, an organisation: real trees have four levels at most. */
const LEVELS_MAX = 8;
/** Groups of one configuration: organisations, twice if they have orderers, and a few more. */
const GROUPS_MAX = 2_000;

/** Remaining budget of the limits. */
interface Budget {
  groups: number;
}

/** Reads a group and all below it. Of two entries with one name the last counts, as in Go. */
export function readTree(bytes: Uint8Array): Verdict<ConfigTree, WireFault> {
  return readGroup(bytes, { groups: GROUPS_MAX }, 1);
}

function readGroup(
  bytes: Uint8Array,
  budget: Budget,
  level: number,
): Verdict<ConfigTree, WireFault> {
  budget.groups--;
  if (budget.groups < 0) return reject("too-many");
  if (level > LEVELS_MAX) return reject("too-deep");
  const decoded = decode(CONFIG_GROUP, bytes);
  if (!decoded.ok) return decoded;
  const groups = new Map<string, ConfigTree>();
  for (const { key, value } of decoded.value.groups) {
    const group = readGroup(value, budget, level + 1);
    if (!group.ok) return group;
    groups.set(key, group.value);
  }
  return accept({ ...ownParts(decoded.value), groups });
}

function ownParts(group: WireConfigGroup): Omit<ConfigTree, "groups"> {
  const values = new Map(group.values.map(({ key, value }) => [key, value ?? NO_VALUE]));
  const policies = new Map(group.policies.map(({ key, value }) => [key, value ?? NO_POLICY]));
  return { version: group.version, modPolicy: group.modPolicy, values, policies };
}

/** A missing value counts as an empty one. */
const NO_VALUE: ConfigLeaf = { version: 0n, modPolicy: "", value: new Uint8Array(0) };
const NO_POLICY: PolicyLeaf = { version: 0n, modPolicy: "", policy: undefined };

const NAME = /^[a-zA-Z0-9.-]{1,249}$/;
const CHANNEL_ID = /^[a-z][a-z0-9.-]{0,248}$/;

/** Whether a group, value or policy may have this name (Fabric: `validateConfigID`). */
export function isConfigName(name: string): boolean {
  return NAME.test(name) && name !== "." && name !== "..";
}

/** Whether a channel may have this name (Fabric: `ValidateChannelID`). */
export function isChannelId(name: string): boolean {
  return CHANNEL_ID.test(name);
}
