/** Fetched blocks of all peers share one room. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Block } from "../channel/types/block.ts";
import type { AskedPeer } from "./asked-peer.ts";
import { FetchedBlocks } from "./fetched-blocks.ts";

const PEERS = Array.from({ length: 100 }, (_, i) => ({ name: `peer${i}` }) as AskedPeer);

const blockOf = (number: bigint, bytes: number): Block => ({
  bytes: new Uint8Array(bytes),
  header: { number, previousHash: new Uint8Array(0), dataHash: new Uint8Array(0) },
  transactions: [],
  metadata: [],
});

test("small blocks of a hundred peers are all found again", () => {
  const blocks = new FetchedBlocks();
  for (const peer of PEERS) for (const number of [8n, 9n]) blocks.add(peer, blockOf(number, 5_000));
  assert.ok(PEERS.every((peer) => blocks.get(peer, 8n) !== undefined));
  assert.equal(blocks.get(PEERS[0] ?? assert.fail(), 7n), undefined);
});

test("large blocks of a hundred peers take 32 MiB together, and the newest are kept", () => {
  const blocks = new FetchedBlocks();
  for (const peer of PEERS) blocks.add(peer, blockOf(9n, 10_000_000));
  const kept = PEERS.filter((peer) => blocks.get(peer, 9n) !== undefined);
  assert.deepEqual(kept, PEERS.slice(-3));
});

test("what a peer gave is forgotten, and its room is free again", () => {
  const blocks = new FetchedBlocks();
  const [one = assert.fail(), other = assert.fail()] = PEERS;
  for (const peer of [one, other]) blocks.add(peer, blockOf(9n, 15_000_000));
  blocks.drop(one);
  blocks.add(one, blockOf(8n, 15_000_000));
  assert.equal(blocks.get(one, 9n), undefined);
  assert.ok(blocks.get(one, 8n) && blocks.get(other, 9n));
});

test("of a large answer with a small block, all counts that stays in memory", () => {
  const blocks = new FetchedBlocks();
  const [peer = assert.fail()] = PEERS;
  const answer = new Uint8Array(40_000_000);
  blocks.add(peer, { ...blockOf(9n, 0), bytes: answer.subarray(0, 1_000) });
  assert.equal(blocks.get(peer, 9n), undefined);
});
