/**
 * Which rules are in force. A capability that we do not know may change any of them, so nothing is
 * believed under one; a Fabric peer stops with a panic.
 */
import type { Capabilities } from "../types/configuration.ts";

/** Those of Fabric 3.1 (`common/capabilities`). */
export const KNOWN_CAPABILITIES: { readonly [level in keyof Capabilities]: ReadonlySet<string> } = {
  channel: new Set(["V1_1", "V1_3", "V1_4_2", "V1_4_3", "V2_0", "V3_0"]),
  application: new Set([
    "V1_1",
    "V1_2",
    "V1_3",
    "V1_4_2",
    "V2_0",
    "V2_5",
    "V1_1_PVTDATA_EXPERIMENTAL",
    "V1_1_RESOURCETREE_EXPERIMENTAL",
  ]),
  orderer: new Set(["V1_1", "V1_4_2", "V2_0"]),
};

/** Orderers may be BFT, and addresses of orderers stand with their organisations. */
export function allowsBft({ channel }: Capabilities): boolean {
  return channel.includes("V3_0");
}

/** Addresses of orderers may stand with their organisations. */
export function allowsEndpoints({ channel }: Capabilities): boolean {
  return ["V1_4_2", "V1_4_3", "V2_0", "V3_0"].some((one) => channel.includes(one));
}

/** The type of consensus may change. */
export const allowsMigration = allowsEndpoints;

export function allowsAcls({ application }: Capabilities): boolean {
  const since = ["V1_2", "V1_3", "V1_4_2", "V2_0", "V2_5"];
  return since.some((one) => application.includes(one));
}

/** Before these, MSPs follow older rules than those we know (version 1.4.3). */
export function hasCurrentMspRules({ channel }: Capabilities): boolean {
  return ["V1_4_3", "V2_0", "V3_0"].some((one) => channel.includes(one));
}
