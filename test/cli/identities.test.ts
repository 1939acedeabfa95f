/** The life of identities with real processes: entering, renewed, revoked, expired, unused (spec C 9). */
import assert from "node:assert/strict";
import { appendFile, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { type GeneratedOrganisation, generateOrganisation } from "../../src/msp/generate.ts";
import { renewPeerCertificate } from "../../src/msp/generate-renew.ts";
import type { Json } from "../../src/observe/json.ts";
import type { Connection, Identity, Member } from "../../src/observe/views.ts";
import {
  get,
  launch,
  type PeerPorts,
  peerEnvironment,
  ports,
  type Running,
  run,
  temporaryFolder,
  until,
} from "./program.ts";

/** Protocol timers a tenth of the default; identities nobody needs go after a second. */
const FAST = {
  CORE_PEER_GOSSIP_ALIVETIMEINTERVAL: "500ms",
  CORE_PEER_GOSSIP_ALIVEEXPIRATIONTIMEOUT: "2500ms",
  CORE_PEER_GOSSIP_RECONNECTINTERVAL: "2500ms",
  CORE_PEER_GOSSIP_MSGEXPIRATIONFACTOR: "1",
  CORE_PEER_GOSSIP_PUBLISHCERTPERIOD: "1s",
  CORE_PEER_GOSSIP_PULLINTERVAL: "400ms",
  CORE_PEER_GOSSIP_DIGESTWAITTIME: "100ms",
  CORE_PEER_GOSSIP_REQUESTWAITTIME: "150ms",
  CORE_PEER_GOSSIP_RESPONSEWAITTIME: "200ms",
  CORE_FABRICGOSSIP_LIMITS_IDENTITYUSAGE: "1s",
};

interface Peer {
  readonly at: PeerPorts;
  readonly running: Running;
}

async function organisationOf(t: TestContext, peers: number): Promise<GeneratedOrganisation> {
  return generateOrganisation({
    folder: await temporaryFolder(t),
    domain: "org1.example.com",
    peers,
    sans: ["127.0.0.1"],
    nowMs: Date.now(),
  });
}

/** Starts the peers with these indices; the first one is the bootstrap peer of all. */
async function startPeers(
  t: TestContext,
  org: GeneratedOrganisation,
  indices: readonly number[],
): Promise<Peer[]> {
  const peers: Peer[] = [];
  for (const index of indices) peers.push(await startPeer(t, org, index, peers[0]));
  try {
    await until("all see all", async () => {
      const views = await Promise.all(peers.map(aliveIds));
      return views.every((ids) => ids.length === peers.length);
    });
  } catch (error) {
    const logs = peers.map(({ running }) => running.output()).join("\n");
    throw new Error(`the members did not meet; their logs:\n${logs}`, { cause: error });
  }
  return peers;
}

async function startPeer(
  t: TestContext,
  org: GeneratedOrganisation,
  index: number,
  bootstrap?: Peer,
): Promise<Peer> {
  const at = await ports();
  const more: Record<string, string> = { ...FAST };
  if (bootstrap) more["CORE_PEER_GOSSIP_BOOTSTRAP"] = `127.0.0.1:${bootstrap.at.port}`;
  return { at, running: launch(t, ["start"], peerEnvironment(org, index, at, more)) };
}

async function members({ at }: Peer): Promise<Json<Member>[]> {
  return (await get<Json<Member>[]>(at.operations, "/api/v1/members")) ?? [];
}

async function aliveIds(peer: Peer): Promise<string[]> {
  return (await members(peer)).filter(({ status }) => status === "alive").map(({ pkiId }) => pkiId);
}

async function identities({ at }: Peer): Promise<Json<Identity>[]> {
  return (await get<Json<Identity>[]>(at.operations, "/api/v1/identities")) ?? [];
}

async function idOf(peer: Peer): Promise<string> {
  return (await get<Json<Member>>(peer.at.operations, "/api/v1/self"))?.pkiId ?? "";
}

/** The subjects that none of the peers knows any more. */
async function isUnknown(pkiId: string, ...peers: readonly Peer[]): Promise<boolean> {
  for (const peer of peers) {
    if ((await members(peer)).some((member) => member.pkiId === pkiId)) return false;
    if ((await identities(peer)).some((identity) => identity.pkiId === pkiId)) return false;
  }
  return true;
}

describe("identities of members that are processes", () => {
  test("a new one enters a network of five that has run for a while, and has the full view", async (t) => {
    const org = await organisationOf(t, 6);
    const peers = await startPeers(t, org, [0, 1, 2, 3, 4]);
    // Heartbeats carry no certificate any more: the newcomer has to pull them.
    await until("the certificates are no longer published", async () => {
      const self = await get<Json<Member>>(peers[0]?.at.operations ?? 0, "/api/v1/self");
      return Number(self?.sequence) > 5;
    });
    const late = await startPeer(t, org, 5, peers[0]);
    await until("the newcomer sees six", async () => (await aliveIds(late)).length === 6);
    const learnt = new Set((await identities(late)).map(({ learntFrom }) => learntFrom));
    assert.ok(learnt.has("pull"), [...learnt].join());
    await until("everybody sees six", async () => {
      const views = await Promise.all(peers.map(aliveIds));
      return views.every((ids) => ids.length === 6);
    });
  });

  test("a renewed one takes the place of the old one without a restart", async (t) => {
    const org = await organisationOf(t, 3);
    const [p0, p1, p2] = (await startPeers(t, org, [0, 1, 2])) as [Peer, Peer, Peer];
    const old = await idOf(p2);
    assert.equal((await run(t, ["crypto", "renew", "peer2", "--org", org.folder])).code, 0);
    p2.running.child.kill("SIGHUP");
    await until("the others have the new one only", async () => {
      const renewed = await idOf(p2);
      const views = await Promise.all([p0, p1].map(aliveIds));
      return (
        renewed !== old && views.every((ids) => ids.includes(renewed)) && isUnknown(old, p0, p1)
      );
    });
    await until("so has it", async () => (await aliveIds(p2)).length === 3);
  });

  test("a revoked one is dropped, disconnected and refused as soon as the list is read", async (t) => {
    const org = await organisationOf(t, 3);
    const [p0, p1, p2] = (await startPeers(t, org, [0, 1, 2])) as [Peer, Peer, Peer];
    // Trust does not wait for our own files to be in order.
    const spoilt = join(org.peers[0]?.folder ?? "", "tls/server.key");
    const whole = await readFile(spoilt);
    await writeFile(spoilt, "half a k");
    // The certificate is whole and belongs to its key; what follows is half written.
    const chain = join(org.peers[1]?.folder ?? "", "tls/server.crt");
    await appendFile(chain, "-----BEGIN CERTIFICATE-----\nMIIB");
    const revoked = await idOf(p2);
    const folder = join(org.peers[2]?.mspFolder ?? "", "signcerts");
    const [certificate = ""] = await readdir(folder);
    const { code } = await run(t, [
      "crypto",
      "revoke",
      join(folder, certificate),
      "--org",
      org.folder,
    ]);
    assert.equal(code, 0);
    for (const { running } of [p0, p1]) running.child.kill("SIGHUP");
    await until("both have dropped it", () => isUnknown(revoked, p0, p1));
    const connections =
      (await get<Json<Connection>[]>(p0.at.operations, "/api/v1/connections")) ?? [];
    assert.equal(
      connections.some(({ pkiId }) => pkiId === revoked),
      false,
    );
    await until("its handshake is refused", async () => {
      const metrics = await (await fetch(`http://127.0.0.1:${p0.at.operations}/metrics`)).text();
      return metrics.includes('gossip_handshakes_failed_total{code="identity-revoked"}');
    });
    assert.ok(await isUnknown(revoked, p0, p1));
    const health = await fetch(`http://127.0.0.1:${p0.at.operations}/healthz`);
    assert.match(await health.text(), /not all files could be read again: .*server\.key/);
    const other = await fetch(`http://127.0.0.1:${p1.at.operations}/healthz`);
    assert.match(
      await other.text(),
      /not all files could be read again: The TLS server certificate/,
    );
    await writeFile(spoilt, whole);
    p0.running.child.kill("SIGHUP");
    await until("the mended key is in use, and nothing is said of it any more", async () => {
      const mended = await fetch(`http://127.0.0.1:${p0.at.operations}/healthz`);
      return !(await mended.text()).includes("read again");
    });
  });

  test("an expired one is gone, and its process says that it is unhealthy", async (t) => {
    const org = await organisationOf(t, 2);
    const beganMs = performance.now();
    const [p0] = (await startPeers(t, org, [0])) as [Peer];
    const startMs = performance.now() - beganMs;
    await renewPeerCertificate({
      organisationFolder: org.folder,
      peer: "peer1",
      nowMs: Date.now(),
      // Time to start and to meet, on a machine as busy as this one.
      validityMs: Math.min(15_000 + 6 * startMs, 110_000),
    });
    const p1 = await startPeer(t, org, 1, p0);
    await until("they have met", async () => (await aliveIds(p0)).length === 2);
    assert.match(p0.running.output(), /WARN .*the certificate of CN=peer1.* expires at/);
    const expired = await idOf(p1);
    await until("it is gone", () => isUnknown(expired, p0));
    const health = await fetch(`http://127.0.0.1:${p1.at.operations}/healthz`);
    assert.match(await health.text(), /our own certificate expired at/);
  });

  test("an unused one is forgotten after its member", async (t) => {
    const org = await organisationOf(t, 2);
    const [p0, p1] = (await startPeers(t, org, [0, 1])) as [Peer, Peer];
    const gone = await idOf(p1);
    p1.running.child.kill("SIGKILL");
    await until("its member is forgotten, then its identity", () => isUnknown(gone, p0));
    assert.match(p0.running.output(), /forgot the identity of CN=peer1.*: unused/);
  });
});

describe("probe", () => {
  test("prints who is there; 1 if we do not believe them, 3 if nobody is there, 2 if it is no endpoint", async (t) => {
    const org = await organisationOf(t, 2);
    const [p0] = (await startPeers(t, org, [0])) as [Peer];
    const env = peerEnvironment(org, 1, await ports());
    const found = await run(t, ["probe", `127.0.0.1:${p0.at.port}`], env);
    assert.equal(found.code, 0);
    assert.match(found.stdout, new RegExp(`PKI-ID +${await idOf(p0)}`));
    assert.equal(
      (await get<Json<Connection>[]>(p0.at.operations, "/api/v1/connections"))?.length,
      0,
    );
    const nobody = await run(t, ["probe", `127.0.0.1:${(await ports()).port}`, "--json"], env);
    assert.equal(nobody.code, 3);
    assert.match(nobody.stdout, /"code":"unreachable"/);
    const other = await run(t, ["probe", `127.0.0.1:${p0.at.operations}`], env);
    assert.equal(other.code, 1);
    assert.match(other.stdout, /no handshake +that port does not speak TLS \(tls-not-spoken\)/);
    for (const wrong of ["nonsense", "127.0.0.1:0"]) {
      assert.equal((await run(t, ["probe", wrong], env)).code, 2);
    }
  });
});
