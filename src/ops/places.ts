/**
 * Who may be connected to an HTTP server. Idle connections give way to newcomers, and a few places
 * are left for those who only ask whether we are well: a probe must never find the door blocked.
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Connections that may ask for anything; a page has up to six. */
const PLACES_MAX = 256;
/** Beyond those, for requests that are answered in all circumstances. */
const RESERVE = 16;
/** Requests of one connection that are answered at a time. Nobody we know sends a second one. */
const REQUESTS_MAX = 4;

/** What there is a place for: any answer, one about our health only, or none. */
type Place = "any" | "health" | "none";

interface Guest {
  readonly socket: Socket;
  /** Requests that are being answered, event streams among them. */
  requests: number;
  /** In the reserve: it came when all places were taken by others with a request. */
  isExtra: boolean;
}

export class Places {
  /** By remote port and address; the one that has been idle for longest first. */
  readonly #guests = new Map<string, Guest>();

  constructor(server: Server) {
    server.on("connection", (socket) => this.#admit(socket));
  }

  /** Notes that a request is being answered until its response is closed. */
  hold({ socket }: IncomingMessage, response: ServerResponse): Place {
    const key = keyOf(socket);
    const guest = this.#guests.get(key);
    // Cut a moment ago: nobody hears the answer.
    if (guest === undefined || guest.requests >= REQUESTS_MAX) return "none";
    guest.requests += 1;
    response.once("close", () => {
      guest.requests -= 1;
      if (this.#guests.delete(key)) this.#guests.set(key, guest);
    });
    return guest.isExtra ? "health" : "any";
  }

  #admit(socket: Socket): void {
    socket.on("error", () => {}); // The close event that follows tells the rest.
    const isFull = !this.#hasRoom(false, PLACES_MAX);
    if (isFull && !this.#hasRoom(true, RESERVE)) {
      socket.destroy();
      return;
    }
    const key = keyOf(socket);
    this.#guests.set(key, { socket, requests: 0, isExtra: isFull });
    socket.once("close", () => this.#guests.delete(key));
  }

  /** Whether there is a place of this kind, if need be that of an idle connection. */
  #hasRoom(isExtra: boolean, max: number): boolean {
    const taken = [...this.#guests.values()].filter((guest) => guest.isExtra === isExtra);
    return taken.length < max || this.#cutIdle(isExtra);
  }

  /** Ends the connection that has been without a request for longest; false if there is none. */
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

function keyOf({ remoteAddress, remotePort }: Socket): string {
  return `${remotePort} ${remoteAddress}`;
}
