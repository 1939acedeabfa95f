import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { Caution } from "./caution.ts";
import { SocketWatch } from "./socket-watch.ts";

const RATE = { burst: 1_000_000, perSecond: 1_000_000 };

/** Opens the server to this machine; returns what dials it from one of its addresses. */
async function listen(
  t: TestContext,
  server: Server,
): Promise<(localAddress: string) => Promise<Socket>> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  const { port } = address;
  return async (localAddress) => {
    const socket = connect({ host: "127.0.0.1", port, localAddress });
    t.after(() => socket.destroy());
    socket.on("error", () => {});
    await once(socket, "connect");
    return socket;
  };
}

test("strangers are read in turns, a few in each round, and first one of each address", async (t) => {
  const watch = new SocketWatch(RATE);
  const heard: string[] = [];
  let [inThisRound, most, heardBefore] = [0, 0, 0];
  const server = createServer((socket) => {
    const { remoteAddress = "" } = socket;
    if (remoteAddress === "127.0.0.2") heardBefore = heard.length;
    watch.watch(socket, remoteAddress, { cut: () => assert.fail("nobody is cut") });
    socket.on("data", () => {
      heard.push(remoteAddress);
      inThisRound += 1;
      most = Math.max(most, inThisRound);
      setImmediate(() => {
        inThisRound = 0;
      });
    });
  });
  const dial = await listen(t, server);
  const sockets = await Promise.all(Array.from({ length: 200 }, () => dial("127.0.0.1")));
  for (const socket of sockets) socket.write("x");
  const other = await dial("127.0.0.2");
  other.write("x");
  while (heard.length < 201) await new Promise(setImmediate);
  assert.ok(most <= 3, `${most} in one round`);
  const before = heard.indexOf("127.0.0.2") - heardBefore;
  assert.ok(before < 20, `${before} were heard before the one of another address`);
});

/** Who takes part in a conversation of five words, each after the answer to the one before; who has ended it. */
function converse(socket: Socket, ended: () => void): void {
  let answers = 0;
  socket.write("x");
  socket.on("data", () => {
    answers += 1;
    if (answers === 5) ended();
    else socket.write("x");
  });
}

test("in long rounds a few strangers go on until they have ended, before others begin", async (t) => {
  let cpuMs = 0;
  const watch = new SocketWatch(RATE, () => {
    cpuMs += 50;
    return cpuMs;
  });
  let begun = 0;
  const server = createServer((socket) => {
    watch.watch(socket, "", { cut: () => assert.fail("nobody is cut") });
    socket.once("data", () => {
      begun += 1;
    });
    socket.on("data", () => socket.write("y"));
    socket.on("error", () => {});
  });
  const dial = await listen(t, server);
  const sockets = await Promise.all(Array.from({ length: 90 }, () => dial("127.0.0.1")));
  const begunAtEnds: number[] = [];
  for (const socket of sockets) converse(socket, () => begunAtEnds.push(begun));
  while (begunAtEnds.length < 90) await new Promise(setImmediate);
  const half = begunAtEnds[44] ?? 90;
  assert.ok(half < 70, `${half} had begun when half of them had ended`);
});

test("a stranger ends beside others that are silent, or always have more to say", async (t) => {
  const watch = new SocketWatch(RATE);
  let turns = 0;
  const server = createServer((socket) => {
    const watched = watch.watch(socket, "", { cut: () => {} });
    socket.on("data", () => {
      watched.rest();
      turns += 1;
      socket.write("y");
    });
    socket.on("error", () => {});
  });
  const dial = await listen(t, server);
  const greedy = await Promise.all(Array.from({ length: 30 }, () => dial("127.0.0.1")));
  for (const socket of greedy) socket.resume().write(Buffer.alloc(4_000_000));
  await Promise.all(Array.from({ length: 30 }, () => dial("127.0.0.1"))); // Silent ones.
  while (turns < 30) await new Promise(setImmediate);
  const before = turns;
  let isEnded = false;
  converse(await dial("127.0.0.1"), () => {
    isEnded = true;
  });
  while (!isEnded) await new Promise(setImmediate);
  // Five rounds through all of them, as if nobody went on first, and what each of those that do takes.
  assert.ok(turns - before < 5 * 31 + 30 * 6, `${turns - before} turns of others`);
});

test("a newcomer does not wait for those who have said much and are silent now", async (t) => {
  let rounds = 0;
  const watch = new SocketWatch(RATE, () => {
    rounds += 1 / 2; // Asked at the begin and at the end of each.
    return 0;
  });
  const server = createServer((socket) => {
    watch.watch(socket, "", { cut: () => assert.fail("nobody is cut") });
    socket.on("data", () => socket.write("y"));
    socket.on("error", () => {});
  });
  const dial = await listen(t, server);
  const talk = async (): Promise<void> => {
    const socket = await dial("127.0.0.1");
    await new Promise<void>((resolve) => converse(socket, resolve));
  };
  await Promise.all(Array.from({ length: 90 }, talk));
  const before = rounds;
  await talk();
  // Five times through all the others would be 150.
  assert.ok(rounds - before < 75, `${rounds - before} rounds`);
});

test("a stranger that asks for work is read once in a round, and on in the next one", async (t) => {
  const watch = new SocketWatch(RATE);
  let [inThisRound, most, bytes] = [0, 0, 0];
  const server = createServer((socket) => {
    const watched = watch.watch(socket, "", { cut: () => {} });
    socket.on("data", (piece: Buffer) => {
      watched.rest();
      assert.equal(watched.conduct.countPiece(piece.length), true);
      bytes += piece.length;
      inThisRound += 1;
      most = Math.max(most, inThisRound);
      setImmediate(() => {
        inThisRound = 0;
      });
    });
  });
  const dial = await listen(t, server);
  const socket = await dial("127.0.0.1");
  socket.write(Buffer.alloc(5_000_000));
  while (bytes < 5_000_000) await new Promise(setImmediate);
  assert.equal(most, 1);
});

test("who sends much beside messages is cut, later too if it has proven who it is", async (t) => {
  const watch = new SocketWatch({ burst: 1_000_000, perSecond: 1 });
  const cut: string[] = [];
  const server = createServer((socket) => {
    const isMember = cut.length > 0;
    socket.resume();
    const watched = watch.watch(socket, "", {
      cut: () => {
        cut.push(isMember ? "member" : "stranger");
        watched.forget();
        socket.destroy();
      },
    });
    if (isMember) watched.prove(true);
  });
  const dial = await listen(t, server);
  const send = async (bytes: number): Promise<Socket> => {
    const socket = await dial("127.0.0.1");
    socket.write(Buffer.alloc(bytes));
    return socket;
  };
  const stranger = await send(100_000);
  await once(stranger, "close");
  assert.deepEqual(cut, ["stranger"]);
  await send(900_000);
  const greedy = await send(2_000_000);
  await once(greedy, "close");
  assert.deepEqual(cut, ["stranger", "member"]);
});

test("a long chain of somebody who is read in one go, and that takes much time, is a reason for caution", async (t) => {
  let cpuMs = 0;
  const watch = new SocketWatch(RATE, () => cpuMs);
  const cautions = new Map<string, Caution>();
  const server = createServer((socket) => {
    const { remoteAddress = "" } = socket;
    const caution = new Caution();
    cautions.set(remoteAddress, caution);
    const events = { cut: () => assert.fail("nobody is cut"), caution };
    const watched = watch.watch(socket, remoteAddress, events, true);
    if (remoteAddress === "127.0.0.5") watched.readingBegan(); // TLS is done.
    socket.on("data", () => {
      cpuMs += remoteAddress === "127.0.0.3" ? 10 : 100;
    });
    socket.once("end", () => socket.end());
  });
  const dial = await listen(t, server);
  const lengths = {
    "127.0.0.2": 2_000,
    "127.0.0.3": 20_000,
    "127.0.0.4": 20_000,
    "127.0.0.5": 20_000,
  };
  for (const [address, bytes] of Object.entries(lengths)) {
    const socket = await dial(address);
    socket.resume().end(Buffer.alloc(bytes));
    await once(socket, "end");
  }
  const dear = [...cautions].filter(([, { isOn }]) => isOn);
  assert.deepEqual(
    dear.map(([address]) => address),
    ["127.0.0.4"],
  );
});
