import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import type { PkiId } from "../../src/core/types/host.ts";
import type { Clock } from "../../src/transport/network.ts";
import { createGrpcWorld, TLS, until } from "./grpc-world.ts";
import { createNode, type TestNode } from "./node.ts";
import { createToyIdentity } from "./toy-identities.ts";

const clock: Clock = {
  now: () => ({ elapsedMs: performance.now(), wallMs: Date.now() }),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

describe("connections over gRPC", () => {
  const world = createGrpcWorld(TLS);
  const names = new Map<PkiId, string>();
  const nodes: TestNode[] = [];

  async function node(name: string, linger = 100): Promise<TestNode> {
    const person = createToyIdentity("Org1", name);
    names.set(person.identity.pkiId, name);
    const { network } = world.grpc();
    const nameOf = (pkiId: PkiId) => names.get(pkiId) ?? pkiId;
    const timeouts = { lingerMs: linger, lingerAsFollowerMs: 5 * linger };
    const options = { person, network, clock, nameOf, overrides: { timeouts } };
    const created = createNode({ ...options, endpoint: "" });
    await created.connections.listen();
    const listening = { ...created, endpoint: `127.0.0.1:${network.port}` };
    nodes.push(listening);
    return listening;
  }
  afterEach(async () => {
    for (const { connections } of nodes.splice(0)) connections.close();
    await world.close();
  });

  test("the TLS certificates bind the handshake, and messages go both ways", async () => {
    const [ann, ben] = [await node("ann"), await node("ben")];
    ann.send(ben, "1", "2");
    await until(() => ben.received().length === 2);
    ben.send(ann, "3");
    await until(() => ann.received().length === 1);
    assert.equal(ben.told[0], "connected ann inbound");
    assert.deepEqual(ann.told, ["connected ben outbound", "message ben 3"]);
  });

  test("a probe tells who is there, and nobody keeps it", async () => {
    const [ann, ben] = [await node("ann"), await node("ben")];
    const answers: string[] = [];
    ann.connections.probe(ben.endpoint, (verdict, reason) =>
      answers.push(verdict.ok ? verdict.value.identity.subject : reason),
    );
    await until(() => answers.length === 1);
    await world.settle();
    assert.deepEqual(answers, ["ben"]);
    assert.deepEqual([ann.told, ben.told], [[], []]);
  });

  test("simultaneous dials end in one link, and nothing is lost", async () => {
    const [ann, ben] = [await node("ann"), await node("ben")];
    ann.send(ben, "a");
    ben.send(ann, "b");
    await until(() => ann.received().length + ben.received().length === 2);
    await until(() => ann.connections.list().length + ben.connections.list().length === 2);
    ann.send(ben, "c");
    ben.send(ann, "d");
    await until(() => ann.received().length + ben.received().length === 4);
    assert.ok(![...ann.told, ...ben.told].some((line) => line.startsWith("disconnected")));
  });

  test("a refused stranger learns why from its side of the link", async () => {
    const [ann, eve] = [await node("ann"), await node("eve")];
    const person = createToyIdentity("Org3", "eve");
    const { network } = world.grpc();
    const options = { person, network, clock, endpoint: "", nameOf: (id: PkiId) => id };
    const stranger = createNode(options);
    nodes.push(stranger);
    stranger.send(ann, "x");
    await until(() => ann.told.includes("handshakeFailed identity-unknown-msp"));
    await until(() => stranger.told.some((line) => line.startsWith("disconnected")));
    assert.equal(ann.connections.list().length, 0);
    assert.deepEqual(eve.told, []);
  });
});
