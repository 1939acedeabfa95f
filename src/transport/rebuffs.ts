/**
 * Dials that led to nothing: the peer ended our connection at once, since it does not trust us, or
 * nobody was there. They are repeated after a pause that grows, not for every message that we would
 * have. Kept by certificate, so that other names of one peer are no new chances, and by endpoint, so
 * that many peers together cannot have us knock at one door.
 */

interface Rebuff {
  readonly untilMs: number;
  readonly pauseMs: number;
}

const FIRST_PAUSE_MS = 500;
const PAUSE_MAX_MS = 16_000;
/** A peer that nobody answers for may be restarting. */
export const UNANSWERED_PAUSE_MAX_MS = 4_000;
const PEERS_MAX = 1_000;

export class Rebuffs {
  /** Whoever rebuffed us longest ago comes first. */
  readonly #byPeer = new Map<string, Rebuff>();

  /** A dial led to nothing. */
  note(pkiId: string, nowMs: number, pauseMaxMs = PAUSE_MAX_MS): void {
    const before = this.#byPeer.get(pkiId)?.pauseMs ?? FIRST_PAUSE_MS / 2;
    const pauseMs = Math.min(2 * before, pauseMaxMs);
    this.#byPeer.delete(pkiId);
    if (this.#byPeer.size >= PEERS_MAX) {
      const [oldest] = this.#byPeer.keys();
      if (oldest !== undefined) this.#byPeer.delete(oldest);
    }
    this.#byPeer.set(pkiId, { untilMs: nowMs + pauseMs, pauseMs });
  }

  /** A connection with it has ended. */
  noteEnd(pkiId: string, isRebuff: boolean, nowMs: number): void {
    if (isRebuff) this.note(pkiId, nowMs);
    else this.forget(pkiId);
  }

  /** It talks with us after all. */
  forget(pkiId: string): void {
    this.#byPeer.delete(pkiId);
  }

  /** Whether it is to be left alone at present. */
  has(pkiId: string, nowMs: number): boolean {
    return (this.#byPeer.get(pkiId)?.untilMs ?? 0) > nowMs;
  }
}
