/**
 * Two organisations that trust each other, with Fabric's peers and ours in both. Runs only where
 * `FABRIC_BIN` names the folder of Fabric's programs (see installation.ts), a minute and a half at
 * most. `FABRIC_INTEROP_MINUTES=10` watches the undisturbed network longer.
 *
 * The scenarios build on each other, like the days of one network. Who speaks to whom is taken from
 * the log of Fabric's peers.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { makeChannelBlock } from "./channel.ts";
import {
  authorsWithSecret,
  destinations,
  GOSSIP_LOG_SPEC,
  learnt,
  type Reception,
  receptions,
} from "./gossip-log.ts";
import { findInstallation } from "./installation.ts";
import {
  createFabricPeer,
  createOwnPeer,
  type FabricPeer,
  type OwnPeer,
  type Peer,
} from "./peers.ts";
import { until } from "./until.ts";
import { loses, report, seeEachOther, warnings } from "./views.ts";
import { choosePorts, createWorkspace, type PeerSettings } from "./workspace.ts";

const search = findInstallation(process.env);
const { FABRIC_INTEROP_MINUTES: minutes = "0.2" } = process.env;
const WATCH_MS = Number(minutes) * 60_000;

/** Some exchanges: identities and membership are asked for every 4 s each. */
const JOIN_MS = 20_000;
/** Who has no connection that breaks notices a silence: more than two heartbeats, then a ping. */
const NOTICE_MS = 20_000;
/** Heartbeats come every 5 s; which way one takes is left to chance, and all are quick. */
const RELAY_MS = 60_000;

describe("two organisations", { skip: search.found ? false : search.reason }, () => {
  let block: string;
  /** Of the first organisation; nobody outside may know the second of them. */
  let fabric1: FabricPeer;
  let hidden: FabricPeer;
  let ours1: OwnPeer;
  /** Of the second. */
  let fabric2: FabricPeer;
  let ours2: OwnPeer;

  before(async () => {
    assert.ok(search.found);
    assert.ok(WATCH_MS > 0, "FABRIC_INTEROP_MINUTES must be a positive number");
    const workspace = await createWorkspace(search.installation, 3, 2);
    const [org1, org2] = workspace.organisations;
    assert.ok(org1 && org2);
    const common = { reconnectInterval: "5s", logSpec: GOSSIP_LOG_SPEC };
    const settings = async (
      organisation: typeof org1,
      name: string,
      bootstrap?: Peer,
    ): Promise<PeerSettings> => {
      const ports = await choosePorts();
      const endpoint = bootstrap?.internalEndpoint ?? `localhost:${ports.gossip}`;
      return { ...common, organisation, name, ports, bootstrap: [endpoint] };
    };
    const first1 = await settings(org1, "peer0");
    const first2 = await settings(org2, "peer0");
    fabric1 = createFabricPeer(workspace, first1);
    fabric2 = createFabricPeer(workspace, first2);
    const unknownOutside = { ...(await settings(org1, "peer1", fabric1)), isExternal: false };
    hidden = createFabricPeer(workspace, unknownOutside);
    const trusting = { logSpec: "info" };
    const third1 = { ...(await settings(org1, "peer2", fabric1)), ...trusting, trusted: [org2] };
    const second2 = { ...(await settings(org2, "peer1", fabric2)), ...trusting, trusted: [org1] };
    ours1 = createOwnPeer(workspace, third1);
    ours2 = createOwnPeer(workspace, second2);
    block = await makeChannelBlock(workspace, "interop", {
      [org1.mspId]: [first1.ports.gossip],
      [org2.mspId]: [first2.ports.gossip],
    });
    await fabric1.start();
    await Promise.all([hidden.start(), ours1.start()]);
    await Promise.all([seeEachOther(JOIN_MS, fabric1, ours1), seesHidden(JOIN_MS, ours1)]);
    await fabric1.joinChannel(block);
  });

  after(async () => {
    const all = [fabric1, hidden, ours1, fabric2, ours2];
    await Promise.all(all.map((peer) => peer?.stop("SIGKILL")));
  });

  test("we pass on what our organisation's peers say of a channel that we do not follow", async (t) => {
    // Meanwhile it cannot tell us that it has it already, in which case we would save our breath.
    fabric1.send("SIGSTOP");
    try {
      await hidden.joinChannel(block);
      await sendsTo(hidden, ours1.internalEndpoint, /state_info_message/);
      await sleep(500);
    } finally {
      fabric1.send("SIGCONT");
    }
    const wait = hears(fabric1, { kind: "state-info", author: hidden, sender: ours1 });
    await report(t, "passed on", wait);
  });

  test("a Fabric peer that cannot reach us learns of us from another one", async (t) => {
    const ourId = await pkiIdOf(ours1);
    ours1.send("SIGSTOP");
    try {
      await fabric2.start();
      await fabric2.joinChannel(block);
      const isSo = (): true | string => learnt(fabric2).includes(ourId) || "silence";
      const what = `${fabric2.id} learns of ${ours1.id}`;
      await report(t, "learnt", until({ what, timeoutMs: JOIN_MS, isSo }));
      assert.ok(!receptions(fabric2).some(({ sender }) => sender === ourId));
    } finally {
      ours1.send("SIGCONT");
    }
  });

  test("everybody finds everybody who may be found", async (t) => {
    await ours2.start();
    await report(t, "found", seeAllTheyMay(JOIN_MS));
    const known = (await ours2.members()).map(({ endpoint }) => endpoint);
    assert.equal(known.includes(""), false, "one without external endpoint is unknown abroad");
  });

  test("we know internal endpoints of our own organisation only", async () => {
    for (const { mspId, endpoint, internalEndpoint } of await ours1.members()) {
      if (mspId === ours1.organisation.mspId) assert.match(internalEndpoint ?? "", /^localhost:/);
      else assert.equal(internalEndpoint, null, endpoint);
    }
    const seen = await ours2.members();
    const abroad = seen.filter(({ mspId }) => mspId === ours1.organisation.mspId);
    assert.deepEqual(
      abroad.map(({ endpoint, internalEndpoint }) => [endpoint, internalEndpoint]).sort(),
      [fabric1, ours1].map(({ endpoint }) => [endpoint, null]).sort(),
    );
  });

  for (const [where, right, wrong] of [
    ["of our organisation", "internalEndpoint", "endpoint"],
    ["of the other", "endpoint", "internalEndpoint"],
  ] as const) {
    test(`Fabric's peer ${where} sends to our ${right}, never to our ${wrong}`, async () => {
      const [first, second] = right === "endpoint" ? [ours2, ours1] : [ours1, ours2];
      for (const [peer, own] of [
        [fabric1, first],
        [fabric2, second],
      ] as const) {
        await sendsTo(peer, own[right]);
        assert.equal(destinations(peer).has(own[wrong]), false, peer.id);
      }
    });
  }

  test("heartbeats of ours reach them by theirs, and theirs by ours", async (t) => {
    const relays: readonly [FabricPeer, Peer, Peer][] = [
      [hidden, ours1, fabric1],
      [fabric1, ours2, fabric2],
      [fabric2, ours1, fabric1],
      [hidden, fabric1, ours1],
      [fabric1, fabric2, ours1],
      [fabric2, fabric1, ours2],
    ];
    const waits = relays.map(([receiver, author, sender]) =>
      hears(receiver, { kind: "alive", author, sender }),
    );
    const times = await Promise.all(waits);
    t.diagnostic(`passed on after ${times.join(", ")} ms`);
  });

  test("nobody has anything to complain of", async (t) => {
    const all = [fabric1, hidden, fabric2];
    const earlier = all.map((peer) => warnings(peer).length);
    t.diagnostic(`watched for ${WATCH_MS / 1_000} s`);
    const endMs = performance.now() + WATCH_MS;
    while (performance.now() < endMs) {
      await assertWeSeeAndAreSeen();
      await sleep(Math.min(2_000, WATCH_MS));
    }
    const ids = await Promise.all([ours1, ours2].map(pkiIdOf));
    const names = [ours1, ours2].flatMap((own) => [own.endpoint, own.internalEndpoint]);
    const words = [...names, ...ids];
    for (const [index, peer] of all.entries()) {
      const since = warnings(peer).slice(earlier[index]);
      const ofUs = since.filter(({ text }) => words.some((word) => text.includes(word)));
      assert.deepEqual(ofUs, [], peer.id);
    }
    for (const own of [ours1, ours2]) {
      assert.deepEqual(warnings(own), [], own.id);
      assert.deepEqual(await own.counts("gossip_handshakes_failed_total"), {}, own.id);
      const dropped = await own.counts("gossip_messages_dropped_total");
      t.diagnostic(`${own.id}, messages not used: ${JSON.stringify(dropped)}`);
    }
  });

  test("no internal endpoint has left its organisation", async () => {
    const first = await Promise.all([fabric1, hidden, ours1].map(pkiIdOf));
    const second = await Promise.all([fabric2, ours2].map(pkiIdOf));
    assert.deepEqual([...authorsWithSecret(fabric2)].sort(), second.sort());
    for (const peer of [fabric1, hidden]) {
      const authors = [...authorsWithSecret(peer)];
      assert.deepEqual(authors.sort(), first.sort(), peer.id);
    }
  });

  test("all notice when one of ours is killed, and when it is back", async (t) => {
    await ours1.stop("SIGKILL");
    const theirs = [fabric1, fabric2, hidden].map((peer) => loses(NOTICE_MS, peer, ours1));
    const [own, ...others] = await Promise.all([loses(NOTICE_MS, ours2, ours1), ...theirs]);
    t.diagnostic(`noticed by ours after ${own} ms, by theirs after ${others.join(", ")} ms`);
    assert.deepEqual(await dead(ours2), [ours1.endpoint]);
    await ours1.start();
    await report(t, "back", seeAllTheyMay(JOIN_MS));
    assert.deepEqual(await dead(ours2), []);
  });

  test("all notice when one of theirs is killed, and when it is back", async (t) => {
    await fabric2.stop("SIGKILL");
    const waits = [ours1, ours2].map((own) => loses(NOTICE_MS, own, fabric2));
    const [other, ...own] = await Promise.all([loses(NOTICE_MS, fabric1, fabric2), ...waits]);
    t.diagnostic(`noticed by ours after ${own.join(", ")} ms, by theirs after ${other} ms`);
    for (const peer of [ours1, ours2]) {
      assert.deepEqual(await dead(peer), [fabric2.endpoint], peer.id);
    }
    await fabric2.start();
    await report(t, "back", seeAllTheyMay(JOIN_MS));
  });

  /** Everybody sees whom it may; one without external endpoint is not on Fabric's lists at all. */
  async function seeAllTheyMay(timeoutMs: number): Promise<void> {
    const home = [fabric1, ours1].map(({ endpoint }) => endpoint).sort();
    await Promise.all([
      seeEachOther(timeoutMs, fabric1, ours1, fabric2, ours2),
      seesHidden(timeoutMs, ours1),
      until({
        what: `${hidden.id} sees its own organisation only`,
        timeoutMs,
        async isSo() {
          const sees = await hidden.alive();
          return String(sees) === String(home) || sees.join();
        },
      }),
    ]);
  }

  /** Not whom Fabric's peers see besides: two that dial each other at once may lose each other. */
  async function assertWeSeeAndAreSeen(): Promise<void> {
    const known = [fabric1, ours1, fabric2, ours2].map(({ endpoint }) => endpoint);
    assert.deepEqual(await ours1.alive(), ["", ...known].sort());
    assert.deepEqual(await ours2.alive(), known.sort());
    for (const peer of [fabric1, fabric2]) {
      const alive = await peer.alive();
      for (const own of [ours1, ours2]) assert.ok(alive.includes(own.endpoint), peer.id);
    }
    assert.ok((await hidden.alive()).includes(ours1.endpoint), hidden.id);
  }

  /** Our member of the same organisation knows everybody in it by internal endpoint. */
  async function pkiIdOf({ organisation, internalEndpoint }: Peer): Promise<string> {
    const own = organisation === ours1.organisation ? ours1 : ours2;
    const members = await own.members();
    const found = members.find((member) => member.internalEndpoint === internalEndpoint);
    assert.ok(found, `${own.id} knows ${internalEndpoint}`);
    return found.pkiId;
  }

  /** Waits until a message of the author has reached the peer by the sender. */
  async function hears(
    peer: FabricPeer,
    { kind, author, sender }: { kind: Reception["kind"]; author: Peer; sender: Peer },
  ): Promise<number> {
    const [authorId, senderId] = [await pkiIdOf(author), await pkiIdOf(sender)];
    return until({
      what: `${peer.id} hears ${kind} of ${author.id} from ${sender.id}`,
      timeoutMs: RELAY_MS,
      isSo: () =>
        receptions(peer).some(
          (one) => one.kind === kind && one.author === authorId && one.sender === senderId,
        ) || "silence",
    });
  }
});

async function sendsTo(peer: FabricPeer, endpoint: string, pattern?: RegExp): Promise<void> {
  const isSo = (): true | string => destinations(peer, pattern).has(endpoint) || "silence";
  await until({ what: `${peer.id} sends to ${endpoint}`, timeoutMs: RELAY_MS, isSo });
}

/** Waits until we hold one alive that has no external endpoint. */
function seesHidden(timeoutMs: number, own: OwnPeer): Promise<number> {
  const isSo = async (): Promise<true | string> =>
    (await own.alive()).includes("") || "it does not";
  return until({ what: `${own.id} sees the hidden one`, timeoutMs, isSo });
}

/** The endpoints of those it holds dead. */
async function dead(own: OwnPeer): Promise<readonly string[]> {
  const members = (await own.members()).filter(({ status }) => status === "dead");
  return members.map(({ endpoint }) => endpoint);
}
