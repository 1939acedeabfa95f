import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createPair, createWorld, kinds, nameOf } from "../../test/transport/node.ts";
import { createToyIdentity, toyCrypto } from "../../test/transport/toy-identities.ts";
import { shakeHands } from "./handshake.ts";

describe("send()", () => {
  test("dials once, and what was queued meanwhile arrives in order, then both use the link", async () => {
    const { clock, hub, low, high } = await createPair();
    low.send(high, "1", "2");
    low.send(high, "3");
    clock.advance(1_000);
    assert.deepEqual(high.received(), ["1", "2", "3"]);
    high.send(low, "4");
    clock.advance(1_000);
    assert.deepEqual(low.received(), ["4"]);
    assert.equal(hub.links, 1);
    assert.deepEqual(
      low.connections.list().map(({ outbound, messagesSent }) => [outbound, messagesSent]),
      [[true, 3]],
    );
  });

  test("answers on a link the other side dialled, even if nobody knows its endpoint", async () => {
    const { clock, low, high } = await createPair();
    low.send(high, "hello");
    clock.advance(1_000);
    high.connections.send({ pkiId: low.pkiId, endpoint: "" }, [{ bytes: Buffer.from("answer") }]);
    clock.advance(1_000);
    assert.deepEqual(low.received(), ["answer"]);
  });

  const failures = [
    { name: "nobody listens", endpoint: "nowhere:1", want: "unreachable" },
    { name: "no endpoint is known", endpoint: "", want: "no-endpoint" },
  ];
  for (const { name, endpoint, want } of failures) {
    test(`fails once if ${name}, and a later one tries again`, async () => {
      const { clock, low, high } = await createPair();
      const messages = [{ bytes: Buffer.from("x") }];
      low.connections.send({ pkiId: high.pkiId, endpoint }, messages);
      low.connections.send({ pkiId: high.pkiId, endpoint }, messages);
      assert.deepEqual(low.told, []);
      clock.advance(5_000);
      assert.deepEqual(low.told, [`sendFailed ${nameOf(high)} ${want}`]);
      low.send(high, "again");
      clock.advance(1_000);
      assert.deepEqual(high.received(), ["again"]);
    });
  }

  test("fails with a timeout if the route loses everything", async () => {
    const { clock, low, high, reroute } = await createPair();
    reroute(() => "lose");
    low.send(high, "x");
    clock.advance(4_000);
    assert.deepEqual(low.told, [`sendFailed ${nameOf(high)} timeout`]);
  });

  test("to ourselves fails, by name and by endpoint", async () => {
    const { clock, low, high } = await createPair();
    low.send(low, "x");
    low.connections.send({ pkiId: high.pkiId, endpoint: low.endpoint }, []);
    clock.advance(1_000);
    assert.ok(low.told.includes(`sendFailed ${nameOf(low)} self`), String(low.told));
    assert.ok(low.told.includes(`sendFailed ${nameOf(high)} self`), String(low.told));
    assert.equal(low.connections.list().length, 0);
  });

  test("drops the newest when the queue is full, and counts them", async () => {
    const { clock, low, high } = await createPair();
    low.send(high, ...Array.from({ length: 205 }, (_, i) => String(i)));
    clock.advance(1_000);
    assert.ok(low.told.includes(`dropped ${nameOf(high)} 5`));
    assert.equal(high.received().length, 200);
    assert.equal(high.received().at(-1), "199");
    assert.equal(low.connections.list()[0]?.dropped, 5);
  });

  test("replaces a message of the same key that still waits, in its place", async () => {
    const { clock, low, high } = await createPair();
    const message = (text: string, replaces?: string) => ({
      bytes: Buffer.from(text),
      ...(replaces === undefined ? {} : { replaces }),
    });
    const to = { pkiId: high.pkiId, endpoint: high.endpoint };
    low.connections.send(to, [message("old", "alive"), message("other"), message("x", "other")]);
    low.connections.send(to, [message("new", "alive")]);
    clock.advance(1_000);
    assert.deepEqual(high.received(), ["new", "other", "x"]);
  });

  test("waits for a peer that does not read, without growing", async () => {
    const { clock, low, high, reroute } = await createPair();
    low.send(high, "x");
    clock.advance(1_000);
    reroute(() => "lose");
    for (let i = 0; i < 1_000; i++) low.send(high, "y".repeat(1_000));
    clock.advance(1_000);
    const [view] = low.connections.list();
    assert.equal(view?.queued, 200);
    reroute(() => "pass");
    clock.advance(1_000);
    assert.equal(low.connections.list()[0]?.queued, 0);
    assert.ok(high.received().length > 200);
  });

  test("refuses to dial more peers than allowed", async () => {
    const { node, clock, low, high } = await createPair();
    const small = await node("cat", { overrides: { limits: { connectionsMax: 1 } } });
    small.send(low, "x");
    small.send(high, "x");
    clock.advance(1_000);
    assert.ok(small.told.includes(`sendFailed ${nameOf(high)} connections-full`));
    high.send(small, "x");
    clock.advance(1_000);
    assert.ok(small.told.includes("handshakeFailed connections-full"));
  });
});

describe("a dial that finds another identity", () => {
  test("of the same organisation: replaced, and what waited goes to the new one", async () => {
    const { clock, low, node } = await createPair();
    const renewed = await node("renewed", { endpoint: "renewed:7051" });
    const old = await node("old", { endpoint: "elsewhere:7051" });
    low.connections.send({ pkiId: old.pkiId, endpoint: renewed.endpoint }, [
      { bytes: Buffer.from("for this one only"), isPersonal: true },
      { bytes: Buffer.from("x") },
    ]);
    clock.advance(1_000);
    assert.deepEqual(kinds(low), ["replaced old renewed", "connected renewed outbound"]);
    assert.deepEqual(renewed.received(), ["x"]);
  });

  for (const known of [{ mspId: "Org2", certificate: "" }, undefined]) {
    test(`of another organisation than the one known (${known?.mspId}): closed`, async () => {
      const { clock, high, node } = await createPair();
      const old = await node("old");
      const careful = await node("careful", { overrides: { identityOf: () => known } });
      careful.connections.send({ pkiId: old.pkiId, endpoint: high.endpoint }, []);
      clock.advance(1_000);
      assert.deepEqual(careful.told, ["sendFailed old wrong-peer"]);
      assert.equal(careful.connections.list().length, 0);
    });
  }
});

describe("probe()", () => {
  test("tells who is there, and neither side keeps a connection", async () => {
    const { clock, hub, low, high } = await createPair();
    const answers: string[] = [];
    low.connections.probe(high.endpoint, (verdict) =>
      answers.push(verdict.ok ? verdict.value.identity.pkiId : verdict.code),
    );
    clock.advance(1_000);
    assert.deepEqual(answers, [high.pkiId]);
    assert.deepEqual([low.told, high.told, hub.links], [[], [], 0]);
  });

  test("is told that there is no place for a connection, unless it has one", async () => {
    const { node, clock, low, high } = await createPair();
    const small = await node("cat", { overrides: { limits: { connectionsMax: 1 } } });
    const ends: string[] = [];
    const ask = ({ network, person }: typeof low): void => {
      network.dial(small.endpoint, {
        failed: assert.fail,
        opened: (link) => {
          const closed = (fault: string): void => void ends.push(fault);
          const about = { clock, crypto: toyCrypto, signer: person.signer, timeoutMs: 2_000 };
          shakeHands(
            { ...about, link, self: person.identity, probe: true },
            { refused: assert.fail, accepted: () => ({ message() {}, drain() {}, closed }) },
          );
        },
      });
      clock.advance(1_000);
    };
    ask(high);
    small.send(low, "x");
    clock.advance(1_000);
    ask(high);
    ask(low);
    assert.deepEqual(ends, ["closed", "refused-full", "closed"]);
    assert.deepEqual(small.told, [`connected ${nameOf(low)} outbound`]);
  });

  test("leaves the connections alone that exist, whoever dialled them", async () => {
    const { clock, hub, low, high } = await createPair();
    low.send(high, "before");
    clock.advance(1_000);
    for (const [from, to] of [
      [low, high],
      [high, low],
    ] as const) {
      from.connections.probe(to.endpoint, (verdict) => assert.ok(verdict.ok));
    }
    clock.advance(20_000);
    low.send(high, "after");
    clock.advance(1_000);
    assert.deepEqual(high.received(), ["before", "after"]);
    assert.equal(hub.links, 1);
    assert.ok(!low.told.some((line) => line.startsWith("disconnected")));
  });

  test("fails by its own deadline or by that of the dial, and can be cancelled", async () => {
    const { clock, low, high, reroute } = await createPair();
    const answers: string[] = [];
    const done = (verdict: { ok: boolean; code?: string }) => answers.push(String(verdict.code));
    low.connections.probe("nowhere:1", done);
    clock.advance(100);
    reroute(() => "lose");
    low.connections.probe(high.endpoint, done);
    low.connections.probe(high.endpoint, done)();
    clock.advance(20_000);
    assert.deepEqual(answers, ["unreachable", "timeout"]);
  });
});

describe("identify()", () => {
  test("tells who is there, and leaves who was connected to nobody with a connection", async () => {
    const { clock, hub, low, high } = await createPair();
    const answers: string[] = [];
    low.connections.identify(high.endpoint, (verdict) => {
      answers.push(verdict.ok ? verdict.value.identity.pkiId : verdict.code);
      low.send(high, "hello");
    });
    clock.advance(1_000);
    assert.deepEqual(answers, [high.pkiId]);
    assert.deepEqual(high.received(), ["hello"]);
    assert.equal(hub.links, 1);
    assert.deepEqual(kinds(low), [`connected ${nameOf(high)} outbound`]);
  });

  test("is a probe for whoever is connected: the other side closes no connection", async () => {
    const { clock, hub, low, high } = await createPair();
    high.send(low, "before");
    clock.advance(1_000);
    low.connections.identify(high.endpoint, (verdict) => assert.ok(verdict.ok));
    clock.advance(20_000);
    assert.equal(hub.links, 1);
    assert.equal(low.connections.list()[0]?.outbound, false);
  });

  test("keeps no connection to ourselves, and tells nobody of it", async () => {
    const { clock, hub, low } = await createPair();
    const answers: string[] = [];
    low.connections.identify(low.endpoint, (verdict) => {
      assert.ok(verdict.ok && !verdict.value.isTwin);
      answers.push(verdict.value.identity.pkiId);
    });
    clock.advance(1_000);
    assert.deepEqual([answers, low.told, hub.links], [[low.pkiId], [], 0]);
  });
});

describe("when a link breaks", () => {
  test("the peer is disconnected, and the next message dials again", async () => {
    const { clock, hub, low, high } = await createPair();
    low.send(high, "a");
    clock.advance(10_000);
    hub.dropLinks(() => true);
    clock.advance(100);
    assert.deepEqual(kinds(low).at(-1), `disconnected ${nameOf(high)} closed`);
    assert.deepEqual(kinds(high).at(-1), `disconnected ${nameOf(low)} closed`);
    low.send(high, "b");
    clock.advance(1_000);
    assert.deepEqual(high.received(), ["a", "b"]);
  });

  test("soon after it opened, what waits is dialled for once more before it fails", async () => {
    const { clock, hub, low, high, reroute } = await createPair();
    low.send(high, "a");
    clock.advance(1_000);
    reroute(() => "lose");
    for (let i = 0; i < 100; i++) low.send(high, "y".repeat(1_000));
    reroute(() => "pass");
    hub.dropLinks(() => true);
    clock.advance(1_000);
    assert.ok(!low.told.some((line) => line.startsWith("sendFailed")), String(kinds(low)));
    assert.ok(high.received().length > 30);
    assert.equal(low.connections.list()[0]?.queued, 0);
  });

  test("later, what waits has failed", async () => {
    const { clock, hub, low, high, reroute } = await createPair();
    low.send(high, "a");
    clock.advance(10_000);
    reroute(() => "lose");
    for (let i = 0; i < 100; i++) low.send(high, "y".repeat(1_000));
    hub.dropLinks(() => true);
    clock.advance(10_000);
    const name = nameOf(high);
    assert.deepEqual(kinds(low).slice(1), [
      `disconnected ${name} closed`,
      `sendFailed ${name} closed`,
    ]);
  });

  test("disconnect() closes it on both sides and forgets what waits", async () => {
    const { clock, hub, low, high } = await createPair();
    low.send(high, "a");
    clock.advance(1_000);
    low.connections.disconnect(high.pkiId, { code: "identity-purged", detail: "expired" });
    assert.ok(!kinds(low).includes(`disconnected ${nameOf(high)} identity-purged`));
    clock.advance(1_000);
    assert.deepEqual(kinds(low).at(-1), `disconnected ${nameOf(high)} identity-purged`);
    assert.deepEqual(kinds(high).at(-1), `disconnected ${nameOf(low)} closed`);
    assert.equal(hub.links, 0);
  });

  test("close() ends everything without another word", async () => {
    const { clock, hub, low, high } = await createPair();
    low.send(high, "a");
    clock.advance(1_000);
    const before = [...low.told];
    low.connections.probe(high.endpoint, () => assert.fail("told after close"));
    low.connections.close();
    low.send(high, "b");
    clock.advance(20_000);
    assert.deepEqual(low.told, before);
    assert.equal(hub.links, 0);
    high.connections.close();
    assert.equal(clock.waiting, 0);
  });
});

describe("an acceptor", () => {
  test("has a limit for handshakes under way, at which the oldest makes room", async () => {
    const { clock, hub, node, low, high } = await createPair();
    const busy = await node("busy", { overrides: { limits: { handshakesMax: 3 } } });
    const silent = hub.network({ endpoints: ["silent:1"], certificate: Buffer.from("s") });
    for (let i = 0; i < 5; i++) {
      silent.dial(busy.endpoint, { opened: () => {}, failed: () => {} });
    }
    clock.advance(100);
    assert.equal(busy.told.filter((line) => line === "handshakeFailed handshakes-full").length, 2);
    low.send(busy, "crowded");
    clock.advance(3_000);
    assert.equal(busy.told.filter((line) => line.endsWith("handshake-timeout")).length, 2);
    high.send(busy, "alone");
    clock.advance(100);
    assert.deepEqual(busy.received(), ["crowded", "alone"]);
  });

  test("gives one place to a certificate, whatever PKI-IDs it has", async () => {
    const { clock, node } = createWorld();
    const victim = await node("victim");
    for (let i = 0; i < 30; i++) {
      const person = createToyIdentity("Org1", "mallory", 4e12, String(i));
      const mallory = await node(`mallory${i}`, { person });
      mallory.send(victim, String(i));
      clock.advance(100);
      assert.equal(victim.connections.list().length, 1);
    }
    assert.equal(victim.received().at(-1), "29");
  });

  test("at its limit makes room for an organisation that has fewer", async () => {
    const { clock, node } = createWorld();
    const victim = await node("victim", { overrides: { limits: { connectionsMax: 4 } } });
    for (let i = 0; i < 6; i++) {
      const one = await node(`many${i}`);
      one.send(victim, "x");
      clock.advance(100);
    }
    assert.equal(victim.connections.list().length, 4);
    for (const name of ["few1", "few2"]) {
      const one = await node(name, { person: createToyIdentity("Org2", name) });
      one.send(victim, name);
      clock.advance(100);
    }
    const views = victim.connections.list();
    assert.equal(views.length, 4);
    assert.equal(views.filter(({ mspId }) => mspId === "Org2").length, 2);
  });

  test("ends a stranger's stream, and says why", async () => {
    const { clock, node, low } = await createPair();
    const stranger = await node("eve", { person: createToyIdentity("Org3", "eve") });
    stranger.send(low, "x");
    clock.advance(3_000);
    assert.deepEqual(low.told, ["handshakeFailed identity-unknown-msp"]);
    assert.equal(low.connections.list().length, 0);
  });
});
