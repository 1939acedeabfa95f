/**
 * A channel with an orderer and three peers of Fabric, read by our readers. Runs only where
 * `FABRIC_BIN` names the folder of Fabric's programs (see installation.ts), a minute at most. The
 * scenarios build on each other.
 */
import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { MAIN } from "../main-program.ts";
import { freePort } from "../ports.ts";
import { approveChaincode } from "./chaincode.ts";
import { makeChannelBlock } from "./channel.ts";
import { updateAnchors } from "./channel-update.ts";
import { findInstallation } from "./installation.ts";
import { startOrderer } from "./orderer.ts";
import { ask, watchEvents } from "./own-verbs.ts";
import {
  createFabricPeer,
  createOwnPeer,
  type FabricPeer,
  type OwnPeer,
  type Peer,
} from "./peers.ts";
import { type Running, runToEnd } from "./program.ts";
import { until } from "./until.ts";
import { CONNECTION_LOGGERS, seeEachOther, warnings } from "./views.ts";
import {
  choosePorts,
  createWorkspace,
  environmentOf,
  local,
  type Organisation,
  type PeerSettings,
  type Workspace,
} from "./workspace.ts";

const search = findInstallation(process.env);
const CHANNEL = "interop";
const JOIN_MS = 30_000;
/** Blocks spread at once, heights every 4 s. */
const PUBLISH_MS = 20_000;

describe("a channel of Fabric's peers", { skip: search.found ? false : search.reason }, () => {
  let workspace: Workspace;
  let orderer: Running | undefined;
  let ordererPort: number;
  let settings: readonly PeerSettings[];
  let peers: readonly FabricPeer[];
  let genesis: string;
  let listed: OwnPeer | undefined;
  const anchorPorts = new Map<bigint, number>();
  /** What each peer had logged before a reader came. */
  let linesBefore: readonly number[];

  before(async () => {
    assert.ok(search.found);
    workspace = await createWorkspace(search.installation, 2, 2);
    const [org1, org2] = workspace.organisations;
    assert.ok(org1 && org2);
    const first = await settingsOf(org1, "peer0");
    const second = await settingsOf(org1, "peer1", first);
    const third = await settingsOf(org2, "peer0");
    settings = [first, second, third];
    ordererPort = await freePort();
    const anchors = { Org1MSP: [first.ports.gossip], Org2MSP: [third.ports.gossip] };
    genesis = await makeChannelBlock(workspace, CHANNEL, anchors, ordererPort);
    const ports = { listen: ordererPort, admin: await freePort(), operations: await freePort() };
    orderer = await startOrderer(workspace, ports, CHANNEL, genesis);
    peers = settings.map((one) => createFabricPeer(workspace, one));
    await Promise.all(peers.map((peer) => peer.start()));
    await Promise.all(peers.map((peer) => peer.joinChannel(genesis)));
    await seeEachOther(JOIN_MS, ...peers);
    linesBefore = peers.map((peer) => peer.log().length);
  });

  after(async () => {
    await Promise.all([...(peers ?? []), listed].map((peer) => peer?.stop("SIGKILL")));
    await orderer?.stop("SIGKILL");
  });

  const reader = (verb: string, ...more: readonly string[]): Promise<string> => {
    const [first, , third] = settings;
    assert.ok(first && third);
    return readerOf(workspace, [first, third], verb, ...more);
  };
  const heights = async (): Promise<Readonly<Record<string, string>>> => {
    const { members } = JSON.parse(await reader("heights", "--json"));
    assert.ok(Array.isArray(members));
    return Object.fromEntries(members.map(({ subject, height }) => [nameOf(subject), height]));
  };
  const names = (): readonly string[] => peers.map(({ id }) => id);

  test("heights shows each peer of both organisations with what it publishes", async () => {
    await untilHeights(heights, Object.fromEntries(names().map((name) => [name, "1"])));
    for (const version of [0n, 1n]) await update(version);
    await untilHeights(heights, Object.fromEntries(names().map((name) => [name, "3"])));
  });

  test("blocks are verified, and written as Fabric's own command writes them", async () => {
    const folder = join(workspace.folder, "ours");
    await mkdir(folder);
    const lines = await reader("blocks", "--from", "0", "--json", "--out", folder);
    const blocks = lines
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    assert.deepEqual(
      blocks.map(({ number, isConfig }) => [number, isConfig]),
      [
        ["0", true],
        ["1", true],
        ["2", true],
      ],
    );
    for (const number of ["0", "1", "2"]) {
      const theirs = await fetchBlock(workspace, settings[0], number);
      assert.deepEqual(await readFile(join(folder, `${CHANNEL}_${number}.block`)), theirs);
    }
  });

  test("the configuration is followed from its first block, and says what has changed", async () => {
    const shown = await reader("channel-config", "--trust", genesis, "--diff", genesis);
    const anchor = `127.0.0.1:${await anchorPort(1n)}`;
    assert.match(shown, new RegExp(`\\+ Org1MSP: anchor peer ${anchor}`));
    const newest = JSON.parse(await reader("channel-config", "--trust", genesis, "--json"));
    assert.equal(newest.sequence, "2");
  });

  test("a peer that stands still falls behind, and catches up", async () => {
    const [, still] = peers;
    assert.ok(still);
    still.send("SIGSTOP");
    try {
      await update(2n);
      await untilHeights(heights, { [still.id]: "3", [peers[0]?.id ?? ""]: "4" });
      await assert.rejects(reader("heights", "--max-behind", "0"), /Command failed/);
    } finally {
      still.send("SIGCONT");
    }
    await untilHeights(heights, { [still.id]: "4" });
  });

  test("a listed member serves blocks, and peers and readers know its height", async () => {
    const [, org2] = workspace.organisations;
    const [first, , third] = settings;
    assert.ok(org2 && first && third);
    const own = await settingsOf(org2, "peer1", third);
    const followed = { name: CHANNEL, role: "listed", blocks: "keep", configBlock: genesis };
    listed = createOwnPeer(workspace, { ...own, channels: JSON.stringify([followed]) });
    await listed.start();
    await untilHeights(heights, { [listed.id]: "4" });
    const url = `http://${local(own.ports.operations)}`;
    const watched = watchEvents(workspace, url);
    const { endpoint } = listed;
    const txId = await approveChaincode(workspace, third, CHANNEL, ordererPort);
    await update(3n);
    for (const peer of peers) {
      await until({
        what: `service discovery of ${peer.id} knows the height of ${endpoint}`,
        timeoutMs: PUBLISH_MS,
        async isSo() {
          const known = await peer.heights(CHANNEL);
          return known[endpoint] === 6 || JSON.stringify(known);
        },
      });
    }
    await untilHeights(heights, { [listed.id]: "6" });
    const blocks = await readerOf(workspace, [own], "blocks", "--from", "0", "--json");
    assert.equal(blocks.trim().split("\n").length, 6);
    const place = await fetch(`${url}/api/v1/channels/${CHANNEL}/transactions/${txId}`);
    assert.match(await place.text(), /"number":"4"/);
    assert.match(await ask(workspace, url, "channels"), new RegExp(`${CHANNEL} +listed +6 `));
    const types = await watched.stop();
    assert.ok(types.includes("channel-config-changed 5"), types.join(", "));
    assert.deepEqual(
      types.filter((type) => type.startsWith("block ")),
      ["block 4", "block 5"],
    );
    // Nobody listens where the anchor peers of these updates are said to be.
    assert.deepEqual(
      warnings(listed).filter(({ name }) => name !== "gossip.discovery"),
      [],
    );
  });

  test("no peer warns of us", () => {
    const others = peers.flatMap(({ id, endpoint, internalEndpoint }) => [
      id,
      endpoint,
      internalEndpoint,
    ]);
    const aboutUs = peers.flatMap((peer: Peer, i) =>
      warnings(peer)
        .filter((line) => peer.log().indexOf(line) >= (linesBefore[i] ?? 0))
        .filter(({ name, text }) => CONNECTION_LOGGERS.has(name) || text.includes("Admin@"))
        .filter(({ text }) => !others.some((word) => text.includes(word)))
        // Peers of Go refuse each other until each has the channel's CAs; our clients send no TLS alert.
        .filter(({ text }) => !text.includes("remote error: tls: bad certificate"))
        .map(({ text }) => text),
    );
    assert.deepEqual(aboutUs, []);
  });

  async function update(version: bigint): Promise<void> {
    const [first] = settings;
    assert.ok(first);
    const ports = [first.ports.gossip, await anchorPort(version)];
    const change = { channel: CHANNEL, settings: first, ports, version, ordererPort };
    return updateAnchors(workspace, change);
  }

  /** The port of the anchor peer that an update adds: nobody listens there. */
  async function anchorPort(version: bigint): Promise<number> {
    const port = anchorPorts.get(version) ?? (await freePort());
    anchorPorts.set(version, port);
    return port;
  }
});

async function settingsOf(
  organisation: Organisation,
  name: string,
  bootstrap?: PeerSettings,
): Promise<PeerSettings> {
  const ports = await choosePorts();
  const where = `localhost:${(bootstrap?.ports ?? ports).gossip}`;
  return { organisation, name, ports, bootstrap: [where], reconnectInterval: "5s" };
}

/** The administrator of the first one's organisation asks these peers. */
function readerOf(
  { folder }: Workspace,
  asked: readonly PeerSettings[],
  verb: string,
  ...more: readonly string[]
): Promise<string> {
  const words = [MAIN, verb, CHANNEL, ...flagsOf(asked), ...more];
  return runToEnd({ program: process.execPath, arguments: words, environment: {}, folder });
}

function flagsOf(asked: readonly PeerSettings[]): readonly string[] {
  const [asker] = asked;
  assert.ok(asker);
  const { mspId, domain, admin } = asker.organisation;
  return [
    ...asked.flatMap(({ ports, organisation }) => [
      ...["--peer", local(ports.gossip)],
      ...["--tls-ca", join(organisation.admin, "tls/ca.crt")],
    ]),
    ...["--msp-id", mspId],
    ...["--cert", join(admin, "msp/signcerts", `Admin@${domain}-cert.pem`)],
    ...["--key", join(admin, "msp/keystore/priv_sk")],
    ...["--tls-cert", join(admin, "tls/client.crt"), "--tls-key", join(admin, "tls/client.key")],
  ];
}

async function fetchBlock(
  workspace: Workspace,
  settings: PeerSettings | undefined,
  number: string,
): Promise<Buffer> {
  assert.ok(settings);
  const { folder, installation } = workspace;
  const file = join(folder, `theirs_${number}.block`);
  await runToEnd({
    program: installation.program("peer"),
    arguments: ["channel", "fetch", number, file, "-c", CHANNEL],
    environment: {
      ...environmentOf(workspace, settings),
      CORE_PEER_MSPCONFIGPATH: join(settings.organisation.admin, "msp"),
    },
    folder,
  });
  return readFile(file);
}

async function untilHeights(
  heights: () => Promise<Readonly<Record<string, string>>>,
  expected: Readonly<Record<string, string>>,
): Promise<void> {
  await until({
    what: `heights are ${JSON.stringify(expected)}`,
    timeoutMs: PUBLISH_MS,
    async isSo() {
      const found = await heights().catch((error: unknown) => ({ error: String(error) }));
      const isSo = Object.entries(expected).every(([name, height]) => {
        return Object.entries(found).some((entry) => entry[0] === name && entry[1] === height);
      });
      return isSo || JSON.stringify(found);
    },
  });
}

function nameOf(subject: string): string {
  return /CN=([^,]*)/.exec(subject)?.[1] ?? subject;
}
