/**
 * Peers that accept our connections only to end them: they do not trust us, or not any more. They are
 * dialled again after a pause that grows, not for every message that we would have for them.
 */
import type { PkiId } from "../core/abilities.ts";

interface Rebuff {
  readonly untilMs: number;
  readonly pauseMs: number;
}

const FIRST_PAUSE_MS = 500;
const PAUSE_MAX_MS = 16_000;
const PEERS_MAX = 1_000;

export class Rebuffs {
  /** Whoever rebuffed us longest ago comes first. */
  readonly #byPeer = new Map<PkiId, Rebuff>();

  /** It ended a connection that we had dialled, at once and without a word. */
  note(pkiId: PkiId, nowMs: number): void {
    const before = this.#byPeer.get(pkiId)?.pauseMs ?? FIRST_PAUSE_MS / 2;
    const pauseMs = Math.min(2 * before, PAUSE_MAX_MS);
    this.#byPeer.delete(pkiId);
    if (this.#byPeer.size >= PEERS_MAX) {
      const [oldest] = this.#byPeer.keys();
      if (oldest !== undefined) this.#byPeer.delete(oldest);
    }
    this.#byPeer.set(pkiId, { untilMs: nowMs + pauseMs, pauseMs });
  }

  /** A connection with it has ended. */
  noteEnd(pkiId: PkiId, isRebuff: boolean, nowMs: number): void {
    if (isRebuff) this.note(pkiId, nowMs);
    else this.forget(pkiId);
  }

  /** It talks with us after all. */
  forget(pkiId: PkiId): void {
    this.#byPeer.delete(pkiId);
  }

  /** Whether it is to be left alone at present. */
  has(pkiId: PkiId, nowMs: number): boolean {
    return (this.#byPeer.get(pkiId)?.untilMs ?? 0) > nowMs;
  }
}
