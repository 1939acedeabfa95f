/**
 * Pauses between dials that lead to nothing: the peer ends our connection at once because it does not
 * trust us, or nobody answers. Kept by certificate, so that a new PKI-ID is no new chance, and by
 * endpoint, so that many peers together cannot make us dial one address.
 */
import { BoundedMap } from "../lib/bounded-map.ts";
import type { ConnectionFault } from "./connection-options.ts";
import { STATUS_FAULTS } from "./grpc-status.ts";
import type { Refused } from "./refusal.ts";
import { TLS_FAULTS } from "./tls-fault.ts";

interface Pause {
  readonly end: Refused | undefined;
  readonly untilMs: number;
  readonly pauseMs: number;
}

const FIRST_PAUSE_MS = 500;
const PAUSE_MAX_MS = 16_000;
/** A peer that nobody answers for may be restarting. */
const UNANSWERED_PAUSE_MAX_MS = 4_000;
const PEERS_MAX = 1_000;
/** Faults that say nothing of the peer. */
const OUR_OWN = new Set<ConnectionFault>(["stopped", "no-endpoint", "connections-full"]);
/** Nobody there speaks gossip. */
const NOBODY_THERE = new Set<ConnectionFault>([
  ...TLS_FAULTS,
  ...STATUS_FAULTS,
  "unreachable",
  "name-unresolved",
  "denied",
  "timeout",
  "protocol",
]);

export class DialBackoff {
  /** The oldest pause comes first. */
  readonly #byPeer = new BoundedMap<string, Pause>(PEERS_MAX);

  /** A dial led to nothing. */
  note(pkiId: string, nowMs: number, pauseMaxMs = PAUSE_MAX_MS, end?: Refused): void {
    const before = this.#byPeer.get(pkiId)?.pauseMs ?? FIRST_PAUSE_MS / 2;
    const pauseMs = Math.min(2 * before, pauseMaxMs);
    this.#byPeer.set(pkiId, { untilMs: nowMs + pauseMs, pauseMs, end });
  }

  /** A dial to the peer of this name at this endpoint has failed. */
  noteFault(name: string, endpoint: string, fault: ConnectionFault, nowMs: number): void {
    if (OUR_OWN.has(fault)) return;
    this.note(name, nowMs, UNANSWERED_PAUSE_MAX_MS);
    // Whoever answers in another's place is no reason to leave that endpoint alone.
    if (NOBODY_THERE.has(fault)) this.note(endpoint, nowMs, UNANSWERED_PAUSE_MAX_MS);
  }

  /** A connection with it has ended. */
  noteEnd(pkiId: string, hasRefused: boolean, nowMs: number, end?: Refused): void {
    if (hasRefused || end) this.note(pkiId, nowMs, PAUSE_MAX_MS, end);
    else this.forget(pkiId);
  }

  /** The peer talks with us after all. */
  forget(pkiId: string): void {
    this.#byPeer.delete(pkiId);
  }

  /** The pause that holds for one of these now. */
  find(names: readonly string[], nowMs: number): Pause | undefined {
    return names.flatMap((name) => this.of(name, nowMs) ?? [])[0];
  }

  /** Its pause if it is to be left alone at present. */
  of(pkiId: string, nowMs: number): Pause | undefined {
    const pause = this.#byPeer.get(pkiId);
    return pause && pause.untilMs > nowMs ? pause : undefined;
  }
}
