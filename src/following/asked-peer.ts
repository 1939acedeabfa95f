/** A peer that we ask for blocks, however we are connected to it. */
import type { Identity } from "../core/types/host.ts";
import type { HandshakeFault } from "../transport/handshake-fault.ts";
import type { NetworkFault } from "../transport/network.ts";
import type { GossipMessage, GossipMessageInit } from "../wire/messages.ts";

/** Why a peer did not answer. */
export type AskFault =
  | NetworkFault
  | HandshakeFault
  /** No answer in time. In gossip silence is how a peer refuses: the request is not repeated. */
  | "silent"
  /** Something arrived that is no gossip message. */
  | "malformed";

/** A fault with what was said about it. */
export type Asked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly code: AskFault; readonly reason: string };

/** What takes a message for its answer; undefined: it is another message. */
export type Match<T> = (message: GossipMessage) => T | undefined;

export interface AskedPeer {
  readonly identity: Identity;
  /** For people: its endpoint, or what our user calls it. */
  readonly name: string;
  nonce(): bigint;
  /**
   * Sends a request when all before are answered, and waits for its answer. `kind`: what must not be
   * asked again after silence.
   */
  ask<T>(kind: string, request: GossipMessageInit, match: Match<T>): Promise<Asked<T>>;
}
