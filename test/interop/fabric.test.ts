/**
 * Our member among peers of Hyperledger Fabric, as programs on this machine. Runs only where
 * `FABRIC_BIN` names the folder of Fabric's programs (see installation.ts), about a minute and a
 * half. `FABRIC_INTEROP_MINUTES=10` watches the undisturbed network longer; run this file alone
 * then, as `node --test test/interop/fabric.test.ts`.
 *
 * The scenarios build on each other, like the days of one network: peer0, peer1 and peer3 are
 * Fabric's, peer2 is ours.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { renewPeerCertificate } from "../../src/msp/generate-renew.ts";
import { makeChannelBlock } from "./channel.ts";
import { findInstallation } from "./installation.ts";
import {
  createFabricPeer,
  createOwnPeer,
  type FabricPeer,
  type OwnPeer,
  type Peer,
} from "./peers.ts";
import { until } from "./until.ts";
import { isAboutUs, loses, report, seeAll, seeEachOther, warnings } from "./views.ts";
import {
  choosePorts,
  createWorkspace,
  local,
  type Organisation,
  type Workspace,
} from "./workspace.ts";

const search = findInstallation(process.env);
const { FABRIC_INTEROP_MINUTES: minutes = "0.2" } = process.env;
const WATCH_MS = Number(minutes) * 60_000;

/** Fabric's own waits: membership is exchanged every 4 s, the dead are redialled every 25 s. */
const JOIN_MS = 10_000;
const RETURN_MS = 35_000;
/** Fabric notices at its next send, by a dial that fails after 3 s. */
const FABRIC_NOTICES_MS = 15_000;
/** At once over an open connection; without one, when our next heartbeat cannot be sent. */
const WE_NOTICE_MS = 8_000;

/** What an honest neighbour may send that we do not use. Everything else would be a mistake. */
const HARMLESS = new Set(["stale", "own-message", "not-followed", "identity-unknown"]);

describe("among Fabric's peers", { skip: search.found ? false : search.reason }, () => {
  let workspace: Workspace;
  let organisation: Organisation;
  let ours: OwnPeer;
  let peer0: FabricPeer;
  let peer1: FabricPeer;
  let peer3: FabricPeer;

  before(async () => {
    assert.ok(search.found);
    assert.ok(WATCH_MS > 0, "FABRIC_INTEROP_MINUTES must be a positive number");
    workspace = await createWorkspace(search.installation, 4);
    const [first] = workspace.organisations;
    assert.ok(first);
    organisation = first;
    const settings = async (index: number, bootstrap?: Peer) => {
      const ports = await choosePorts();
      // Itself is nobody; without any bootstrap peer the one of core.yaml would count.
      const endpoint = bootstrap?.endpoint ?? local(ports.gossip);
      return { organisation, name: `peer${index}`, ports, bootstrap: [endpoint] };
    };
    peer0 = createFabricPeer(workspace, await settings(0));
    const demanding = { ...(await settings(1, peer0)), clientAuthRequired: true };
    peer1 = createFabricPeer(workspace, demanding);
    ours = createOwnPeer(workspace, await settings(2, peer0));
    peer3 = createFabricPeer(workspace, await settings(3, ours));
    await peer0.start();
    await peer1.start();
    await seeEachOther(RETURN_MS, peer0, peer1);
  });

  after(async () => {
    await Promise.all([ours, peer0, peer1, peer3].map((peer) => peer?.stop("SIGKILL")));
  });

  test("we join by one of them, and all of us see each other", async (t) => {
    await ours.start();
    await report(t, "everybody sees everybody", seeEachOther(JOIN_MS, ours, peer0, peer1));
    await assertCertificatesKnown(ours, [peer0, peer1]);
  });

  test("a peer of Fabric that knows only us finds everybody by us", async (t) => {
    await peer3.start();
    await report(t, "it and we", seeEachOther(JOIN_MS, ours, peer3));
    await report(t, "it and the others", seeEachOther(RETURN_MS, peer3, peer0, peer1));
    await assertCertificatesKnown(ours, [peer0, peer1, peer3]);
  });

  test("what they say in a channel that we do not follow is passed over", async () => {
    const block = await makeChannelBlock(workspace, "interop");
    await Promise.all([peer0, peer1].map((peer) => peer.joinChannel(block)));
    await until({
      what: "messages of the channel have reached us",
      timeoutMs: JOIN_MS,
      async isSo() {
        const dropped = await ours.counts("gossip_messages_dropped_total");
        return (dropped["not-followed"] ?? 0) >= 2 || JSON.stringify(dropped);
      },
    });
  });

  test("nobody has anything to complain of", async (t) => {
    const others = [peer0, peer1, peer3];
    const opened = await openedAt(ours);
    await watch(t, ours, others);
    assert.deepEqual(await openedAt(ours), opened, "no connection was replaced");
    const dropped = await ours.counts("gossip_messages_dropped_total");
    t.diagnostic(`messages not used: ${JSON.stringify(dropped)}`);
    const rejected = Object.keys(dropped).filter((code) => dropped[code] && !HARMLESS.has(code));
    assert.deepEqual(rejected, []);
    assert.deepEqual(await ours.counts("gossip_handshakes_failed_total"), {});
    assert.deepEqual(warnings(ours), []);
    const members = await ours.members();
    for (const peer of others) {
      const ofUs = warnings(peer).filter((line) => isAboutUs(line, members));
      assert.deepEqual(ofUs, [], peer.name);
    }
  });

  for (const signal of ["SIGKILL", "SIGTERM"] as const) {
    test(`they notice when we end by ${signal}, and when we are back`, async (t) => {
      await ours.stop(signal);
      const others = [peer0, peer1, peer3];
      const gone = Promise.all(others.map((peer) => loses(FABRIC_NOTICES_MS, peer, ours)));
      await report(t, "noticed", gone);
      // From now on we demand certificates of those who dial us, which changes nothing.
      await ours.start({ clientAuthRequired: true });
      await report(t, "back", seeAll(RETURN_MS, ours, others));
    });

    test(`we notice when one of them ends by ${signal}, and when it is back`, async (t) => {
      await peer1.stop(signal);
      await report(t, "noticed", loses(WE_NOTICE_MS, ours, peer1));
      const dead = (await ours.members()).find(({ endpoint }) => endpoint === peer1.endpoint);
      assert.equal(dead?.status, "dead");
      await loses(FABRIC_NOTICES_MS, peer0, peer1);
      await peer1.start();
      await report(t, "back", seeEachOther(RETURN_MS, peer1, ours, peer0));
    });
  }

  test("a short break of ours goes unnoticed", async (t) => {
    await ours.stop("SIGKILL");
    await ours.start();
    await report(t, "back", seeAll(JOIN_MS, ours, [peer0, peer1, peer3]));
  });

  test("they follow when our certificate is renewed while we run", async (t) => {
    const old = await pkiIds(ours, ours);
    await renew(ours);
    const isFollowed = async (): Promise<true | string> => {
      const certificate = await certificateOf(ours);
      const known = await Promise.all([peer0, peer1, peer3].map((peer) => peer.certificates()));
      const followers = known.filter((peer) => peer.get(ours.endpoint) === certificate).length;
      return followers === known.length || `${followers} of ${known.length} do`;
    };
    const what = "they know us by the new certificate";
    await report(t, "followed", until({ what, timeoutMs: RETURN_MS, isSo: isFollowed }));
    assert.notDeepEqual(await pkiIds(ours, ours), old);
    await seeAll(JOIN_MS, ours, [peer0, peer1, peer3]);
  });

  test("we follow when one of them comes back with a renewed certificate", async (t) => {
    const [old] = await pkiIds(ours, peer1);
    await peer1.stop("SIGTERM");
    await renew(peer1);
    await peer1.start();
    const isFollowed = async (): Promise<true | string> => {
      const [now, ...more] = await pkiIds(ours, peer1);
      const isAlive = (await ours.alive()).includes(peer1.endpoint);
      return (isAlive && now !== old && more.length === 0) || `${now} ${more.join()}`;
    };
    const what = "we know it by the new certificate only";
    await report(t, "followed", until({ what, timeoutMs: RETURN_MS, isSo: isFollowed }));
    assert.equal(
      (await ours.identities()).some(({ pkiId }) => pkiId === old),
      false,
    );
  });

  async function renew({ name }: Peer): Promise<void> {
    const organisationFolder = organisation.folder;
    await renewPeerCertificate({ organisationFolder, peer: name, nowMs: Date.now() });
  }

  async function certificateOf({ name, id }: Peer): Promise<string> {
    const file = join(organisation.peer(name), "msp/signcerts", `${id}-cert.pem`);
    return readFile(file, "utf8");
  }

  /** Under which PKI-IDs we know a peer, dead or alive. */
  async function pkiIds(own: OwnPeer, { endpoint }: Peer): Promise<readonly string[]> {
    const found = (await own.members()).filter((member) => member.endpoint === endpoint);
    return found.map(({ pkiId }) => pkiId);
  }

  /** Their certificate with us, and ours with them. */
  async function assertCertificatesKnown(
    own: OwnPeer,
    others: readonly FabricPeer[],
  ): Promise<void> {
    const subjects = (await own.identities()).map(({ subject }) => subject.split(",")[0]);
    const names = [own, ...others].map(({ id }) => `CN=${id}`);
    assert.deepEqual(subjects.sort(), names.sort());
    const certificate = await certificateOf(own);
    for (const other of others) {
      const known = (await other.certificates()).get(own.endpoint);
      assert.equal(known, certificate, `${own.name}'s certificate as ${other.name} knows it`);
    }
  }
});

/** For the time of the watch we see everybody and everybody sees us. */
async function watch(t: TestContext, own: OwnPeer, others: readonly Peer[]): Promise<void> {
  t.diagnostic(`watched for ${WATCH_MS / 1_000} s`);
  const all = [own, ...others].map(({ endpoint }) => endpoint).sort();
  const endMs = performance.now() + WATCH_MS;
  while (performance.now() < endMs) {
    assert.deepEqual(await own.alive(), all);
    // Not whom else they see: when two of Fabric's peers dial each other at once, one may take the
    // other for dead until it dials again after 25 s.
    for (const peer of others) assert.ok((await peer.alive()).includes(own.endpoint), peer.name);
    await sleep(Math.min(2_000, WATCH_MS));
  }
}

async function openedAt(own: OwnPeer): Promise<readonly string[]> {
  return (await own.connections()).map(({ pkiId, openedAt }) => `${pkiId} ${openedAt}`).sort();
}
