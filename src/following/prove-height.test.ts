/** What is told of a height that cannot be proven. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createVirtualClock } from "../../simulation/clock.ts";
import { atOnce } from "../channel/rules/in-turns.ts";
import { makeOrganisation, mspValue } from "../channel/testing.ts";
import { createChannelHost } from "../msp/channel-msp.ts";
import { makeRevocationList } from "../msp/testing.ts";
import type { GossipMessage } from "../wire/messages.ts";
import type { AskedPeer } from "./asked-peer.ts";
import { proveHeight } from "./prove-height.ts";
import { makeTestChain } from "./testing-chain.ts";
import { makeTrust } from "./trust.ts";

test("a configuration whose revocation list names no CA ends the proof, with that cause", async () => {
  const host = createChannelHost();
  const chain = makeTestChain();
  chain.addTransactions(2);
  chain.addDraft(1n, (draft) => {
    const org2 = makeOrganisation("Org2MSP");
    const revocationList = [makeRevocationList(org2.ca, [1], null)];
    const { Application } = draft.groups ?? {};
    const { Org2MSP } = Application?.groups ?? {};
    assert.ok(Org2MSP?.values);
    Object.assign(Org2MSP.values, { MSP: mspValue(org2, { revocationList }) });
  });
  chain.addTransactions(1);
  const trust = atOnce(makeTrust(host, chain.blocks[0] ?? new Uint8Array(0), "of a test"));
  assert.ok(trust.ok);
  const peer: AskedPeer = {
    name: "peer0",
    identity: { mspId: "Org1MSP" } as AskedPeer["identity"],
    clock: createVirtualClock(),
    nonce: () => 7n,
    async ask(_kind, { channel = new Uint8Array(0), nonce = 0n, content }, match) {
      assert.equal(content?.type, "state-request");
      const { startSeqNum: seqNum = 0n } = content.value;
      const payloads = [{ seqNum, data: chain.blocks[Number(seqNum)], privateData: [] }];
      const answer = { nonce, channel, content: { type: "state-response", value: { payloads } } };
      const value = match(answer as unknown as GossipMessage);
      assert.ok(value !== undefined);
      return { ok: true, value };
    },
  };
  for (const height of [4n, 5n]) {
    const proof = await proveHeight(host, peer, trust.value, height);
    assert.ok(!proof.ok && proof.isUnusable && !proof.isLie);
    assert.match(
      proof.reason,
      /Org2MSP\/MSP: revocation_list\[0\] has no authority key identifier/,
    );
  }
});
