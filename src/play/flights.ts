/** Messages in transit. */
import { glance, type Kind } from "../../simulation/wire-kind.ts";
import type { Player } from "./player.ts";

export interface Flight {
  readonly id: number;
  readonly kind: Kind;
  readonly from: number;
  readonly to: number;
  readonly bytes: Uint8Array;
  readonly sentMs: number;
}

/** A message not delivered within this time was lost with its link. */
const LOST_MS = 85_000;

export class Flights {
  /** By sender and receiver, in the order of sending. */
  readonly #flying = new Map<number, Flight[]>();
  #lastId = 0;

  /** All messages in transit, oldest first per pair. */
  *list(): Generator<Flight, undefined> {
    for (const flights of this.#flying.values()) yield* flights;
    return undefined;
  }

  sent(from: Player, to: Player, bytes: Uint8Array, nowMs: number): void {
    const key = keyOf(from.index, to.index);
    const flights = this.#flying.get(key) ?? [];
    while (flights[0] !== undefined && flights[0].sentMs < nowMs - LOST_MS) flights.shift();
    flights.push(this.#make(from, to, bytes, nowMs));
    this.#flying.set(key, flights);
  }

  /** The message that has arrived. */
  delivered(from: Player, to: Player, bytes: Uint8Array, nowMs: number): Flight {
    const flights = this.#flying.get(keyOf(from.index, to.index)) ?? [];
    // The network delivers the same byte object that was sent.
    const place = flights.findIndex((flight) => flight.bytes === bytes);
    const [found] = place < 0 ? [] : flights.splice(place, 1);
    return found ?? this.#make(from, to, bytes, nowMs);
  }

  /** Drops the messages of a member whose links are gone. */
  forget({ index }: Player): void {
    for (const [key, [first]] of this.#flying) {
      if (first?.from === index || first?.to === index) this.#flying.delete(key);
    }
  }

  #make(from: Player, to: Player, bytes: Uint8Array, sentMs: number): Flight {
    this.#lastId += 1;
    const { kind } = glance(bytes);
    return { id: this.#lastId, kind, from: from.index, to: to.index, bytes, sentMs };
  }
}

function keyOf(from: number, to: number): number {
  return from * 1_024 + to;
}
