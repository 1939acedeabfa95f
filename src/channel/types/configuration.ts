/** The configuration of a channel, read and compiled. */
import type { BftConsenter, RaftConsenter } from "../../wire/config-messages.ts";
import type { MspPrincipal } from "../../wire/policy-messages.ts";
import type { ChannelMsps } from "./host.ts";

/** A reason for Fabric to refuse the configuration, or for a reader not to trust it. */
export interface ConfigFault {
  readonly code: ConfigFaultCode;
  /** Like `/Channel/Orderer/Capabilities`. */
  readonly path: string;
  /** The fault; completes a sentence. May quote the configuration. */
  readonly detail: string;
}

export type ConfigFaultCode =
  /** Part of it is undecodable or too large. */
  | "config-malformed"
  /** The channel's name is invalid. */
  | "config-channel-id"
  /** A name with characters that Fabric does not allow. */
  | "config-name"
  | "config-unknown-group"
  | "config-unknown-value"
  /** A capability of a later Fabric: unknown rules apply. */
  | "config-capability"
  /** A value that Fabric does not allow. */
  | "config-value"
  | "config-msp"
  /** One MSP id with two different MSPs. */
  | "config-msp-conflict"
  | "config-policy"
  /** It does not follow the previous configuration. */
  | "config-sequence"
  | "config-change";

/** A group of the tree, decoded except for its leaves. */
export interface ConfigTree {
  readonly version: bigint;
  readonly modPolicy: string;
  readonly groups: ReadonlyMap<string, ConfigTree>;
  readonly values: ReadonlyMap<string, ConfigLeaf>;
  readonly policies: ReadonlyMap<string, PolicyLeaf>;
}

export interface ConfigLeaf {
  readonly version: bigint;
  readonly modPolicy: string;
  readonly value: Uint8Array;
}

export interface PolicyLeaf {
  readonly version: bigint;
  readonly modPolicy: string;
  /** Undefined: missing, which Fabric refuses. */
  readonly policy: { readonly type: number; readonly value: Uint8Array } | undefined;
}

/** A compiled policy. */
export type Policy =
  | {
      readonly type: "signature";
      readonly rule: SignatureRule;
      readonly principals: readonly MspPrincipal[];
    }
  | {
      readonly type: "implicit-meta";
      readonly rule: "ANY" | "ALL" | "MAJORITY";
      /** Name of the policy in each sub-group. */
      readonly subPolicy: string;
      /** How many of them must be satisfied. */
      readonly threshold: number;
      readonly subPolicies: readonly Policy[];
    }
  /** Missing or unreadable: no signer satisfies it. */
  | { readonly type: "reject" };

export type SignatureRule =
  | { readonly type: "signed-by"; readonly principal: number }
  | { readonly type: "n-out-of"; readonly n: number; readonly rules: readonly SignatureRule[] };

interface HostPort {
  /** An IPv6 address is in brackets. */
  readonly host: string;
  readonly port: number;
}

export interface Organisation {
  /** Name of its group, which need not be its MSP id. */
  readonly name: string;
  readonly mspId: string;
  /** Anchor peers; of an application organisation. */
  readonly anchors: readonly HostPort[];
  /** Addresses of orderers, `host:port`; of an orderer organisation. */
  readonly endpoints: readonly string[];
}

export interface Consensus {
  /** `etcdraft`, `BFT`, formerly `solo` or `kafka`. */
  readonly type: string;
  readonly isInMaintenance: boolean;
  /** With Raft. */
  readonly raft: readonly RaftConsenter[];
  /** With BFT: who signs blocks. */
  readonly bft: readonly BftConsenter[];
  /** The metadata of the type, undecoded. */
  readonly metadata: Uint8Array;
}

export interface Capabilities {
  readonly channel: readonly string[];
  readonly application: readonly string[];
  readonly orderer: readonly string[];
}

/** Immutable; the next configuration is a new value. */
export interface ChannelConfiguration {
  readonly channel: string;
  readonly sequence: bigint;
  /** Number of the block that contains it. */
  readonly blockNumber: bigint;
  readonly tree: ConfigTree;
  readonly organisations: readonly Organisation[];
  readonly ordererOrganisations: readonly Organisation[];
  readonly msps: ChannelMsps;
  /** Policies by their full names, like `/Channel/Application/Readers`. */
  readonly policies: ReadonlyMap<string, Policy>;
  readonly capabilities: Capabilities;
  /** Whether orderers may sign blocks by their number (capability V3_0). */
  readonly isBft: boolean;
  readonly consensus: Consensus | undefined;
  readonly batch:
    | {
        readonly messagesMax: number;
        readonly absoluteBytesMax: number;
        readonly preferredBytesMax: number;
        /** As written, like `2s`. */
        readonly timeout: string;
      }
    | undefined;
  /** For the whole channel, as before Fabric 1.4.2. */
  readonly ordererAddresses: readonly string[];
  /** Full names of policies by resource, like `qscc/GetChainInfo`. */
  readonly acls: ReadonlyMap<string, string>;
  /**
   * Empty: Fabric would take it as it is. Otherwise nothing that was signed under it is to be
   * trusted by us: we may not know the rules that are in force.
   */
  readonly faults: readonly ConfigFault[];
  /** Legal but probably unintended, one sentence each. */
  readonly warnings: readonly string[];
}
