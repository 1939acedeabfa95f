/** Whatever a stranger sends: the server survives, stays small, and serves everybody else. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { describe, test } from "node:test";
import { Caution } from "../../src/transport/caution.ts";
import type { Link } from "../../src/transport/network.ts";
import { authority, TLS, until } from "./grpc-world.ts";
import {
  accepted,
  assertServes,
  call,
  closed,
  listening,
  openHttp2,
  openTcp,
  openTls,
  plainWorld,
  sessions,
  world,
} from "./hostile-world.ts";
import { listenTo } from "./suite.ts";

test("closing does not wait for somebody in the middle of TLS", async () => {
  const { network } = await listening({ timeouts: { acceptTimeoutMs: 3_600_000 } });
  const stranger = openTcp(network.port);
  await once(stranger, "connect");
  stranger.write(Buffer.from("160301020001fc0303", "hex"));
  await until(() => network.stats().accepted === 1);
  await Promise.all([network.close(), closed(stranger)]);
});

describe("bytes that are no gRPC", () => {
  const clientHello = Buffer.from("160301020001fc0303", "hex");
  const inputs: readonly [string, Buffer][] = [
    ["nothing, and closed", Buffer.alloc(0)],
    ["random bytes", randomBytes(2_000)],
    ["an HTTP/1.1 request", Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n")],
    ["the beginning of a TLS handshake", clientHello],
    ["an HTTP/2 preface", Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")],
    ["a preface and garbage", Buffer.from(`PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${"x".repeat(999)}`)],
    ["zeros", Buffer.alloc(50_000)],
  ];
  for (const [name, bytes] of inputs) {
    test(`${name}: TLS and plain servers go on`, async () => {
      const timeouts = { acceptTimeoutMs: 150 };
      const secure = await listening({ timeouts });
      const plain = await listening({ timeouts }, plainWorld);
      for (const { network } of [secure, plain]) {
        const socket = openTcp(network.port);
        if (bytes.length === 0) socket.end();
        else socket.write(bytes);
        await closed(socket);
        await until(() => network.stats().acceptedClosed === 1);
        const { refused } = network.stats();
        assert.equal(refused.tls + refused.protocol + refused.timeout, 1);
      }
      await assertServes(secure);
      await assertServes(plain, plainWorld);
    });
  }

  for (const protocols of [["http/1.1"], []]) {
    test(`TLS with the protocols [${protocols}] is closed`, async () => {
      const member = await listening();
      const socket = openTls(member.network.port, protocols);
      await closed(socket);
      await until(() => member.network.stats().acceptedClosed === 1);
      await assertServes(member);
    });
  }

  test("TLS, h2, and then garbage instead of HTTP/2", async () => {
    const member = await listening();
    const socket = openTls(member.network.port, ["h2"]);
    socket.write(randomBytes(500));
    await closed(socket);
    await until(() => member.network.stats().refused.protocol === 1);
  });

  test("a thousand sockets with garbage leave nothing behind", async () => {
    // Some garbage looks like the beginning of a TLS record, and waits for the rest.
    const timeouts = { acceptTimeoutMs: 200 };
    const member = await listening({ timeouts, limits: { handshakesMax: 50 } });
    const ends: Promise<unknown>[] = [];
    for (let i = 0; i < 1_000; i++) {
      const socket = openTcp(member.network.port);
      socket.write(randomBytes(64));
      ends.push(closed(socket));
      if (i % 100 === 99) await Promise.all(ends.splice(0));
    }
    await until(() => {
      const { accepted: opened, acceptedClosed } = member.network.stats();
      return opened === acceptedClosed;
    });
    assert.equal(member.network.stats().accepted, 1_000);
    await assertServes(member);
  });
});

describe("sockets that only take room", () => {
  test("a silent one is cut off in time, before and after TLS", async () => {
    // Within it the second one must get through TLS, on a busy machine too.
    const member = await listening({ timeouts: { acceptTimeoutMs: 2_000 } });
    const silent = [openTcp(member.network.port), openTls(member.network.port, ["h2"])];
    await Promise.all(silent.map((socket) => closed(socket)));
    await until(() => member.network.stats().refused.timeout === 2);
  });

  test("a session without a stream is cut off in time", async () => {
    const member = await listening({ timeouts: { idleTimeoutMs: 1_000 } });
    const busy = openHttp2(member.network.port);
    call(busy);
    await until(() => accepted.length === 1);
    const idle = openHttp2(member.network.port);
    await closed(idle);
    assert.equal(busy.destroyed, false);
  });

  test("of too many handshakes the one that takes longest is cut", async () => {
    const member = await listening({ limits: { handshakesMax: 3 } });
    const [first, ...others] = Array.from({ length: 4 }, () => openTcp(member.network.port));
    assert.ok(first);
    await closed(first);
    assert.deepEqual(
      others.map((socket) => socket.destroyed),
      [false, false, false],
    );
    assert.equal(member.network.stats().refused["too-many-handshakes"], 1);
  });

  test("of too many handshakes none is cut whose address has few", async () => {
    const member = await listening({ limits: { handshakesMax: 3 } });
    const first = openTcp(member.network.port, "127.0.0.2");
    await once(first, "connect");
    const crowd = Array.from({ length: 6 }, () => openTcp(member.network.port));
    await until(() => member.network.stats().accepted === 7);
    await until(() => crowd.filter(({ destroyed }) => destroyed).length === 4);
    assert.equal(first.destroyed, false);
    assert.equal(member.network.stats().refused["too-many-handshakes"], 4);
  });

  test("of too many handshakes none is cut whose address is new, however many the others have", async () => {
    const timeouts = { acceptTimeoutMs: 3_600_000 };
    const member = await listening({ limits: { handshakesMax: 8 }, timeouts });
    const refused = (): number => member.network.stats().refused["too-many-handshakes"];
    const crowd = (): void => {
      for (let i = 1; i <= 9; i++) openTcp(member.network.port, `127.0.1.${i}`);
    };
    crowd();
    await until(() => refused() === 1);
    for (let i = 0; i < 3; i++) crowd();
    await until(() => refused() === 28);
    const newcomer = openTcp(member.network.port, "127.0.2.1");
    await once(newcomer, "connect");
    for (let i = 0; i < 3; i++) crowd();
    await until(() => refused() === 56);
    assert.equal(newcomer.destroyed, false);
  });

  test("who resets and comes again from the same port is counted once", async () => {
    const max = 50;
    const timeouts = { acceptTimeoutMs: 3_600_000 };
    const { network } = await listening({ limits: { handshakesMax: max }, timeouts });
    const silent = Array.from({ length: 40 }, () => openTcp(network.port, "127.0.0.3"));
    await until(() => network.stats().accepted === 40);
    let again = openTcp(network.port, "127.0.0.2");
    await once(again, "connect");
    const { localPort } = again;
    for (let i = 1; i <= 20; i++) {
      await until(() => network.stats().accepted === 40 + i); // Nobody has read yet that it is reset.
      const isClosed = once(again, "close");
      again.resetAndDestroy();
      await isClosed;
      again = openTcp(network.port, "127.0.0.2", localPort);
      await once(again, "connect");
    }
    for (const socket of [...silent, again]) socket.destroy();
    await until(() => network.stats().acceptedClosed === 61);
    assert.equal(network.stats().refused["too-many-handshakes"], 0);
    for (let i = 0; i < max; i++) openTcp(network.port, "127.0.0.4");
    await until(() => network.stats().accepted === 61 + max);
    assert.equal(network.stats().refused["too-many-handshakes"], 0);
  });

  test("silent ones, however many, keep nobody out", async () => {
    const member = await listening({ limits: { handshakesMax: 20, connectionsMax: 30 } });
    for (let i = 0; i < 40; i++) openTcp(member.network.port);
    for (let i = 0; i < 40; i++) await once(openHttp2(member.network.port), "remoteSettings");
    await assertServes(member);
    assert.ok(member.network.stats().refused["too-many-connections"] > 0);
  });

  test("of too many connections the oldest stranger's is cut, never one that is proven", async () => {
    const member = await listening({ limits: { connectionsMax: 3 } });
    const open = async () => {
      const session = openHttp2(member.network.port);
      await once(session, "remoteSettings");
      return session;
    };
    const [busy, idle] = [await open(), await open()];
    call(busy);
    await until(() => accepted.length === 1);
    accepted[0]?.admit();
    call(idle); // An open stream is no proof.
    await until(() => accepted.length === 2);
    const isCut = closed(idle);
    const young = await open();
    const newcomer = await open();
    await isCut;
    for (const session of [young, newcomer]) call(session);
    await until(() => accepted.length === 4);
    for (const link of accepted) link.admit();
    await closed(openTcp(member.network.port));
    assert.deepEqual(
      [busy, young, newcomer].map(({ destroyed }) => destroyed),
      [false, false, false],
    );
    assert.equal(member.network.stats().refused["too-many-connections"], 2);
  });
});

describe("TLS that is read piece by piece", () => {
  /** Shows a chain of so many certificates of 400 bytes; resolves to whether it is let through. */
  async function showChain(port: number, length: number): Promise<boolean> {
    const chain = Array(length).fill(authority.cert);
    const cert = Buffer.concat([TLS.cert, ...chain]);
    const session = connectHttp2(`https://localhost:${port}`, {
      ca: authority.cert,
      cert,
      key: TLS.key,
    });
    session.on("error", () => {});
    sessions.push(session);
    return await Promise.race([
      once(session, "remoteSettings").then(
        () => true,
        () => false,
      ),
      closed(session).then(() => false),
    ]);
  }

  test("members are served, and chains of up to 16 KiB", async () => {
    const refusals: unknown[] = [];
    const member = world.grpc();
    await member.network.listen(
      () => {},
      (fault, _address, reason) => refusals.push([fault, reason]),
    );
    assert.equal(await showChain(member.network.port, 30), true);
    assert.deepEqual(refusals, []);
    assert.equal(await showChain(member.network.port, 60), false);
    assert.equal(refusals.length, 1);
    assert.match(
      `${refusals[0]}`,
      /^tls-client-refused,it shows more than 16 KiB of certificates: /,
    );
    await assertServes(member);
  });

  test("messages arrive, and links are told whose they are", async () => {
    const member = await listening();
    const friend = world.grpc();
    const link = await new Promise<Link>((opened, failed) => {
      friend.network.dial(member.endpoint(), {
        opened,
        failed: (fault, reason) => failed(new Error(`${fault}: ${reason}`)),
      });
    });
    await until(() => accepted.length === 1);
    const [other] = accepted;
    assert.ok(other);
    assert.match(other.remoteAddress, /^127\.0\.0\.1:\d+$/);
    const [atFriend, atMember] = [listenTo(link), listenTo(other)];
    const sent = [0, 1, 1_000, 16_384, 70_000, 250_000].map((length) => Buffer.alloc(length, 7));
    for (const message of sent) link.send(message);
    other.send(Buffer.from("back"));
    await until(() => atMember.messages.length === sent.length && atFriend.messages.length === 1);
    assert.deepEqual(atMember.messages, sent);
  });

  test("so are those whom we dial, after one that may have kept TLS busy", async () => {
    const caution = new Caution();
    caution.begin();
    const [member, friend] = [await listening({ caution }), await listening()];
    const dial = async (endpoint: string) =>
      await new Promise<Link | string>((opened) => {
        member.network.dial(endpoint, { opened, failed: (fault) => opened(fault) });
      });
    const link = await dial(friend.endpoint());
    assert.ok(typeof link === "object", `${link}`);
    await until(() => accepted.length === 1);
    const [other] = accepted;
    assert.ok(other);
    const [here, there] = [listenTo(link), listenTo(other)];
    const sent = [0, 1, 16_384, 250_000].map((length) => Buffer.alloc(length, 7));
    for (const message of sent) {
      link.send(message);
      other.send(message);
    }
    await until(() => [here, there].every(({ messages }) => messages.length === sent.length));
    assert.deepEqual([here.messages, there.messages], [sent, sent]);
    link.close();
    await until(() => there.closed.length === 1);

    assert.equal(await dial("127.0.0.1:1"), "unreachable");
    const cert = Buffer.concat([TLS.cert, ...Array(30).fill(authority.cert)]);
    const { port } = (await listening({ tls: { ...TLS, cert } })).network;
    assert.ok(typeof (await dial(`localhost:${port}`)) === "object");
    const plain = await listening({}, plainWorld);
    assert.equal(await dial(plain.endpoint()), "tls-not-spoken");
  });
});
