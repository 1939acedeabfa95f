/** The checkers of channels: each rule is broken once, and found. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { stateInfoPullRequest } from "../../src/channel/rules/state-info.ts";
import { stateRequest } from "../../src/channel/rules/state-transfer.ts";
import type { Channel } from "../../src/following/views.ts";
import type { GossipEvent } from "../../src/observe/events.ts";
import { fromHex } from "../../src/wire/bytes.ts";
import { encodeUnsigned } from "../../src/wire/envelope.ts";
import { TAG } from "../../src/wire/messages.ts";
import { pkiIdBytes } from "../../src/wire/received.ts";
import { sha256 } from "../channels/simulated-host.ts";
import type { SimulatedMember } from "../member.ts";
import { World } from "../world.ts";
import { ChannelDisclosureChecker } from "./channel-disclosure.ts";
import { ChannelReach } from "./channel-reach.ts";
import { createViolations, type Snapshot } from "./checker.ts";
import { ShownChannelChecker } from "./shown-channels.ts";

const FED = { role: "listed", blocks: "verify", isFed: true, hasConfigBlock: true } as const;

/** Two organisations on a channel and one that is not. Only `a` runs, and it has three blocks. */
async function stage() {
  const plan = { name: "ch1", mspIds: ["A", "F"], blocksPerMinute: 1, changes: [], forks: false };
  const options = { seed: 1, strategy: "neighbours", delayMs: 1, jitterMs: 0 } as const;
  const world = new World({ ...options, channels: [plan] });
  const add = (name: string, mspId: string, isKnown = true): SimulatedMember =>
    world.add({
      ...{ name, mspId, internalEndpoint: `${name}:1`, bootstrap: [], anchorPeers: [] },
      ...{ readMs: 0, windowBytes: 65_536, duplicates: 0, signsAfresh: false },
      externalEndpoint: isKnown ? `${name}.example.com:1` : "",
      channels: mspId === "T" ? [] : [{ name: "ch1", ...FED }],
    });
  const [a, b, hidden] = [add("a", "A"), add("b", "A"), add("h", "A", false)];
  const [foreign, third, other] = [add("f", "F"), add("t", "T"), add("o", "F")];
  world.channels.start();
  world.channels.stopOrdering();
  const ordered = world.channels.table.get("ch1");
  assert.ok(ordered);
  for (let i = 0; i < 2; i++) ordered.grow();
  await world.start(a);
  await world.run(2_000);
  assert.ok(a.life);
  const { report, sentences } = createViolations();
  return {
    world,
    ordered,
    report,
    sentences,
    ...{ a, b, hidden, foreign, third, other },
    life: a.life,
  };
}

function stateInfo(author: SimulatedMember, height = 1n): Uint8Array {
  const { pkiId } = author.issued.identity;
  const channelMac = sha256([fromHex(pkiId), new TextEncoder().encode("ch1")]);
  const value = {
    ...{ pkiId: pkiIdBytes(pkiId), channelMac, timestamp: { incNum: 1n, seqNum: 1n } },
    properties: { ledgerHeight: height },
  };
  return encodeUnsigned({ tag: TAG.chanOrOrg, content: { type: "state-info", value } });
}

test("what leaves the organisations of a channel, or asks for what there is not, is reported", async () => {
  const { world, report, sentences, a, b, hidden, foreign, third, other } = await stage();
  const { watcher } = new ChannelDisclosureChecker(world, report, 1);
  const send = (from: SimulatedMember, to: SimulatedMember, bytes: Uint8Array): void =>
    watcher.delivered?.(from, to, bytes, world.nowMs, world.nowMs);
  const snapshot = (...authors: readonly SimulatedMember[]): Uint8Array =>
    encodeUnsigned({
      tag: TAG.chanOrOrg,
      content: {
        type: "state-snapshot",
        value: { elements: authors.map((one) => stateInfo(one)) },
      },
    });
  const request = (to: bigint): Uint8Array =>
    encodeUnsigned(stateRequest("ch1", 1n, { from: 0n, to }));
  const pull = encodeUnsigned(stateInfoPullRequest({ sha256 }, a.issued.identity.pkiId, "ch1"));
  for (const bytes of [stateInfo(a), snapshot(a, b), pull]) {
    send(a, b, bytes);
    send(a, foreign, bytes);
  }
  send(foreign, a, request(2n));
  for (const bytes of [stateInfo(hidden), snapshot(a, hidden)]) send(a, b, bytes);
  // Whoever is of another organisation cannot know that it is to stay hidden.
  for (const bytes of [stateInfo(hidden), snapshot(hidden)]) send(foreign, other, bytes);
  assert.equal(sentences.length, 0, sentences.join());
  send(a, third, stateInfo(a));
  send(a, third, snapshot(a));
  send(a, third, pull);
  send(a, foreign, stateInfo(hidden));
  send(b, foreign, snapshot(a, hidden));
  send(foreign, a, request(3n));
  send(a, third, request(0n));
  assert.deepEqual(
    sentences.map((one) => one.replace(/^after .*? s: /, "")),
    [
      "a shows heights to t, whose organisation is not on ch1",
      "a asks t, whose organisation is not on ch1",
      "a shows the height of h on ch1 to f",
      "b shows the height of h on ch1 to f",
      "f asks a for block 3 of ch1, which it has not",
      "a asks t for block 0 of ch1, which it has not",
    ],
  );
});

test("what was sent before its sender knew of a removal is not reported", async () => {
  const { world, ordered, report, sentences, a, foreign, life } = await stage();
  const checker = new ChannelDisclosureChecker(world, report, 1);
  const send = (sentAtMs: number): void =>
    checker.watcher.delivered?.(a, foreign, stateInfo(a), world.nowMs, sentAtMs);
  const know = (configSequence: bigint): void =>
    checker.snapshot(life, {
      channels: [{ name: "ch1", configSequence }],
    } as unknown as Snapshot);
  know(0n);
  ordered.change({ atMs: 0, removed: "F" });
  const sentAtMs = world.nowMs;
  await world.run(1_000);
  know(1n);
  send(sentAtMs);
  assert.deepEqual(sentences, []);
  send(world.nowMs);
  assert.equal(sentences.length, 1);
});

test("blocks, heights and configurations that are not so are reported", async () => {
  const { world, ordered, report, sentences, a, life } = await stage();
  const checker = new ShownChannelChecker(world, report);
  const block = (number: bigint, hash = ordered.blocks[Number(number)]?.hash ?? ""): void => {
    const shown = { number, hash: fromHex(hash) };
    const event = { id: 1, time: new Date(0), type: "block", channel: "ch1", block: shown };
    checker.watcher.event?.(life, event as unknown as GossipEvent, world.nowMs);
  };
  const [view] = life.node.channels();
  assert.ok(view);
  const { pkiId } = a.issued.identity;
  const self = {
    pkiId,
    height: 3n,
    loadedAt: new Date(1_000),
  } as unknown as Channel["members"][number];
  const look = (channel: Channel): void =>
    checker.snapshot(life, { channels: [channel] } as unknown as Snapshot);
  const loadedAt = new Date(self.loadedAt.getTime() + 1_000);
  block(1n);
  block(2n);
  look(view);
  look({ ...view, members: [{ ...self, loadedAt, height: 1n }] });
  look({ ...view, members: [{ ...self, loadedAt, height: 2n }] });
  assert.equal(sentences.length, 0, sentences.join());
  block(2n);
  block(2n, ordered.blocks[1]?.hash);
  look({ ...view, height: 4n });
  look({ ...view, height: 2n, configSequence: 1n });
  look({ ...view, configSequence: 0n });
  look({ ...view, members: [{ ...self, loadedAt, height: 1n }] });
  look({ ...view, members: [self] });
  look({ ...view, members: [{ ...self, height: 4n }] });
  assert.deepEqual(
    sentences.map((one) => one.replace(/^after .*? s: a /, "")),
    [
      "tells block 2 of ch1 after 2",
      "shows a block 2 of ch1 that nobody ordered",
      "proves 4 blocks of ch1: 3 exist",
      "goes back from height 4 of ch1 to 2",
      "has configuration 1 of ch1",
      "goes back from height 2 of ch1 to 1",
      "goes back from configuration 1 of ch1 to 0",
      "lets a fall from 2 to 1 on ch1 within a life",
      "shows an earlier life of a on ch1 than before",
      "shows a at 4 of ch1: it has 3",
    ],
  );
});

test("a member that does not get to know what there is to know is reported", async () => {
  const { world, ordered, report, sentences, a, b } = await stage();
  const reach = new ChannelReach(world, report);
  const [from, to] = [new Set([a.index]), new Set([b.index])];
  for (const cut of [
    { from, to },
    { from: to, to: from },
  ])
    world.network.addCut(cut);
  await world.start(b);
  await reach.finish();
  const told = sentences.map((one) => one.replace(/^after .*? s: /, "")).join("\n");
  assert.match(told, /a proves 1 blocks of ch1, although|a shows nothing of b, which has 3 blocks/);
  assert.deepEqual(reach.figures.blocks, Number(ordered.height));
  assert.equal(reach.figures.heightsSeconds, undefined);
});
