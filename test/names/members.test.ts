/** Real members that find each other by names, over TLS, with a DNS server of their own. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { GossipNode, type NodeOptions } from "../../src/index.ts";
import { type GeneratedOrganisation, generateOrganisation } from "../../src/msp/generate.ts";
import { temporaryFolder, until } from "../cli/program.ts";
import { freePort } from "../ports.ts";
import { createAuthority } from "../transport/certificates.ts";
import { type DnsServer, startDnsServer } from "./dns-server.ts";

const ADDRESSES = ["127.0.0.1", "127.0.0.2", "127.0.0.3"];
/** Elsewhere only the first of these is an address of the machine. */
const skip = process.platform === "linux" ? false : "needs several loopback addresses";

async function organisation(
  t: TestContext,
  ...sans: readonly string[]
): Promise<GeneratedOrganisation> {
  const folder = await temporaryFolder(t);
  return generateOrganisation({
    folder,
    domain: "org1.example.com",
    peers: 3,
    sans,
    nowMs: Date.now(),
  });
}

interface Place {
  readonly org: GeneratedOrganisation;
  readonly peer: number;
  readonly listen: string;
  readonly name: string;
  readonly dns: DnsServer;
  /** Folder of `tls.crt`, `tls.key` and `ca.crt`, if not those of the peer. */
  readonly tls?: string;
}

async function start(
  t: TestContext,
  { org, peer, listen, name, dns, tls }: Place,
): Promise<GossipNode> {
  const folder = org.peers[peer]?.folder ?? "";
  const options: NodeOptions = {
    mspId: "Org1MSP",
    mspPath: `${folder}/msp`,
    listen,
    preset: "test",
    bootstrapNames: [name],
    settings: { "fabricGossip.nameServers": dns.address },
    tls: {
      certPath: tls ? join(tls, "tls.crt") : `${folder}/tls/server.crt`,
      keyPath: tls ? join(tls, "tls.key") : `${folder}/tls/server.key`,
      rootCertPath: join(tls ?? `${folder}/tls`, "ca.crt"),
    },
  };
  const node = await GossipNode.start(options);
  t.after(() => node.close());
  return node;
}

const alive = (node: GossipNode): number =>
  node.members().filter(({ self, status }) => !self && status === "alive").length;
const isReady = (node: GossipNode): boolean => node.diagnostics.unready().length === 0;

describe("a name that leads to several addresses", { skip }, () => {
  test("members scale from nobody to two, one is replaced: all find each other and are ready", async (t) => {
    const org = await organisation(t, "gossip.test", ...ADDRESSES);
    const dns = await startDnsServer(t);
    const port = await freePort();
    const name = `gossip.test:${port}`;
    const place = (peer: number): Place => {
      return { org, peer, listen: `${ADDRESSES[peer]}:${port}`, name, dns };
    };
    const a = await start(t, place(0));
    const isUnknown = (): boolean =>
      /DNS knows nobody under that name \(ENOTFOUND\)/.test(a.diagnostics.unready().join());
    await until("it says that DNS knows nobody", isUnknown);
    const { causes } = a.diagnostics.why(name);
    assert.match(causes.map(({ sentence }) => sentence).join(" "), /DNS knows nobody/);

    dns.records.set("gossip.test", ADDRESSES.slice(0, 1));
    await until("the first, which finds only itself, is ready", () => isReady(a));
    const b = await start(t, place(1));
    dns.records.set("gossip.test", ADDRESSES.slice(0, 2));
    await until("two see each other", () => alive(a) === 1 && alive(b) === 1);
    await until("both are ready", () => isReady(a) && isReady(b));

    await a.close();
    dns.records.set("gossip.test", ADDRESSES.slice(1));
    const c = await start(t, place(2));
    await until("the third is found in place of the first", () => alive(b) === 1 && alive(c) === 1);
    await until("it is ready", () => isReady(c));
  });

  test("whose certificates are not for the name are refused, and the name is told", async (t) => {
    const org = await organisation(t, ...ADDRESSES);
    const dns = await startDnsServer(t);
    const port = await freePort();
    dns.records.set("gossip.test", ADDRESSES.slice(0, 2));
    const name = `gossip.test:${port}`;
    await start(t, { org, peer: 0, listen: `127.0.0.1:${port}`, name, dns });
    const b = await start(t, { org, peer: 1, listen: `127.0.0.2:${port}`, name, dns });
    const reasons = (): string => b.diagnostics.unready().join();
    await until("it is told", () =>
      new RegExp(
        `gossip\\.test/127\\.0\\.0\\.1:${port} \\(its TLS certificate is not for gossip\\.test`,
      ).test(reasons()),
    );
    const why = b.diagnostics.why(`127.0.0.1:${port}`);
    assert.match(JSON.stringify(why), /not for gossip\.test/);
  });
});

test("the targets of a service are dialled by their own names and ports", async (t) => {
  const org = await organisation(t, "localhost");
  const dns = await startDnsServer(t);
  const ports = [await freePort(), await freePort()];
  const name = "_gossip._tcp.shop.test";
  dns.records.set(
    name,
    ports.map((port) => `0 0 ${port} localhost`),
  );
  const nodes: GossipNode[] = [];
  for (const [peer, port] of ports.entries()) {
    nodes.push(await start(t, { org, peer, listen: `localhost:${port}`, name, dns }));
  }
  await until("they see each other", () => nodes.every((node) => alive(node) === 1));
  await until("they are ready", () => nodes.every(isReady));
});

test("TLS may be that of SPIFFE: names of hosts beside the identity in an SVID", async (t) => {
  const org = await organisation(t);
  const dns = await startDnsServer(t);
  const spire = await createAuthority("spire");
  const ports = [await freePort(), await freePort()];
  const name = "_gossip._tcp.shop.test";
  dns.records.set(
    name,
    ports.map((port) => `0 0 ${port} localhost`),
  );
  const nodes: GossipNode[] = [];
  for (const [peer, port] of ports.entries()) {
    const names = [`spiffe://shop.test/ns/gossip/peer${peer}`, "localhost"];
    const { cert, key } = await spire.issue("", { names });
    const tls = await temporaryFolder(t);
    const files = { "tls.crt": cert, "tls.key": key, "ca.crt": spire.cert };
    for (const [file, pem] of Object.entries(files)) await writeFile(join(tls, file), pem);
    nodes.push(await start(t, { org, peer, listen: `localhost:${port}`, name, dns, tls }));
  }
  await until("they see each other", () => nodes.every((node) => alive(node) === 1));
});
