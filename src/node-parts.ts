/** What a node is made of, and what it counts. */
import type { Crypto, Identity, Signer } from "./core/abilities.ts";
import type { CoreOptions } from "./core/options.ts";
import type { EventCounts } from "./event-counts.ts";
import type { Meters } from "./meters.ts";
import type { Msp } from "./msp/msp.ts";
import type { ConnectionsOptions } from "./transport/connection-options.ts";
import type { Clock, Network } from "./transport/network.ts";

/** What a configuration file cannot say. */
export interface StartOptions {
  /** Signs with the enrolment key in place of a key file (an HSM). Default: the key in the MSP folder. */
  readonly signer?: Signer;
  /** Gets a sentence for each thing that is allowed but probably not meant. Default: nobody. */
  readonly warn?: (sentence: string) => void;
  /** Puts something between the gossip and the network, to break it on purpose. Default: nothing. */
  readonly network?: (network: Network) => Network;
}

/** Everything a node is made of. `startNode` makes these from a configuration. */
export interface NodeParts {
  readonly core: Omit<CoreOptions, "crypto">;
  readonly crypto: Crypto;
  readonly signer: Signer;
  readonly network: Network;
  readonly clock: Clock;
  readonly connections: Pick<ConnectionsOptions, "timeouts" | "limits">;
  /** Events kept for a listener that does not read; default 1_000. */
  readonly eventsMax?: number;
  /** Channels of the configuration; default: none. */
  readonly channels?: readonly { readonly name: string; readonly configBlock: string }[];
  /** Totals of the network, for metrics; default: nothing counted. */
  readonly traffic?: () => Traffic;
  /** What is measured beside the node, for metrics; default: nothing. */
  readonly meters?: Meters;
  /** Whether it asks who answers at its endpoints, and tells what is wrong with it; default: no. */
  readonly watchesItself?: boolean;
  /** How long the signer may take; default 10_000 ms. */
  readonly signerTimeoutMs?: number;
  /** Carries out a change of trust (see `GossipNode.setTrust`). */
  readonly setTrust?: (msps: readonly Msp[]) => void;
  /** Reads everything again and puts trust and TLS in force (see `GossipNode.reload`). */
  readonly reload?: () => Promise<Reloaded>;
  /** Called once when the node has been closed. */
  readonly closed?: () => void;
}

/** What reading the files again has led to, beside trust and TLS. */
export interface Reloaded {
  /** Undefined if our certificate or key cannot be used: the ones we have stay. */
  readonly own: { readonly self: Identity; readonly signer: Signer } | undefined;
  /** What could not be used and stays as it was, one sentence each. */
  readonly problems: readonly string[];
}

/** What went over the network since it was started. */
export interface Traffic {
  /** Gossip messages, handshakes among them. */
  readonly messagesSent: number;
  /** The same, received. */
  readonly messagesReceived: number;
  /** Bytes of the messages, encoded; without TLS and HTTP/2. */
  readonly bytesSent: number;
  /** The same, received. */
  readonly bytesReceived: number;
  /** Incoming sockets. */
  readonly accepted: number;
  /** Incoming sockets that are gone again. */
  readonly acceptedClosed: number;
  /** Incoming sockets that never became a gossip stream, by reason. */
  readonly refused: Readonly<Record<string, number>>;
}

export const NO_TRAFFIC: Traffic = {
  messagesSent: 0,
  messagesReceived: 0,
  bytesSent: 0,
  bytesReceived: 0,
  accepted: 0,
  acceptedClosed: 0,
  refused: {},
};

/** What the node has counted since it started, for metrics. Keys are codes. */
export interface Counts {
  /** Messages received and not used, by code. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Handshakes that failed, by code. */
  readonly handshakesFailed: Readonly<Record<string, number>>;
  /** These go on counting: copy what is compared later. */
  readonly events: EventCounts;
  /** Messages dropped because too many waited for their peer. */
  readonly overflows: number;
  /** What could not be used when files were last read again; 0 = all is as the files say. */
  readonly reloadProblems: number;
  /** Signatures made with the enrolment key, those of handshakes left out. */
  readonly signatures: number;
  /** Identities that we can hand on when they are pulled. */
  readonly identitiesOffered: number;
  /** What went over the network. */
  readonly traffic: Traffic;
  /** What is measured beside the node: signature checks, traffic by message type, certificates. */
  readonly meters: Meters | undefined;
}
