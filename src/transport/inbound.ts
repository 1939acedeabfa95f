/** Handshakes with diallers that are under way, the oldest first. */
import type { Cancel, Link } from "./network.ts";

export class Inbound {
  readonly #handshakes = new Map<Link, Cancel>();

  add(link: Link, cancel: Cancel): void {
    this.#handshakes.set(link, cancel);
  }

  delete(link: Link): void {
    this.#handshakes.delete(link);
  }

  /**
   * If there are `max` or more: gives up the one that takes longest, of the address that has most of
   * them, and returns its link. Neither silent ones nor a crowd from one place keep others out.
   */
  makeRoom(max: number): Link | undefined {
    if (this.#handshakes.size < max) return undefined;
    const byHost = Map.groupBy(this.#handshakes, ([{ remoteAddress }]) => hostOf(remoteAddress));
    const [largest] = [...byHost.values()].toSorted((a, b) => b.length - a.length);
    const [slowest] = largest ?? [];
    if (slowest === undefined) return undefined;
    const [link, cancel] = slowest;
    this.#handshakes.delete(link);
    cancel();
    return link;
  }

  cancelAll(): void {
    for (const cancel of [...this.#handshakes.values()]) cancel();
  }
}

function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(":"));
}
