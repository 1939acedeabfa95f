/**
 * Newcomers of an HTTPS server. A handshake takes about a millisecond, and hundreds may arrive together;
 * OpenSSL works through all that it is given in one go, be it key updates of TLS 1.3 or a long chain.
 */
import type { Server } from "node:http";
import type { Socket } from "node:net";
import { originOf } from "../lib/origin.ts";
import { readAlong } from "../transport/client-flight.ts";
import type { FairScheduler } from "../transport/limits.ts";
import { nameAsBelow, PiecewiseSocket } from "../transport/piecewise-socket.ts";
import { SocketWatch, type WatchedSocket } from "../transport/socket-watch.ts";
import { keyOf } from "./places.ts";

/** `begins`: what would listen to connections without us; it begins TLS. */
export function greetInTurns(
  server: Server,
  begins: ReturnType<Server["listeners"]>,
  turns: FairScheduler,
): void {
  const watch = new SocketWatch();
  const guests = new Map<string, WatchedSocket>();
  const objection = readAlong(server);
  server.on("connection", (socket: Socket) => {
    if (socket.destroyed) return; // There was no place for it.
    const read = piecewise(socket);
    for (const begin of begins) Reflect.apply(begin, server, [read]);
  });

  /** What TLS is to read: each piece in a turn of its own. */
  const piecewise = (socket: Socket): PiecewiseSocket => {
    const key = keyOf(socket);
    const read = new PiecewiseSocket(socket);
    const rest = (): void => {
      read.setReading(false);
      turns.wait(() => read.setReading(true));
    };
    const events = { cut: () => read.destroy(), objection, rest };
    const watched = watch.watch(read, originOf(socket.remoteAddress ?? ""), events, true);
    guests.set(key, watched);
    read.on("error", () => {}); // The close event that follows does the rest.
    socket.once("close", () => {
      watched.forget();
      if (guests.get(key) === watched) guests.delete(key);
    });
    return read;
  };

  server.prependListener("tlsClientError", (_error: Error, socket: Socket) => nameAsBelow(socket));
  server.prependListener("secureConnection", (socket: Socket) => {
    nameAsBelow(socket);
    const watched = guests.get(keyOf(socket));
    watched?.readingBegan();
    watched?.release();
  });
}
