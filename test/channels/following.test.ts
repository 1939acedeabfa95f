/** Members that follow a channel, over real sockets, of one that serves it: what they hear, keep and publish. */
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { readServerEvents } from "../../src/cli/event-stream.ts";
import { ListedChannel } from "../../src/devnet/listed-channel.ts";
import { GossipNode } from "../../src/index.ts";
import type { GossipEvent } from "../../src/observe/events.ts";
import { launch, peerEnvironment, ports, temporaryFolder, until } from "../cli/program.ts";
import { freePort } from "../ports.ts";
import { makeConfig, type Party } from "../reader/chain.ts";
import { CHANNEL, makeChain, makeParties } from "../reader/world.ts";

test("members that begin at a configuration block tell of the next one, and the listed one serves it", async (t) => {
  const folder = await temporaryFolder(t);
  const parties = await makeParties(folder);
  const { org1, org2, org3, orderer } = parties;
  const chain = await makeChain(parties);
  chain.addConfig(await makeConfig({ parties: [org1], orderer }), 1n);

  const port = await freePort();
  const source = await start(t, org1, 0, port, port, {});
  const served = new ListedChannel((one) => source.serveChannel(one));
  served.take(chain.blocks);
  const observer = await start(t, org1, 1, await freePort(), port, { role: "observer" });
  const stateDir = join(folder, "state");
  const listed = await start(t, org1, 2, await freePort(), port, { role: "listed", stateDir });
  const [heard, kept] = [eventsOf(observer), eventsOf(listed)];
  const heightOf = (node: GossipNode, whose: GossipNode): bigint | undefined =>
    node
      .channel(CHANNEL)
      .view()
      .members.find(({ pkiId }) => pkiId === whose.self().pkiId)?.height;

  await until(
    "the observer knows the listed member's height",
    () => heightOf(observer, listed) === 2n,
  );
  assert.deepEqual(changesIn(heard), []);
  chain.addConfig(await makeConfig({ parties: [org1, org2, org3], orderer }), 2n);
  chain.addTransactions(1);
  served.take(chain.blocks);
  await until("it has all blocks", () => heightOf(observer, listed) === 4n);
  await until("both tell", () => changesIn(heard).length > 0 && changesIn(kept).length > 0);
  assert.deepEqual(changesIn(heard), [2n]);
  assert.deepEqual(changesIn(kept), [2n]);
  const series = observer.channel(CHANNEL).heights();
  const grown = series.find(({ pkiId }) => pkiId === listed.self().pkiId);
  assert.equal(grown?.points.at(-1)?.height, 4n);
  const blocks = await listed.channel(CHANNEL).readBlocks(0n, 10);
  assert.deepEqual(
    blocks.map(({ raw }) => Buffer.from(raw)),
    chain.blocks.map((raw) => Buffer.from(raw)),
  );
});

test("an observer that has a configuration block, and meets nobody at first, tells of changes", async (t) => {
  const folder = await temporaryFolder(t);
  const parties = await makeParties(folder);
  const { org1, org2, orderer } = parties;
  const chain = await makeChain(parties);
  const configBlock = join(folder, "first.block");
  await writeFile(configBlock, chain.blocks[0] ?? "");
  chain.addTransactions(120);
  const port = await freePort();
  const startedMs = performance.now();
  const observer = await start(t, org1, 1, await freePort(), port, {
    ...{ role: "observer", configBlock },
  });
  const heard = eventsOf(observer);
  await until("it has looked for blocks", () => performance.now() - startedMs > 2_500);

  const source = await start(t, org1, 0, port, port, {});
  const served = new ListedChannel((one) => source.serveChannel(one));
  served.take(chain.blocks);
  const blocks = () => heard.flatMap((event) => (event.type === "block" ? [event.block] : []));
  await until("it has the newest block", () => blocks().some(({ number }) => number === 120n));
  chain.addConfig(await makeConfig({ parties: [org1, org2], orderer }), 1n);
  served.take(chain.blocks);
  await until("it tells of the change", () => changesIn(heard).length > 0);
  assert.deepEqual(changesIn(heard), [121n]);
  const numbers = blocks().map(({ number }) => number);
  assert.deepEqual(numbers, [120n, 121n], "not those from before it came");
});

test("a reader of the event stream gets each kept block once and in order, whenever the member is killed", async (t) => {
  const folder = await temporaryFolder(t);
  const parties = await makeParties(folder);
  const chain = await makeChain(parties);
  chain.addTransactions(900);
  const first = await freePort();
  const source = await start(t, parties.org1, 0, first, first, {});
  new ListedChannel((one) => source.serveChannel(one)).take(chain.blocks);
  const configBlock = join(folder, "first.block");
  await writeFile(configBlock, chain.blocks[0] ?? "");
  const member = await ports();
  const channel = { name: CHANNEL, role: "observer", blocks: "keep", configBlock };
  const env = peerEnvironment(parties.org1.organisation, 1, member, {
    CORE_PEER_GOSSIP_BOOTSTRAP: `127.0.0.1:${first}`,
    CORE_PEER_GOSSIP_REQUESTSTATEINFOINTERVAL: "500ms",
    CORE_FABRICGOSSIP_CHANNELS: JSON.stringify([channel]),
    CORE_FABRICGOSSIP_STATEDIR: join(folder, "state"),
  });

  const numbers: bigint[] = [];
  let last: string | undefined;
  for (const number of [100n, 350n, 600n, 900n]) {
    const { child, finished, output } = launch(t, ["start"], env);
    const events = readServerEvents(streamOf(member.operations, last, child));
    for await (const event of events) {
      last = event.id ?? last;
      const data = JSON.parse(event.data);
      if (data.type === "block") numbers.push(BigInt(data.block.number));
      if ((numbers.at(-1) ?? 0n) >= number) break;
    }
    assert.ok((numbers.at(-1) ?? 0n) >= number, output());
    child.kill("SIGKILL");
    await finished;
  }
  // The first blocks may have been told before the first reader came.
  assert.deepEqual(
    numbers,
    numbers.map((_, i) => BigInt(901 - numbers.length + i)),
  );
});

/** The text of the event stream, as soon as the program serves it, until it ends. */
async function* streamOf(
  operations: number,
  last: string | undefined,
  child: ChildProcess,
): AsyncGenerator<string, undefined> {
  const headers = last === undefined ? {} : { "last-event-id": last };
  let response: Response | undefined;
  while (response === undefined && child.exitCode === null) {
    try {
      response = await fetch(`http://127.0.0.1:${operations}/api/v1/events`, { headers });
    } catch {
      await sleep(20);
    }
  }
  const text = response?.body?.pipeThrough(new TextDecoderStream());
  for await (const chunk of text ?? []) yield chunk;
  return undefined;
}

interface Following {
  readonly role?: "observer" | "listed";
  readonly stateDir?: string;
  readonly configBlock?: string;
}

async function start(
  t: TestContext,
  { mspId, organisation }: Party,
  index: number,
  port: number,
  first: number,
  { role, stateDir, configBlock }: Following,
): Promise<GossipNode> {
  const files = organisation.peers[index];
  assert.ok(files);
  const blocks = role === "listed" ? "keep" : "verify";
  const channels = role === undefined ? [] : [{ name: CHANNEL, role, blocks, configBlock }];
  const node = await GossipNode.start({
    ...{ mspId, mspPath: files.mspFolder, preset: "test" as const },
    ...{ listen: `127.0.0.1:${port}`, endpoint: `127.0.0.1:${port}` },
    bootstrap: [`127.0.0.1:${first}`],
    tls: { certPath: files.tlsCertFile, keyPath: files.tlsKeyFile, rootCertPath: files.tlsCaFile },
    settings: {
      "fabricGossip.channels": JSON.stringify(channels),
      ...(stateDir === undefined ? {} : { "fabricGossip.stateDir": stateDir }),
    },
  });
  t.after(() => node.close());
  return node;
}

function eventsOf(node: GossipNode): readonly GossipEvent[] {
  const events: GossipEvent[] = [];
  void (async () => {
    for await (const event of node.events()) events.push(event);
  })();
  return events;
}

/** Numbers of the blocks that changed the configuration. */
function changesIn(events: readonly GossipEvent[]): readonly bigint[] {
  return events.flatMap((event) => (event.type === "channel-config-changed" ? [event.number] : []));
}
