/**
 * Newcomers of an HTTPS server. A handshake takes about a millisecond, and hundreds may arrive together;
 * OpenSSL works through all that it is given in one go, be it key updates of TLS 1.3 or a long chain.
 */
import type { Server } from "node:http";
import type { Socket } from "node:net";
import type { FairScheduler } from "../transport/limits.ts";
import { threadCpuMs } from "../transport/patience.ts";
import { Caution, nameAsBelow, PiecewiseSocket } from "../transport/piecewise-socket.ts";
import { SocketWatch, type WatchedSocket } from "../transport/socket-watch.ts";
import { keyOf } from "./places.ts";

/** After a long chain that took much time, so long none is taken. */
const CAUTION_MS = 600_000;

interface Guest {
  readonly watched: WatchedSocket;
  isGreeted: boolean;
}

/** `begins`: what would listen to connections without us; it begins TLS. */
export function greetInTurns(
  server: Server,
  begins: ReturnType<Server["listeners"]>,
  turns: FairScheduler,
): void {
  const watch = new SocketWatch();
  const guests = new Map<string, Guest>();
  const caution = new Caution(CAUTION_MS);
  server.on("connection", (socket: Socket) => {
    if (socket.destroyed) return; // There was no place for it.
    const read = piecewise(socket);
    for (const begin of begins) Reflect.apply(begin, server, [read]);
  });

  /** What TLS is to read: each piece in a turn of its own. */
  const piecewise = (socket: Socket): PiecewiseSocket => {
    const key = keyOf(socket);
    const read = new PiecewiseSocket(socket);
    const events = { cut: () => read.destroy() };
    const watched = watch.watch(read, socket.remoteAddress ?? "", events, true);
    const guest: Guest = { watched, isGreeted: false };
    guests.set(key, guest);
    read.on("error", () => {}); // The close event that follows does the rest.
    read.obey({
      isProven: () => false,
      ...caution.rulesFor(read, () => !guest.isGreeted, events.cut, threadCpuMs),
      rest: () => {
        if (!guest.isGreeted) {
          watched.rest();
          return;
        }
        read.setReading(false);
        turns.wait(() => read.setReading(true));
      },
    });
    socket.once("close", () => {
      watched.forget();
      if (guests.get(key) === guest) guests.delete(key);
    });
    return read;
  };

  server.prependListener("tlsClientError", (_error: Error, socket: Socket) => nameAsBelow(socket));
  server.prependListener("secureConnection", (socket: Socket) => {
    nameAsBelow(socket);
    const guest = guests.get(keyOf(socket));
    if (guest === undefined) return;
    guest.isGreeted = true;
    guest.watched.readingBegan();
    guest.watched.release();
  });
}
