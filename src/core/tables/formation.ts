/**
 * A network that is forming: for a moment everybody's picture of it changes with each message, and so
 * would everybody's neighbours. Who is connected already passes messages on meanwhile: mostly that is a
 * bootstrap peer, to which all are connected, and nobody dials a neighbour of a moment.
 */
import type { Now, PkiId } from "../types/host.ts";

export interface Formation {
  /** Who is connected with us; at most {@link CONNECTED_MAX}. */
  readonly connected: Set<PkiId>;
  /** When somebody last became alive, in elapsed milliseconds. */
  arrivedMs: number;
}

/** Among more members a bootstrap peer would pass too many messages on. */
const MEMBERS_MAX = 128;
/** More are no part of a small network. */
const CONNECTED_MAX = 1_000;
/** After so long without an arrival the network has its shape. */
const CALM_MS = 2_000;

export function createFormation(): Formation {
  return { connected: new Set(), arrivedMs: Number.NEGATIVE_INFINITY };
}

export function noteConnected({ connected }: Formation, pkiId: PkiId): void {
  if (connected.size < CONNECTED_MAX) connected.add(pkiId);
}

export function noteClosed({ connected }: Formation, pkiId: PkiId): void {
  connected.delete(pkiId);
}

export function noteArrival(formation: Formation, now: Now): void {
  formation.arrivedMs = now.elapsedMs;
}

/** Whether we, who are new until `newUntilMs`, see a small network that is forming still. */
export function isForming(
  { arrivedMs }: Formation,
  aliveCount: number,
  newUntilMs: number,
  { elapsedMs }: Now,
): boolean {
  return elapsedMs < newUntilMs && aliveCount <= MEMBERS_MAX && elapsedMs - arrivedMs < CALM_MS;
}
