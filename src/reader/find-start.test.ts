/** Under which configuration reading begins in the middle of a chain. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createVirtualClock } from "../../simulation/clock.ts";
import { atOnce } from "../channel/rules/in-turns.ts";
import { makeTestChain } from "../following/testing-chain.ts";
import { makeTrust, type Trust } from "../following/trust.ts";
import { createChannelHost } from "../msp/channel-msp.ts";
import type { GossipMessage } from "../wire/messages.ts";
import { startOf } from "./find-start.ts";
import type { PeerStream } from "./peer-stream.ts";
import type { ViewOfChannel, ViewRound } from "./view-of-channel.ts";

const host = createChannelHost();

function setUp() {
  const chain = makeTestChain();
  chain.addTransactions(3);
  chain.addConfig(1n);
  chain.addTransactions(5);
  const trustOf = (number: number): Trust => {
    const bytes = chain.blocks[number] ?? new Uint8Array(0);
    const made = atOnce(makeTrust(host, bytes, "of a test"));
    assert.ok(made.ok);
    return made.value;
  };
  const view = { host, session: { channel: "ch1" } } as unknown as ViewOfChannel;
  const start = (blocks: readonly Uint8Array[], anchor: number, newest: number, first: bigint) => {
    const stream = {
      ...{ clock: createVirtualClock(), target: { name: "peer0" }, nonce: () => 7n },
      async ask(...[, request, match]: Parameters<PeerStream["ask"]>) {
        const { channel = new Uint8Array(0), nonce = 0n, content } = request;
        assert.equal(content?.type, "state-request");
        const { startSeqNum: seqNum = 0n } = content.value;
        const payloads = [{ seqNum, data: blocks[Number(seqNum)] }];
        const answer = { nonce, channel, content: { type: "state-response", value: { payloads } } };
        const value = match(answer as unknown as GossipMessage);
        return { ok: true, value };
      },
    } as unknown as PeerStream;
    const round = { anchor: trustOf(anchor), trust: trustOf(newest) } as unknown as ViewRound;
    return startOf(view, round, stream, first);
  };
  return { chain, start };
}

test("the one that the signed block before names", async () => {
  const { chain, start } = setUp();
  const rows: readonly (readonly [
    anchor: number,
    newest: number,
    first: bigint,
    bigint,
    boolean,
  ])[] = [
    [0, 4, 8n, 1n, true],
    [0, 0, 8n, 1n, true],
    [4, 4, 5n, 1n, true],
    [0, 4, 4n, 0n, true],
    [0, 4, 1n, 0n, true],
    [4, 4, 3n, 0n, false],
  ];
  for (const [anchor, newest, first, sequence, isProven] of rows) {
    const found = await start(chain.blocks, anchor, newest, first);
    assert.ok(found.ok);
    const { trust, isProven: isSo } = found.value;
    assert.deepEqual([trust.configuration.sequence, isSo], [sequence, isProven]);
  }
});

test("not an older one that a peer names in a block which nobody signed", async () => {
  const { chain, start } = setUp();
  const forged = [...chain.blocks];
  forged[7] = chain.maker.make({ number: 7n, lastConfig: 0n, signers: [] }).bytes;
  const found = await start(forged, 0, 4, 8n);
  assert.deepEqual([found.ok, found.ok ? "" : found.code], [false, "block-policy"]);
});
