import { hostOf } from "../lib/host-of.ts";
import type { ConnectionFault } from "./connection-options.ts";
import { type Handshake, type HandshakeOptions, shakeHands } from "./handshake.ts";
import { refusalWords } from "./handshake-fault.ts";
import type { Cancel, Link, LinkEvents } from "./network.ts";

interface InboundEvents {
  accepted(link: Link, handshake: Handshake): LinkEvents | undefined;
  failed(fault: ConnectionFault, remoteAddress: string, reason: string): void;
}

/** Handshakes under way with those who dialled us, the oldest first. */
export class InboundHandshakes {
  readonly #events: InboundEvents;
  readonly #max: number;
  readonly #pending = new Map<Link, Cancel>();

  constructor(max: number, events: InboundEvents) {
    this.#max = max;
    this.#events = events;
  }

  accept(link: Link, options: Omit<HandshakeOptions, "link" | "probe">): void {
    this.#makeRoom();
    const cancel = shakeHands(
      { ...options, link, probe: false },
      {
        refused: (fault, reason) => {
          this.#pending.delete(link);
          this.#events.failed(fault, link.remoteAddress, reason);
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
   * If there are as many as are allowed: gives up the one that takes longest, of the address that has
   * most of them. Neither silent ones nor a crowd from one place keep others out.
   */
  #makeRoom(): void {
    if (this.#pending.size < this.#max) return;
    const byHost = Map.groupBy(this.#pending, ([{ remoteAddress }]) => hostOf(remoteAddress));
    const [largest] = [...byHost.values()].toSorted((a, b) => b.length - a.length);
    const [slowest] = largest ?? [];
    if (slowest === undefined) return;
    const [link, cancel] = slowest;
    this.#pending.delete(link);
    link.close(refusalWords("handshakes-full")); // First: cancelling would close it without a reason.
    cancel();
    this.#events.failed("handshakes-full", link.remoteAddress, "");
  }

  cancelAll(): void {
    for (const cancel of [...this.#pending.values()]) cancel();
  }
}
