/**
 * Lists revive nobody: a member that a ping has found gone returns only by a later first-hand message,
 * from itself or as gossip. The checker reads every message, so it allows no delay and no exceptions.
 */
import type { GossipEvent } from "../../src/observe/events.ts";
import { aliveMessagesIn } from "../habits.ts";
import type { SimulatedMember } from "../member.ts";
import { glance } from "../wire-kind.ts";
import { type Report, who } from "./checker.ts";
import { readAlive } from "./wire-reader.ts";

/** Maximum time from the arrival of a message to the event that follows from it. */
const LATE_MS = 1_000;

export class HearsayChecker {
  readonly #report: Report;
  /** When a ping found a member gone, by life and PKI-ID. */
  readonly #goneMs = new Map<string, number>();
  /** When a message of it was last delivered first-hand, by life and PKI-ID. */
  readonly #heardMs = new Map<string, number>();

  constructor(report: Report) {
    this.#report = report;
  }

  hear(to: SimulatedMember, bytes: Uint8Array, nowMs: number): void {
    const { kind } = glance(bytes);
    if (to.life === undefined || (kind !== "alive" && kind !== "membership-request")) return;
    for (const one of aliveMessagesIn(bytes)) {
      const said = readAlive(one);
      if (said) this.#heardMs.set(`${to.life.number} ${said.pkiId}`, nowMs);
    }
  }

  /** It was started anew: whoever lists it then tells the truth, however soon it ends. */
  began(pkiId: string): void {
    for (const key of this.#goneMs.keys()) if (key.endsWith(pkiId)) this.#goneMs.delete(key);
  }

  /** Call for each event about a member that has ended. `key`: life and PKI-ID. */
  check(
    key: string,
    observer: SimulatedMember,
    event: GossipEvent,
    subject: SimulatedMember,
    atMs: number,
  ): void {
    const goneMs = this.#goneMs.get(key);
    if (event.type === "member-dead" && event.reason === "unreachable") {
      this.#goneMs.set(key, atMs);
      return;
    }
    if (event.type === "member-updated") return;
    this.#goneMs.delete(key);
    if (goneMs === undefined || event.type !== "member-returned" || subject.isHostile) return;
    const heardMs = this.#heardMs.get(key) ?? Number.NEGATIVE_INFINITY;
    if (subject.life !== undefined || heardMs >= goneMs - LATE_MS) return;
    const whom = who(subject, event.member.pkiId);
    this.#report(atMs, `${observer.name} revives ${whom}, of whom only lists have told`);
  }
}
