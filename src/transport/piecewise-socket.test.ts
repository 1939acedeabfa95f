import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { Caution } from "./caution.ts";
import { PiecewiseSocket } from "./piecewise-socket.ts";
import { SocketWatch } from "./socket-watch.ts";

const RATE = { burst: 1_000_000, perSecond: 1_000_000 };

/** A connection: who dials, and what the other side reads piece by piece. */
async function pair(t: TestContext): Promise<readonly [Socket, PiecewiseSocket]> {
  const server = createServer().listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  const dialler = connect(address.port, "127.0.0.1");
  t.after(() => dialler.destroy());
  dialler.on("error", () => {});
  const [below] = await once(server, "connection");
  below.on("error", () => {});
  const read = new PiecewiseSocket(below);
  read.on("error", () => {});
  t.after(() => read.destroy());
  return [dialler, read];
}

test("a stranger's bytes come whole and in order, one piece in a round of the event loop", async (t) => {
  const [dialler, read] = await pair(t);
  new SocketWatch(RATE).watch(read, "", { cut: () => assert.fail("nobody is cut") });
  const sent = Buffer.from(Uint8Array.from({ length: 50_000 }, (_, i) => i % 251));
  const pieces: Buffer[] = [];
  let [inThisRound, most] = [0, 0];
  read.on("data", (piece: Buffer) => {
    pieces.push(piece);
    inThisRound += 1;
    most = Math.max(most, inThisRound);
    setImmediate(() => {
      inThisRound = 0;
    });
  });
  dialler.end(sent);
  await once(read, "end");
  assert.deepEqual(Buffer.concat(pieces), sent);
  assert.ok(pieces.every(({ length }) => length <= 2_048));
  assert.ok(most <= 2, `${most} in one round`); // One may have come with the socket.
  assert.equal(read.bytesRead, 50_000);
});

test("each of many strangers is heard to its end", async (t) => {
  const watch = new SocketWatch(RATE);
  const pairs = await Promise.all(Array.from({ length: 12 }, () => pair(t)));
  const ends = pairs.map(async ([dialler, read]) => {
    watch.watch(read, "", { cut: () => assert.fail("nobody is cut") });
    dialler.end(Buffer.alloc(20_000));
    let bytes = 0;
    for await (const piece of read) bytes += piece.length;
    return bytes;
  });
  assert.deepEqual([...new Set(await Promise.all(ends))], [20_000]);
});

test("who has proven who it is comes in larger pieces, without waiting for a turn", async (t) => {
  const [dialler, read] = await pair(t);
  const watched = new SocketWatch(RATE).watch(read, "", {
    cut: () => assert.fail("nobody is cut"),
  });
  watched.prove(true);
  const lengths: number[] = [];
  read.on("data", ({ length }: Buffer) => lengths.push(length));
  dialler.end(Buffer.alloc(1_000_000));
  await once(read, "end");
  assert.equal(
    lengths.reduce((sum, length) => sum + length, 0),
    1_000_000,
  );
  assert.ok(Math.max(...lengths) > 2_048 && Math.max(...lengths) <= 16_384);
});

test("no more is read than somebody wants", async (t) => {
  const [dialler, read] = await pair(t);
  const watched = new SocketWatch(RATE).watch(read, "", {
    cut: () => assert.fail("nobody is cut"),
  });
  watched.prove(true);
  dialler.end(Buffer.alloc(900_000));
  while (read.bytesRead < read.readableHighWaterMark) await new Promise(setImmediate);
  for (let round = 0; round < 200; round++) await new Promise(setImmediate);
  assert.ok(read.bytesRead < read.readableHighWaterMark + 16_384, `${read.bytesRead} bytes`);
  let bytes = 0;
  for await (const piece of read) bytes += piece.length;
  assert.equal(bytes, 900_000);
});

test("a server's long chain is ended before the rest is handed on, once one has taken much time", async (t) => {
  let cpuMs = 0;
  const caution = new Caution();
  const watch = new SocketWatch(RATE, () => cpuMs);
  let costMs = 0;
  const handshake = async (length: number) => {
    const [dialler, read] = await pair(t);
    let bytes = 0;
    const reason = await new Promise<string | undefined>((resolve) => {
      watch.watch(read, "", { cut: resolve, caution }, true);
      read.on("data", (piece: Buffer) => {
        bytes += piece.length;
        if (bytes === length) cpuMs += costMs;
      });
      read.once("end", () => resolve(undefined));
      dialler.end(Buffer.alloc(length));
    });
    read.destroy();
    return [bytes, reason];
  };
  assert.deepEqual(await handshake(20_000), [20_000, undefined]);
  costMs = 100;
  assert.deepEqual(await handshake(8_000), [8_000, undefined]);
  assert.deepEqual(await handshake(9_000), [9_000, undefined]); // This one is noticed.
  assert.equal(caution.isOn, true);
  const reason = "it shows more than 8 KiB of certificates while TLS is under attack";
  assert.deepEqual(await handshake(20_000), [8_192, reason]);
  assert.deepEqual(await handshake(8_000), [8_000, undefined]);
});

test("TLS of strangers has its turn in each round, however many come together", async (t) => {
  let cpuMs = 0;
  const watch = new SocketWatch(RATE, () => cpuMs);
  const pairs = await Promise.all(Array.from({ length: 3 }, () => pair(t)));
  let [inThisRound, most] = [0, 0];
  const ends = pairs.map(async ([dialler, read]) => {
    read.on("data", () => {
      cpuMs += 15;
      inThisRound += 1;
      most = Math.max(most, inThisRound);
      setImmediate(() => {
        inThisRound = 0;
      });
    });
    dialler.end(Buffer.alloc(10));
    watch.watch(read, "", { cut: () => assert.fail("nobody is cut") }, true);
    await once(read, "end");
    return read.bytesRead;
  });
  assert.deepEqual(await Promise.all(ends), [10, 10, 10]);
  assert.equal(most, 1);
});

test("what is written reaches the other side; the end of one side is the end of the other", async (t) => {
  const [dialler, read] = await pair(t);
  read.resume();
  read.cork();
  for (const word of ["a", "b", "c"]) read.write(word);
  read.uncork();
  read.end("d");
  let heard = "";
  for await (const piece of dialler.setEncoding("utf8")) heard += piece;
  assert.equal(heard, "abcd");
  dialler.destroy();
  if (!read.closed) await once(read, "close");
});

test("a connection that is reset is told of as one", async (t) => {
  const [dialler, read] = await pair(t);
  const failed = once(read, "error");
  dialler.resetAndDestroy();
  const [{ code }] = await failed;
  assert.equal(code, "ECONNRESET");
});
