/** What every network must do, run on each of them. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { GossipError } from "../../src/lib/errors.ts";
import type { Link, Network, NetworkFault } from "../../src/transport/network.ts";

export interface TestMember {
  readonly network: Network;
  /** Where it listens; known once `listen` has resolved. */
  readonly endpoint: () => string;
}

export interface TestNetwork {
  member(): Promise<TestMember>;
  /** A second network on the endpoint of a member that listens. */
  rival(member: TestMember): Promise<TestMember>;
  /** Lets time pass until it is true; fails if it never becomes true. */
  until(isTrue: () => boolean): Promise<void>;
  /** Lets so much time pass that whatever was going to happen has happened. */
  settle(): Promise<void>;
  readonly nowhere: string;
  readonly messageBytesMax: number;
  close(): Promise<void>;
}

export interface Heard {
  readonly messages: Buffer[];
  drains: number;
  readonly closed: { readonly fault: NetworkFault; readonly reason: string }[];
}

/** Starts the link and keeps what it delivers. */
export function listenTo(link: Link): Heard {
  const heard: Heard = { messages: [], drains: 0, closed: [] };
  link.start({
    message: (bytes) => heard.messages.push(Buffer.from(bytes)),
    drain: () => {
      heard.drains += 1;
    },
    closed: (fault, reason) => heard.closed.push({ fault, reason }),
  });
  return heard;
}

export interface Joined {
  readonly outbound: Link;
  readonly inbound: Link;
}

export function networkSuite(name: string, createWorld: () => Promise<TestNetwork>): void {
  describe(`${name}: a network`, () => {
    let world: TestNetwork;
    let dialler: TestMember;
    let acceptor: TestMember;
    const accepted: Link[] = [];

    beforeEach(async () => {
      accepted.length = 0;
      world = await createWorld();
      dialler = await world.member();
      acceptor = await world.member();
      await acceptor.network.listen((link) => accepted.push(link));
    });
    afterEach(() => world.close());

    async function join(): Promise<Joined> {
      const outbound = await dialOk(world, dialler.network, acceptor.endpoint());
      await world.until(() => accepted.length > 0);
      const inbound = accepted.shift();
      assert.ok(inbound);
      // As members do when the handshake is over: of a stranger less is read.
      outbound.admit();
      inbound.admit();
      return { outbound, inbound };
    }

    test("a dial opens a link, and both sides see the certificates of each other", async () => {
      const { outbound, inbound } = await join();
      assert.equal(outbound.outbound, true);
      assert.equal(inbound.outbound, false);
      assert.deepEqual(outbound.localCertHash, inbound.remoteCertHash);
      assert.deepEqual(inbound.localCertHash, outbound.remoteCertHash);
      assert.match(outbound.remoteAddress, /.:\d+$/);
    });

    test("messages of any length arrive whole and in order, both ways at once", async () => {
      const { outbound, inbound } = await join();
      const [atDialler, atAcceptor] = [listenTo(outbound), listenTo(inbound)];
      const sent = Array.from({ length: 300 }, (_, i) => Buffer.alloc((i * i * 7) % 40_000, i));
      for (const bytes of sent) {
        outbound.send(bytes);
        inbound.send(bytes);
      }
      await world.until(() => atDialler.messages.length + atAcceptor.messages.length === 600);
      assert.deepEqual(atDialler.messages, sent);
      assert.deepEqual(atAcceptor.messages, sent);
    });

    test("the sender may reuse its bytes as soon as send has returned", async () => {
      const { outbound, inbound } = await join();
      const heard = listenTo(inbound);
      const bytes = Buffer.from("first");
      outbound.send(bytes);
      bytes.fill(0);
      await world.until(() => heard.messages.length === 1);
      assert.equal(heard.messages[0]?.toString(), "first");
    });

    test("nothing is delivered before start, and nothing is lost", async () => {
      const { outbound, inbound } = await join();
      outbound.send(Buffer.from("early"));
      outbound.send(Buffer.from("bird"));
      await world.settle();
      const heard = listenTo(inbound);
      assert.deepEqual(heard.messages, []);
      await world.until(() => heard.messages.length === 2);
    });

    test("a reader that does not read stops the writer, and drain follows its reading", async () => {
      const { outbound, inbound } = await join();
      const atDialler = listenTo(outbound);
      const block = Buffer.alloc(20_000, 7);
      let sent = 0;
      let drains = -1;
      while (sent < 1_000 && atDialler.drains > drains) {
        drains = atDialler.drains;
        do sent += 1;
        while (outbound.send(block) && sent < 1_000);
        await world.settle();
      }
      assert.ok(sent < 60, `${sent} messages were taken`);
      const heard = listenTo(inbound);
      await world.until(() => heard.messages.length === sent);
      await world.until(() => atDialler.drains > drains);
    });

    test("a message of the greatest length passes, a longer one ends the link", async () => {
      const { outbound, inbound } = await join();
      const [atDialler, atAcceptor] = [listenTo(outbound), listenTo(inbound)];
      outbound.send(Buffer.from("the first message has a limit of its own"));
      outbound.send(Buffer.alloc(world.messageBytesMax));
      await world.until(() => atAcceptor.messages.length === 2);
      outbound.send(Buffer.alloc(world.messageBytesMax + 1));
      await world.until(() => atDialler.closed.length + atAcceptor.closed.length === 2);
      assert.equal(atDialler.closed[0]?.fault, "message-too-large");
      assert.equal(atAcceptor.closed[0]?.fault, "closed");
      assert.equal(atAcceptor.messages.length, 2);
    });

    test("closing as dialler: stopped here, closed there, each exactly once", async () => {
      const { outbound, inbound } = await join();
      const [atDialler, atAcceptor] = [listenTo(outbound), listenTo(inbound)];
      outbound.close();
      outbound.close();
      assert.deepEqual(atDialler.closed, []);
      await world.until(() => atDialler.closed.length + atAcceptor.closed.length >= 2);
      await world.settle();
      assert.deepEqual(faults(atDialler, atAcceptor), [["stopped"], ["closed"]]);
    });

    test("closing as acceptor: what was sent before still arrives", async () => {
      const { outbound, inbound } = await join();
      const [atDialler, atAcceptor] = [listenTo(outbound), listenTo(inbound)];
      inbound.send(Buffer.from("farewell"));
      inbound.close();
      await world.until(() => atDialler.closed.length + atAcceptor.closed.length >= 2);
      await world.settle();
      assert.deepEqual(faults(atDialler, atAcceptor), [["closed"], ["stopped"]]);
      assert.equal(atDialler.messages[0]?.toString(), "farewell");
    });

    test("a refusal reaches the dialler with its reason", async () => {
      const { outbound, inbound } = await join();
      const [atDialler, atAcceptor] = [listenTo(outbound), listenTo(inbound)];
      inbound.close("no TLS certificate: 50 % é");
      await world.until(() => atDialler.closed.length + atAcceptor.closed.length === 2);
      assert.match(atDialler.closed[0]?.reason ?? "", /no TLS certificate: 50 % é/);
    });

    test("a link closed before start still tells its end", async () => {
      const { outbound, inbound } = await join();
      outbound.close();
      await world.settle();
      const [atDialler, atAcceptor] = [listenTo(outbound), listenTo(inbound)];
      await world.until(() => atDialler.closed.length + atAcceptor.closed.length === 2);
      assert.deepEqual(faults(atDialler, atAcceptor), [["stopped"], ["closed"]]);
    });

    test("after close nothing is sent and nothing is heard but the end", async () => {
      const { outbound, inbound } = await join();
      const [atDialler, atAcceptor] = [listenTo(outbound), listenTo(inbound)];
      inbound.send(Buffer.from("too late"));
      outbound.close();
      assert.equal(outbound.send(Buffer.from("too late")), false);
      await world.until(() => atDialler.closed.length + atAcceptor.closed.length === 2);
      assert.deepEqual([...atDialler.messages, ...atAcceptor.messages], []);
    });

    test("ping says who is there and who is not, and leaves no link", async () => {
      const answers: (NetworkFault | undefined)[] = [];
      dialler.network.ping(acceptor.endpoint(), (fault) => answers.push(fault));
      await world.until(() => answers.length === 1);
      dialler.network.ping(world.nowhere, (fault) => answers.push(fault));
      await world.until(() => answers.length === 2);
      assert.deepEqual(answers, [undefined, "unreachable"]);
      assert.equal(accepted.length, 0);
    });

    for (const endpoint of [
      "",
      "localhost",
      "localhost:0",
      "localhost:99999",
      "[::1:7051",
      "a b:1",
    ]) {
      test(`a dial of "${endpoint}" fails as unreachable`, async () => {
        assert.equal(await dialFault(world, dialler.network, endpoint), "unreachable");
      });
    }

    test("a dial of a port where nobody listens fails as unreachable", async () => {
      assert.equal(await dialFault(world, dialler.network, world.nowhere), "unreachable");
    });

    test("a cancelled dial tells nothing, and cancelling late does no harm", async () => {
      const opened: Link[] = [];
      const failed: NetworkFault[] = [];
      const events = {
        opened: (link: Link) => opened.push(link),
        failed: (fault: NetworkFault) => failed.push(fault),
      };
      dialler.network.dial(acceptor.endpoint(), events)();
      await world.settle();
      assert.deepEqual([opened, failed], [[], []]);
      const cancel = dialler.network.dial(acceptor.endpoint(), events);
      await world.until(() => opened.length === 1);
      cancel();
      await world.settle();
      assert.deepEqual(failed, []);
    });

    test("closing a network ends its links and dials, and later dials fail as stopped", async () => {
      const { outbound, inbound } = await join();
      const [atDialler, atAcceptor] = [listenTo(outbound), listenTo(inbound)];
      const failed: NetworkFault[] = [];
      const events = { opened: () => {}, failed: (fault: NetworkFault) => failed.push(fault) };
      dialler.network.dial(acceptor.endpoint(), events);
      await dialler.network.close();
      await dialler.network.close();
      dialler.network.dial(acceptor.endpoint(), events);
      await world.until(() => atDialler.closed.length + atAcceptor.closed.length === 2);
      await world.until(() => failed.length === 2);
      assert.deepEqual(failed, ["stopped", "stopped"]);
    });

    test("closing an acceptor ends its links and frees its endpoint", async () => {
      const { outbound, inbound } = await join();
      const [atDialler, atAcceptor] = [listenTo(outbound), listenTo(inbound)];
      await acceptor.network.close();
      await world.until(() => atDialler.closed.length + atAcceptor.closed.length === 2);
      assert.equal(await dialFault(world, dialler.network, acceptor.endpoint()), "unreachable");
      const next = await world.rival(acceptor);
      await next.network.listen(() => {});
    });

    test("an endpoint in use is our user's mistake", async () => {
      const rival = await world.rival(acceptor);
      await assert.rejects(
        rival.network.listen(() => {}),
        (error) => error instanceof GossipError && error.code === "listen-failed",
      );
    });
  });
}

function faults(...heard: readonly Heard[]): readonly (readonly NetworkFault[])[] {
  return heard.map(({ closed }) => closed.map(({ fault }) => fault));
}

export async function dialOk(
  world: TestNetwork,
  network: Network,
  endpoint: string,
): Promise<Link> {
  const outcomes: (Link | string)[] = [];
  network.dial(endpoint, {
    opened: (link) => outcomes.push(link),
    failed: (fault, reason) => outcomes.push(`${fault}: ${reason}`),
  });
  assert.deepEqual(outcomes, [], "an event came before dial returned");
  await world.until(() => outcomes.length === 1);
  const outcome = outcomes[0];
  assert.ok(typeof outcome === "object", `the dial failed: ${outcome}`);
  return outcome;
}

export async function dialFault(
  world: TestNetwork,
  network: Network,
  endpoint: string,
): Promise<NetworkFault | undefined> {
  const outcomes: (NetworkFault | undefined)[] = [];
  network.dial(endpoint, {
    opened: () => outcomes.push(undefined),
    failed: (fault) => outcomes.push(fault),
  });
  await world.until(() => outcomes.length === 1);
  return outcomes[0];
}
