import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Link } from "../../src/transport/network.ts";
import { createGrpcWorld, TLS, until } from "./grpc-world.ts";
import { dialFault, dialOk, listenTo } from "./suite.ts";

function endpointOf(server: Server): string {
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  return `127.0.0.1:${address.port}`;
}

/** A wire between two members that can be cut without either of them being told. */
async function createWire(port: number) {
  const sockets: Socket[] = [];
  const server = createServer((near) => {
    const far = connect(port, "127.0.0.1");
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on("error", () => {});
      from.pipe(to);
      sockets.push(from);
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    endpoint: endpointOf(server),
    cut() {
      for (const socket of sockets) socket.unpipe().pause();
    },
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

describe("gRPC on a wire that is cut in silence", () => {
  const world = createGrpcWorld(TLS);
  const closing: { close(): void }[] = [];
  afterEach(async () => {
    for (const wire of closing.splice(0)) wire.close();
    await world.close();
  });

  async function open(timeouts: Record<string, number>) {
    const acceptor = world.grpc({ timeouts });
    const accepted: Link[] = [];
    await acceptor.network.listen((link) => accepted.push(link));
    const wire = await createWire(acceptor.network.port);
    closing.push(wire);
    const dialler = world.grpc({ timeouts });
    return { dialler, accepted, wire };
  }

  const roles = [
    { name: "dialler", timeouts: { clientKeepaliveMs: 500, keepaliveTimeoutMs: 400 } },
    { name: "acceptor", timeouts: { serverKeepaliveMs: 500, keepaliveTimeoutMs: 400 } },
  ];
  for (const { name, timeouts } of roles) {
    test(`keepalive tells the ${name}, and does not disturb a good one`, async () => {
      const { dialler, accepted, wire } = await open(timeouts);
      const outbound = await dialOk(world, dialler.network, wire.endpoint);
      await until(() => accepted.length === 1);
      const inbound = accepted[0];
      assert.ok(inbound);
      const heard = listenTo(name === "dialler" ? outbound : inbound);
      await sleep(1_300); // Two questions, and what each of them waits for.
      assert.equal(heard.closed.length, 0);
      wire.cut();
      await until(() => heard.closed.length === 1);
      assert.match(heard.closed[0]?.reason ?? "", /keepalive/);
    });
  }

  test("a dial gives up in time", async () => {
    const dialler = world.grpc({ timeouts: { dialTimeoutMs: 100 } });
    const silent = createServer(() => {}).listen(0, "127.0.0.1");
    await once(silent, "listening");
    assert.equal(await dialFault(world, dialler.network, endpointOf(silent)), "timeout");
    silent.close();
  });
});
