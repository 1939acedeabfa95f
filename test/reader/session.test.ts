/** `Session` with two addresses of one peer. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { setImmediate, setTimeout } from "node:timers/promises";
import { Session } from "../../src/reader/session.ts";
import { CHANNEL, makeWorld, type World } from "./world.ts";

/** Ends waits in vain. */
const LIMIT = { timeout: 60_000 };

/** Another address of a peer. */
interface Door {
  readonly endpoint: string;
  /** From now on it leads to this peer, or nowhere; what passed through it ends. */
  lead(endpoint: string | undefined): void;
}

async function makeDoor(t: TestContext, endpoint: string): Promise<Door> {
  let target: string | undefined = endpoint;
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    if (target === undefined) {
      near.destroy();
      return;
    }
    const far = connect(Number(target.split(":")[1]), "127.0.0.1");
    for (const [one, other] of [[near, far] as const, [far, near] as const]) {
      sockets.add(one);
      one.pipe(other);
      one.on("error", () => {});
      one.on("close", () => other.destroy());
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const lead = (to: string | undefined): void => {
    target = to;
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  t.after(() => {
    lead(undefined);
    server.close();
  });
  return { endpoint: `127.0.0.1:${(server.address() as AddressInfo).port}`, lead };
}

async function openSession(t: TestContext, { org1 }: World, peers: string[]): Promise<Session> {
  const [user] = org1.organisation.users;
  assert.ok(user);
  const session = await Session.create({
    ...{ channel: CHANNEL, mspId: org1.mspId, peers, env: {}, tlsCa: [user.tlsCaFile] },
    ...{ cert: user.certFile, key: user.keyFile },
    ...{ tlsCert: user.tlsCertFile, tlsKey: user.tlsKeyFile },
  });
  t.after(() => session.close());
  return session;
}

const endpointsOf = (session: Session) => session.streams().map(({ target }) => target.endpoint);

/** A session that reads one peer through the first of two doors, and may dial again. */
async function merged(t: TestContext, world: World) {
  const { endpoint } = await world.peer(world.org1, 0);
  const doors = await Promise.all([makeDoor(t, endpoint), makeDoor(t, endpoint)]);
  const session = await openSession(
    t,
    world,
    doors.map((door) => door.endpoint),
  );
  await session.connect();
  const [used] = endpointsOf(session);
  const first = doors.find((door) => door.endpoint === used);
  const second = doors.find((door) => door.endpoint !== used);
  assert.ok(first && second);
  const { now } = session.clock;
  t.mock.method(session.clock, "now", () => {
    const { elapsedMs, ...rest } = now();
    return { ...rest, elapsedMs: elapsedMs + 600_000 };
  });
  return { session, first, second, endpoint };
}

async function lost(session: Session): Promise<void> {
  while (session.streams().length > 0) await setTimeout(5);
}

test("whoever connects while two addresses become one has a stream", LIMIT, async (t) => {
  const world = await makeWorld(t, 1);
  const { endpoint } = await world.peer(world.org1, 0);
  const other = endpoint.replace("127.0.0.1", "localhost");
  const session = await openSession(t, world, [endpoint, other]);
  let isConnected = false;
  const counted: Promise<number>[] = [];
  const first = session.connect().finally(() => {
    isConnected = true;
  });
  while (!isConnected) {
    counted.push(session.connect().then(() => session.streams().length));
    await setImmediate();
  }
  await first;
  assert.deepEqual(new Set(await Promise.all(counted)), new Set([1]));
});

test("the second address serves once the first one fails", LIMIT, async (t) => {
  const world = await makeWorld(t, 1);
  const { session, first, second } = await merged(t, world);
  first.lead(undefined);
  await lost(session);
  await session.connect();
  assert.deepEqual(endpointsOf(session), [second.endpoint]);
  assert.doesNotMatch(session.notes().join(), /same peer/);
});

test("the second address serves once the first one leads to another peer", LIMIT, async (t) => {
  const world = await makeWorld(t, 1);
  const { session, first } = await merged(t, world);
  first.lead((await world.peer(world.org1, 1)).endpoint);
  await lost(session);
  await session.connect();
  assert.equal(session.streams().length, 2);
});

test("a closed session dials nobody any more", LIMIT, async (t) => {
  const world = await makeWorld(t, 1);
  const { session, first } = await merged(t, world);
  first.lead(undefined);
  await lost(session);
  const connecting = session.connect();
  await session.close();
  await connecting;
  assert.deepEqual(endpointsOf(session), []);
});
