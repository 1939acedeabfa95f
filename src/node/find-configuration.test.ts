/** Who is asked for a configuration, or for the first block. In virtual time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createVirtualClock } from "../../simulation/clock.ts";
import type { AskedPeer } from "../following/asked-peer.ts";
import { makeTestChain } from "../following/testing-chain.ts";
import { createChannelHost } from "../msp/channel-msp.ts";
import type { GossipMessage } from "../wire/messages.ts";
import type { Candidate } from "./candidates.ts";
import { findConfiguration, findFirstBlock } from "./find-configuration.ts";

const host = createChannelHost();
const self = { mspId: "Org1MSP", bytes: new Uint8Array(0) } as Candidate["identity"];
type Habit = "silent" | "snapshot" | "gives";

function setUp(habits: readonly Habit[]) {
  const clock = createVirtualClock();
  const chain = makeTestChain();
  chain.addTransactions(3);
  const asked: string[] = [];
  const silent = new Set<string>();
  const candidates = habits.map((habit, i): Candidate => {
    const name = `p${i}`;
    const peer: AskedPeer = {
      ...{ name, identity: self, clock, nonce: () => 7n },
      async ask(_kind, { channel = new Uint8Array(0), nonce = 0n, content }, match) {
        assert.equal(content?.type, "state-request");
        if (habit === "silent") {
          // As a line of questions: what was met with silence is not asked again soon.
          if (!silent.has(name)) clock.advance(3_000);
          silent.add(name);
          return { ok: false, code: "silent", reason: "no answer" };
        }
        asked.push(name);
        const { startSeqNum: seqNum = 0n } = content.value;
        const data = chain.blocks[Number(seqNum)];
        const payloads = habit === "snapshot" && seqNum === 0n ? [] : [{ seqNum, data }];
        const answer = { nonce, channel, content: { type: "state-response", value: { payloads } } };
        const value = match(answer as unknown as GossipMessage);
        assert.ok(value !== undefined);
        return { ok: true, value };
      },
    };
    return { peer, identity: self, height: 4n };
  });
  return { candidates, asked };
}

test("members that are silent keep nobody from being asked for the first block", async () => {
  const { candidates } = setUp([...Array<Habit>(9).fill("silent"), "gives"]);
  const find = () => findFirstBlock(host, "ch1", self, candidates);
  let rounds = 1;
  while ((await find()) === undefined) assert.ok(++rounds < 5, "it is found at last");
  assert.ok(rounds > 1, "not all at once: each silence takes its time");
});

test("members that began with a snapshot are asked in turns, three at a time", async () => {
  const { candidates, asked } = setUp([...Array<Habit>(7).fill("snapshot"), "gives"]);
  const find = () => findFirstBlock(host, "ch1", self, candidates);
  assert.equal(await find(), undefined);
  assert.deepEqual(asked, ["p0", "p1", "p2"]);
  assert.equal(await find(), undefined);
  assert.equal((await find())?.configuration.blockNumber, 0n);
  assert.deepEqual(asked.slice(3), ["p3", "p4", "p5", "p6", "p7"]);
});

test("a configuration comes from three that answer, whoever else is silent", async () => {
  const { candidates, asked } = setUp([...Array<Habit>(3).fill("silent"), ...GIVING]);
  const { notes } = await findConfiguration(host, "ch1", self, candidates);
  assert.deepEqual([...new Set(asked)], ["p3", "p4", "p5"]);
  assert.equal(notes.length, 3);
});

const GIVING = Array<Habit>(5).fill("gives");
