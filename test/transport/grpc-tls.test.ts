import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { once } from "node:events";
import { connect as connectTcp, createServer as createTcpServer } from "node:net";
import { afterEach, describe, type TestContext, test } from "node:test";
import { connect, createServer as createTlsServer } from "node:tls";
import { GossipError } from "../../src/lib/errors.ts";
import { tlsChainFault } from "../../src/msp/tls-chain.ts";
import type { Link, NetworkFault } from "../../src/transport/network.ts";
import type { TlsCredentials, TlsJudge } from "../../src/transport/tls-credentials.ts";
import { type Credentials, createAuthority } from "./certificates.ts";
import { authority, createGrpcWorld, TLS } from "./grpc-world.ts";
import { dialFault, dialOk, listenTo } from "./suite.ts";

const judgeTls: TlsJudge = (chain, anchors, use) =>
  tlsChainFault(chain, anchors, { use, atMs: Date.now() });
const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;
const stranger = await createAuthority("another-ca");
const strangerLeaf = await stranger.issue("stranger");
const server = await authority.issue("server");
const client = await authority.issue("client");
const elsewhere = await authority.issue("elsewhere", { names: ["elsewhere.example.com"] });
const nameless = await authority.issue("127.0.0.1", { names: [] });
const expired = await authority.issue("expired", { days: -1 });

const served = ({ cert, key }: Credentials): Partial<TlsCredentials> => ({ cert, key });
const shown = ({ cert, key }: Credentials): Partial<TlsCredentials> => ({
  clientCert: cert,
  clientKey: key,
});

describe("gRPC and TLS", () => {
  const world = createGrpcWorld(TLS);
  const accepted: Link[] = [];
  const listening = async (tls: TlsCredentials | undefined) => {
    const member = tls ? world.grpc({ tls }) : createPlain();
    accepted.length = 0;
    await member.network.listen((link) => accepted.push(link));
    return member;
  };
  const plain = createGrpcWorld(undefined);
  const createPlain = () => plain.grpc();
  afterEach(async () => {
    await Promise.all([world.close(), plain.close()]);
  });

  test("the hashes are those of the leaf certificates, each in its role", async () => {
    const acceptor = await listening({ ...TLS, ...served(server) });
    const dialler = world.grpc({ tls: { ...TLS, ...shown(client) } });
    const link = await dialOk(world, dialler.network, acceptor.endpoint());
    await world.until(() => accepted.length === 1);
    assert.deepEqual(link.localCertHash, client.hash);
    assert.deepEqual(link.remoteCertHash, server.hash);
    assert.deepEqual(accepted[0]?.localCertHash, server.hash);
    assert.deepEqual(accepted[0]?.remoteCertHash, client.hash);
  });

  test("without a client certificate of its own a dialler shows its server certificate", async () => {
    const acceptor = await listening(TLS);
    const { cert, key, rootCas, clientRootCas } = { ...TLS, ...served(server) };
    const tls = { cert, key, rootCas, clientRootCas, clientAuthRequired: false };
    const link = await dialOk(world, world.grpc({ tls }).network, acceptor.endpoint());
    assert.deepEqual(link.localCertHash, server.hash);
  });

  const serverCases: readonly {
    readonly name: string;
    readonly server: Partial<TlsCredentials> | "plain";
    readonly client?: Partial<TlsCredentials>;
    readonly host?: string;
    readonly want: NetworkFault | undefined;
  }[] = [
    { name: "a name of the certificate", server: {}, host: "localhost", want: undefined },
    { name: "a chain of another authority", server: served(strangerLeaf), want: "tls-untrusted" },
    { name: "another name", server: served(elsewhere), want: "tls-name" },
    { name: "only a common name", server: served(nameless), want: "tls-name" },
    { name: "an expired certificate", server: served(expired), want: "tls-expired" },
    { name: "no TLS at all", server: "plain", want: "tls-not-spoken" },
    { name: "no trust anchors here", server: {}, client: { rootCas: [] }, want: "tls-untrusted" },
    {
      name: "its own leaf as trust anchor here",
      server: served(server),
      client: { rootCas: [server.cert] },
      want: undefined,
    },
    {
      name: "a demand for client certificates, and a good one",
      server: { clientAuthRequired: true },
      want: undefined,
    },
    {
      name: "a demand for client certificates, and one of a stranger",
      server: { clientAuthRequired: true },
      client: shown(strangerLeaf),
      want: "tls-closed",
    },
    {
      name: "no such demand, and a stranger's certificate",
      server: {},
      client: shown(strangerLeaf),
      want: undefined,
    },
  ];
  for (const { name, server, client, host = "127.0.0.1", want } of serverCases) {
    test(`a dial meets ${name}: ${want ?? "opens"}`, async () => {
      const acceptor = await listening(server === "plain" ? undefined : { ...TLS, ...server });
      const dialler = world.grpc({ tls: { ...TLS, ...client } });
      const endpoint = `${host}:${acceptor.network.port}`;
      assert.equal(await dialFault(world, dialler.network, endpoint), want);
    });
  }

  test("a client without a certificate gets a link that says so", async () => {
    const acceptor = await listening(TLS);
    const { connect: connectHttp2 } = await import("node:http2");
    const session = connectHttp2(`https://localhost:${acceptor.network.port}`, {
      ca: authority.cert,
    });
    session.on("error", () => {});
    const stream = session.request({
      ":method": "POST",
      ":path": "/gossip.Gossip/GossipStream",
      "content-type": "application/grpc",
    });
    stream.on("error", () => {});
    await world.until(() => accepted.length === 1);
    assert.equal(accepted[0]?.remoteCertHash, undefined);
    assert.equal(accepted[0]?.localCertHash.length, 32);
    session.destroy();
  });

  for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
    test(`${maxVersion} is spoken`, async () => {
      const { network } = await listening(TLS);
      const options = { ca: authority.cert, maxVersion, ALPNProtocols: ["h2"] };
      const socket = connect({ host: "localhost", port: network.port, ...options });
      await world.until(() => socket.alpnProtocol === "h2");
      assert.equal(socket.getProtocol(), maxVersion);
      socket.destroy();
    });
  }

  for (const clientAuthRequired of [false, true]) {
    const demand = clientAuthRequired ? "our CAs" : "any certificate";
    test(`diallers are asked for one of ${demand}`, { skip: !hasOpenssl }, async () => {
      const { network } = await listening({ ...TLS, clientAuthRequired });
      const words = ["s_client", "-alpn", "h2", "-connect", `localhost:${network.port}`];
      const output = await new Promise<string>((resolve) => {
        execFile("openssl", words, (_error, stdout) => resolve(stdout)).stdin?.end();
      });
      assert.equal(output.includes("Acceptable client certificate CA names"), clientAuthRequired);
      assert.equal(output.includes("No client certificate CA names sent"), !clientAuthRequired);
    });
  }

  for (const isReset of [false, true]) {
    const how = isReset ? ", also if it resets the connection" : "";
    test(`a dialler that refuses our certificate is named, with its alert${how}`, (t) =>
      refuseServer(t, isReset));
  }

  async function refuseServer(t: TestContext, isReset: boolean): Promise<void> {
    const refused: string[][] = [];
    const { network } = world.grpc({ tls: TLS });
    await network.listen(
      () => {},
      (...told) => refused.push(told),
    );
    // Node sends no alert: what it begins is ended in its place, as Go would.
    const toServer = connectTcp(network.port, "127.0.0.1");
    const proxy = createTcpServer((client) => {
      client.once("data", (hello) => toServer.write(hello));
      client.on("error", () => {});
      const end = (): unknown => isReset && toServer.resetAndDestroy();
      toServer.once("data", () => toServer.write(Buffer.from([21, 3, 3, 0, 2, 2, 42]), end));
    });
    proxy.listen(0, "127.0.0.1");
    await once(proxy, "listening");
    const address = proxy.address();
    const port = typeof address === "object" && address ? address.port : 0;
    const dialler = connect({ host: "127.0.0.1", port, maxVersion: "TLSv1.2" });
    dialler.on("error", () => {});
    t.after(() => {
      for (const one of [dialler, toServer]) one.destroy();
      proxy.close();
    });
    await world.until(() => refused.length === 1);
    const [code, remote, reason] = refused[0] ?? [];
    assert.deepEqual([code, reason], ["tls-client-refuses-us", "bad certificate"]);
    assert.match(remote ?? "", /^127\.0\.0\.1:\d+$/);
  }

  const refusesUs = "tls-client-refuses-us";
  for (const [name, theirs, ours, said] of [
    ["of a CA that it does not know", { rootCas: [stranger.cert] }, {}, [refusesUs, "unknown CA"]],
    [
      "for another host",
      { serverName: "h.example.com" },
      {},
      [refusesUs, "not for the host that is dialled"],
    ],
    ["that has expired", {}, served(expired), ["tls-refused-expired", "expired"]],
  ] as const) {
    test(`a dialler of our kind that refuses a server certificate ${name} says so`, async () => {
      const refused: string[][] = [];
      const { network, endpoint } = world.grpc({ tls: { ...TLS, ...ours } });
      await network.listen(
        () => {},
        (...refusal) => refused.push(refusal),
      );
      const dialler = world.grpc({ tls: { ...TLS, ...theirs }, judgeTls });
      await dialFault(world, dialler.network, endpoint());
      await world.until(() => refused.length === 1);
      const [code, remote, why] = refused[0] ?? [];
      assert.deepEqual([code, why], said);
      assert.match(remote ?? "", /^127\.0\.0\.1:\d+$/);
    });
  }

  test("a cancelled dial does not break off the TLS handshake", async (t) => {
    const seen: string[] = [];
    const listener = createTlsServer({ ...served(server), ALPNProtocols: ["h2"] }, (socket) => {
      socket.resume().on("error", (error) => seen.push(error.message));
      socket.once("end", () => seen.push("ended"));
    });
    listener.on("tlsClientError", (error) => seen.push(error.message));
    await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
    t.after(() => listener.close());
    const address = listener.address();
    const port = typeof address === "object" ? address?.port : undefined;
    const events = { opened: () => seen.push("opened"), failed: () => seen.push("failed") };
    world.grpc().network.dial(`127.0.0.1:${port}`, events)();
    await world.until(() => seen.length > 0);
    assert.deepEqual(seen, ["ended"]);
  });

  test("renewed certificates and trust count from the next handshake on", async () => {
    const acceptor = await listening(TLS);
    const dialler = world.grpc();
    const old = await dialOk(world, dialler.network, acceptor.endpoint());
    await world.until(() => accepted.length === 1);
    acceptor.network.setTls({ ...TLS, ...served(strangerLeaf) });
    assert.equal(await dialFault(world, dialler.network, acceptor.endpoint()), "tls-untrusted");
    dialler.network.setTls({ ...TLS, rootCas: [stranger.cert] });
    const renewed = await dialOk(world, dialler.network, acceptor.endpoint());
    assert.deepEqual(renewed.remoteCertHash, strangerLeaf.hash);
    const heard = listenTo(old);
    accepted[0]?.send(Buffer.from("still here"));
    await world.until(() => heard.messages.length === 1);
  });

  test("a failed handshake is counted by its reason", async () => {
    const acceptor = await listening(TLS);
    const dialler = world.grpc({ tls: { ...TLS, rootCas: [] } });
    assert.equal(await dialFault(world, dialler.network, acceptor.endpoint()), "tls-untrusted");
    await world.until(() => acceptor.network.stats().refused.tls === 1);
  });

  const unusable: readonly [string, Partial<TlsCredentials>, RegExp][] = [
    ["a key of another certificate", { key: client.key }, /TLS server/],
    ["no PEM", { clientCert: Buffer.from("x"), clientKey: client.key }, /TLS client/],
    ["a broken CA", { rootCas: [Buffer.from("-----BEGIN CERTIFICATE-----\nx\n")] }, /TLS client/],
  ];
  for (const [name, files, message] of unusable) {
    test(`${name} is our user's mistake, at the start and later`, async () => {
      const isExpected = (error: unknown): boolean =>
        error instanceof GossipError &&
        error.code === "config-invalid" &&
        message.test(error.message);
      const tls = { ...TLS, ...served(server), ...files };
      assert.throws(() => world.grpc({ tls }), isExpected);
      const member = await listening(TLS);
      assert.throws(() => member.network.setTls(tls), isExpected);
      assert.equal(await dialFault(world, world.grpc().network, member.endpoint()), undefined);
    });
  }

  test("a client certificate without its key is our user's mistake", () => {
    const { cert, key, rootCas, clientRootCas } = TLS;
    const tls = { cert, key, rootCas, clientRootCas, clientAuthRequired: false };
    assert.throws(() => world.grpc({ tls: { ...tls, clientCert: client.cert } }), /both or none/);
  });
});
