import { hostOf } from "../lib/host-of.ts";
import { originOf } from "../lib/origin.ts";
import { Standing } from "../lib/standing.ts";
import type { ConnectionFault } from "./connection-options.ts";
import { type Handshake, type HandshakeOptions, shakeHands } from "./handshake.ts";
import { refusalWords } from "./handshake-fault.ts";
import type { Cancel, Clock, Link, LinkEvents } from "./network.ts";

interface InboundEvents {
  accepted(link: Link, handshake: Handshake): LinkEvents | undefined;
  failed(fault: ConnectionFault, remoteAddress: string, reason: string): void;
}

/** Handshakes under way with those who dialled us, the oldest first. */
export class InboundHandshakes {
  readonly #events: InboundEvents;
  readonly #max: number;
  readonly #pending = new Map<Link, Cancel>();
  readonly #standing: Standing;

  constructor(max: number, clock: Clock, events: InboundEvents) {
    this.#max = max;
    this.#standing = new Standing(() => clock.now().elapsedMs);
    this.#events = events;
  }

  accept(link: Link, options: Omit<HandshakeOptions, "link" | "probe">): void {
    this.#makeRoom();
    const cancel = shakeHands(
      { ...options, link, probe: false },
      {
        refused: (fault, reason) => {
          this.#pending.delete(link);
          this.#fail(fault, link, reason);
        },
        accepted: (handshake) => {
          this.#pending.delete(link);
          return this.#events.accepted(link, handshake);
        },
      },
    );
    this.#pending.set(link, cancel);
  }

  /**
   * If there are as many as are allowed: gives up the one that takes longest, of the origin that has
   * most of them, or has failed most often. Neither silent ones nor a crowd keep others out.
   */
  #makeRoom(): void {
    if (this.#pending.size < this.#max) return;
    const worst = this.#standing.worstOf([...this.#pending.keys()].map(originOfLink));
    const slowest = [...this.#pending].find(([link]) => originOfLink(link) === worst);
    if (slowest === undefined) return;
    const [link, cancel] = slowest;
    this.#pending.delete(link);
    link.close(refusalWords("handshakes-full")); // First: cancelling would close it without a reason.
    cancel();
    this.#fail("handshakes-full", link, "");
  }

  #fail(fault: ConnectionFault, link: Link, reason: string): void {
    this.#standing.failed(originOfLink(link));
    this.#events.failed(fault, link.remoteAddress, reason);
  }

  cancelAll(): void {
    for (const cancel of [...this.#pending.values()]) cancel();
  }
}

function originOfLink({ remoteAddress }: Link): string {
  return originOf(hostOf(remoteAddress));
}
