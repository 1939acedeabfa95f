import type { Socket } from "node:net";
import type { FairScheduler } from "../transport/limits.ts";

/** Holds one request of a browser, or some fifty of the shortest. */
const PIECE_BYTES = 1_024;
const NOTHING = Buffer.alloc(0);

/**
 * Hands on what a socket brings in small pieces, each in a turn of its own. Node's parser works
 * through all that has come at once, which may be thousands of requests. Call it once the server
 * has begun to listen to the socket.
 */
export function readInTurns(socket: Socket, turns: FairScheduler): void {
  // Until somebody else listens, the parser reads the socket below its stream.
  socket.on("data", () => {});
  const [push, read] = [socket.push.bind(socket), socket._read.bind(socket)];
  let waiting: Uint8Array = NOTHING;
  let hasEnded = false;

  const hand = (): void => {
    if (socket.destroyed) return;
    const piece = waiting.subarray(0, PIECE_BYTES);
    waiting = waiting.subarray(PIECE_BYTES);
    if (piece.length > 0) push(piece);
    if (waiting.length > 0) turns.wait(hand);
    else if (hasEnded) push(null);
  };
  socket._read = (size) => {
    if (waiting.length === 0) read(size);
  };
  socket.push = (chunk: Uint8Array | null) => {
    const isFirst = waiting.length === 0;
    hasEnded ||= chunk === null;
    if (chunk !== null) waiting = isFirst ? chunk : Buffer.concat([waiting, chunk]);
    if (isFirst) turns.take(hand);
    return waiting.length === 0 && !hasEnded;
  };
}
