/** What a node is made of. */
import type { Core } from "../core/core.ts";
import type { Crypto, Identity, Signer } from "../core/types/host.ts";
import type { CoreOptions } from "../core/types/options.ts";
import type { Msp } from "../msp/msp.ts";
import type { Traffic } from "../observe/counters.ts";
import type { Meters } from "../observe/meters.ts";
import type { ConnectionsOptions } from "../transport/connection-options.ts";
import type { Clock, Network } from "../transport/network.ts";
import type { CallPeer } from "../transport/unary.ts";
import type { ChannelParts } from "./channel-sources.ts";
import type { NameService } from "./name-service.ts";

/** Options that no configuration file has. */
export interface StartOptions {
  /** Signs with the enrolment key in place of a key file (an HSM). Default: the key in the MSP folder. */
  readonly signer?: Signer;
  /** Answers where `fabricGossip.bootstrapNames` lead, in place of DNS. Default: DNS. */
  readonly nameService?: NameService;
  /** Gets a sentence for each probable mistake. Default: nobody. */
  readonly warn?: (sentence: string) => void;
}

/** Puts something between the gossip and the network, to break it on purpose. */
export type WrapNetwork = (network: Network) => Network;

/** Everything a node is made of. `assemble` makes these from a configuration. */
export interface NodeParts {
  readonly core: Omit<CoreOptions, "crypto">;
  readonly crypto: Crypto;
  readonly signer: Signer;
  readonly network: Network;
  readonly clock: Clock;
  readonly connections: Pick<ConnectionsOptions, "timeouts" | "limits">;
  /** Published from the start; default: none. */
  readonly tags?: Readonly<Record<string, string>>;
  /** Events kept for a listener that does not read; default 1_000. */
  readonly eventsMax?: number;
  /** Channels to follow; default: none. */
  readonly channels?: ChannelParts | undefined;
  /** Calls services of peers other than gossip; default: none is called. */
  readonly call?: CallPeer;
  /** Totals of the network, for metrics; default: nothing counted. */
  readonly traffic?: () => Traffic;
  /** What is measured beside the node, for metrics; default: nothing. */
  readonly meters?: Meters;
  /** Whether it asks who answers at its endpoints, and tells what is wrong with it; default: no. */
  readonly watchesItself?: boolean;
  /** Names that lead to contacts; default: none. */
  readonly names?: BootstrapNames;
  /** How long the signer may take; default 10_000 ms. */
  readonly signerTimeoutMs?: number;
  /** Carries out a change of trust (see `GossipNode.setTrust`). */
  readonly setTrust?: (msps: readonly Msp[]) => void;
  /** Reads everything again and puts trust and TLS in force (see `GossipNode.reload`). */
  readonly reload?: () => Promise<Reloaded>;
  /** Keeps the incarnation for the next life: awaited before the node gossips, and called when it is raised. */
  readonly keep?: (incarnation: bigint) => Promise<void>;
  /** Keeps where members are for the next life; default: nothing is kept. */
  readonly keepMembers?: (core: Core, clock: Clock) => KeptMembers;
  /** Called once when the node has been closed. */
  readonly closed?: () => void;
}

export interface KeptMembers {
  /** Writes the last change. */
  stop(): Promise<void>;
}

export interface BootstrapNames {
  readonly names: readonly string[];
  readonly service: NameService;
  /** Told of everything that they lead to, before it is dialled. */
  readonly resolved: (endpoints: readonly string[]) => void;
}

/** What reading the files again has led to, beside trust and TLS. */
interface Reloaded {
  /** Undefined if our certificate or key cannot be used: the ones we have stay. */
  readonly own: { readonly self: Identity; readonly signer: Signer } | undefined;
  /** What could not be used and stays as it was, one sentence each. */
  readonly problems: readonly string[];
}
