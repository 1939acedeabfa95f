/** Who is asked about a channel, and who no longer. In virtual time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createVirtualClock } from "../../simulation/clock.ts";
import { createSeededRandom } from "../../simulation/random.ts";
import { testIdentity } from "../core/testing-identities.ts";
import { requestBlocks } from "../following/block-peer.ts";
import { GossipPeers } from "./gossip-peers.ts";

test("a question that waits is not put to whom a configuration has removed meanwhile", async () => {
  const clock = createVirtualClock();
  const organisations = new Set(["Org1MSP", "Org2MSP"]);
  const sent: { readonly isAllowed: () => boolean }[] = [];
  const outcomes: string[] = [];
  const peers = new GossipPeers({
    ...{ clock, random: createSeededRandom(1) },
    isOn: (channel, mspId) => channel === "ch1" && organisations.has(mspId),
    asked: (_channel, _peer, outcome) => outcomes.push(outcome.ok ? "answered" : outcome.code),
    send: (_pkiId, _bytes, isAllowed) => sent.push({ isAllowed }) > 0,
  });
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  const peer = peers.of("ch1", testIdentity("Org2MSP", "peer0"), "peer0.org2");
  const first = requestBlocks(peer, "ch1", { from: 1n, to: 1n });
  const second = requestBlocks(peer, "ch1", { from: 2n, to: 3n });
  await settled();
  assert.deepEqual([sent.length, sent[0]?.isAllowed()], [1, true]);
  organisations.delete("Org2MSP");
  assert.equal(sent[0]?.isAllowed(), false, "it may still wait for a connection");
  clock.advance(3_000);
  assert.equal((await first).ok, false);
  const outcome = await second;
  assert.equal(outcome.ok, false);
  assert.match(outcome.ok ? "" : outcome.reason, /not on the channel any more/);
  assert.equal(sent.length, 1);
  assert.deepEqual(outcomes, ["silent", "unreachable"]);
});
