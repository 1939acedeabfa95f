/** What comes in one go is handed on in small pieces, and all of it. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { describe, type TestContext, test } from "node:test";
import { setImmediate as nextRound } from "node:timers/promises";
import { FairScheduler } from "../transport/limits.ts";
import { readInTurns } from "./read-in-turns.ts";

/** Both ends of a connection, of which the first is read in turns. */
async function setUp(
  t: TestContext,
  turns = new FairScheduler(),
): Promise<readonly [Socket, Socket]> {
  const server = createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  assert(typeof address === "object" && address !== null);
  const connected = once(server, "connection");
  const client = connect(address.port, "127.0.0.1");
  const [socket] = (await connected) as [Socket];
  readInTurns(socket, turns);
  t.after(() => {
    client.destroy();
    socket.destroy();
    server.close();
  });
  return [socket, client];
}

const sent = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, i) => i % 251));

describe("a socket that is read in turns", () => {
  test("hands on everything in order, in pieces of 1 KiB at most, and then the end", async (t) => {
    const [socket, client] = await setUp(t);
    const pieces: Buffer[] = [];
    socket.on("data", (piece: Buffer) => pieces.push(piece));
    client.end(sent);
    await once(socket, "end");
    assert.ok(Buffer.concat(pieces).equals(sent));
    assert.ok(pieces.every(({ length }) => length <= 1_024));
  });

  test("waits while it is paused, and goes on where it stood", async (t) => {
    const [socket, client] = await setUp(t);
    let bytes = 0;
    socket.on("data", (piece: Buffer) => {
      assert.ok(piece.equals(sent.subarray(bytes, bytes + piece.length)));
      bytes += piece.length;
      if (bytes % 7 !== 0) return;
      socket.pause();
      setImmediate(() => socket.resume());
    });
    client.end(sent);
    await once(socket, "end");
    assert.equal(bytes, sent.length);
  });

  test("keeps no more than what one reading brings while others have their turn", async (t) => {
    const turns = new FairScheduler();
    const held: (() => void)[] = [];
    turns.wait = (turn) => held.push(turn);
    const [socket, client] = await setUp(t, turns);
    let bytes = 0;
    socket.on("data", (piece: Buffer) => {
      bytes += piece.length;
    });
    client.write(sent);
    while (bytes === 0) await nextRound();
    for (let i = 0; i < 50; i++) await nextRound();
    assert.equal(bytes, 1_024, "the first piece has its turn at once, the next one waits");
    assert.ok(socket.bytesRead <= 131_072, `${socket.bytesRead} bytes were read`);
  });

  test("hands on nothing once it is destroyed", async (t) => {
    const [socket, client] = await setUp(t);
    let pieces = 0;
    socket.on("data", () => {
      pieces += 1;
      socket.destroy();
    });
    client.on("error", () => {}).write(sent);
    await once(socket, "close");
    for (let i = 0; i < 5; i++) await nextRound();
    assert.equal(pieces, 1);
  });
});
