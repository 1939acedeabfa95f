/** A peer that we ask for blocks, over whatever connection. */
import type { Identity } from "../core/types/host.ts";
import type { HandshakeFault } from "../transport/handshake-fault.ts";
import type { Clock, NetworkFault } from "../transport/network.ts";
import type { GossipMessage, GossipMessageInit } from "../wire/messages.ts";

/** Why a peer did not answer. */
export type AskFault =
  | NetworkFault
  | HandshakeFault
  /** No answer in time. In gossip, silence is how a peer refuses: the request is not repeated. */
  | "silent"
  /** Received bytes that are no gossip message. */
  | "malformed";

/** A fault with its detail. `isOld`: it is of an earlier question; this one was not sent. */
export type Asked<T> =
  | { readonly ok: true; readonly value: T }
  | {
      readonly ok: false;
      readonly code: AskFault;
      readonly reason: string;
      readonly isOld?: boolean;
    };

/** Recognises the answer among messages; undefined: another message. */
export type Match<T> = (message: GossipMessage) => T | undefined;

export interface AskedPeer {
  readonly identity: Identity;
  /** For display: its endpoint, or the user's name for it. */
  readonly name: string;
  /** By which its answers are read in turns: virtual in a simulation. */
  readonly clock: Clock;
  nonce(): bigint;
  /**
   * Sends a request after all earlier ones are complete, and waits for its answer. `kind` is not
   * requested again after silence.
   */
  ask<T>(kind: string, request: GossipMessageInit, match: Match<T>): Promise<Asked<T>>;
}
