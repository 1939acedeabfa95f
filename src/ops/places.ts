/**
 * Connection slots of an HTTP server. Idle connections yield to newcomers, and a few slots are
 * reserved for health checks, so that a probe always gets in.
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Slots for any request; a page opens up to six connections. */
const PLACES_MAX = 256;
/** Additional slots for requests that are always answered. */
const RESERVE = 16;
/** Concurrent requests per connection. No known client sends a second one. */
const REQUESTS_MAX = 4;

/** What there is a place for: any answer, one about our health only, or none. */
type Place = "any" | "health" | "none";

interface Guest {
  readonly socket: Socket;
  /** Requests in progress, including event streams. */
  requests: number;
  /** In the reserve: it arrived when active connections held all other slots. */
  isExtra: boolean;
}

export class Places {
  /** By remote port and address, the longest idle first. */
  readonly #guests = new Map<string, Guest>();

  constructor(server: Server) {
    server.on("connection", (socket) => this.#admit(socket));
  }

  /** Records a request until its response closes. */
  hold({ socket }: IncomingMessage, response: ServerResponse): Place {
    const key = keyOf(socket);
    const guest = this.#guests.get(key);
    // Already closed; nobody hears the answer.
    if (guest === undefined || guest.requests >= REQUESTS_MAX) return "none";
    guest.requests += 1;
    response.once("close", () => {
      guest.requests -= 1;
      if (this.#guests.get(key) !== guest) return;
      this.#guests.delete(key);
      this.#guests.set(key, guest);
    });
    return guest.isExtra ? "health" : "any";
  }

  #admit(socket: Socket): void {
    socket.on("error", () => {}); // The close event that follows does the rest.
    const isFull = !this.#hasRoom(false, PLACES_MAX);
    if (isFull && !this.#hasRoom(true, RESERVE)) {
      socket.destroy();
      return;
    }
    const key = keyOf(socket);
    // Who resets a connection may come again from the same port before its close event.
    this.#guests.get(key)?.socket.destroy();
    this.#guests.set(key, { socket, requests: 0, isExtra: isFull });
    socket.once("close", () => {
      if (this.#guests.get(key)?.socket === socket) this.#guests.delete(key);
    });
  }

  /** Whether a slot of this kind is free, or can be taken from an idle connection. */
  #hasRoom(isExtra: boolean, max: number): boolean {
    const taken = [...this.#guests.values()].filter((guest) => guest.isExtra === isExtra);
    return taken.length < max || this.#cutIdle(isExtra);
  }

  /** Closes the longest idle connection; false if there is none. */
  #cutIdle(isExtra: boolean): boolean {
    for (const [key, guest] of this.#guests) {
      if (guest.requests > 0 || guest.isExtra !== isExtra) continue;
      this.#guests.delete(key);
      guest.socket.destroy();
      return true;
    }
    return false;
  }
}

/** The same for a TLS socket and the socket below it. */
export function keyOf({ remoteAddress, remotePort }: Socket): string {
  return `${remotePort} ${remoteAddress}`;
}
