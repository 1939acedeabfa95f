/** For tests: a channel in memory, its blocks, and peers that give them in virtual time. */

import { channelGroup, makeOrganisation, sha256 } from "../channel/testing.ts";
import { ChainMaker } from "../channel-maker/chain.ts";
import { createSigner } from "../msp/signer.ts";
import type { Clock } from "../transport/network.ts";
import type { BlockPeer, GivenBlock } from "./block-peer.ts";

const org = makeOrganisation("Org1MSP");
const other = makeOrganisation("Org2MSP");
const orderer = makeOrganisation("OrdererMSP");
const first = orderer.member("orderer1", ["orderer"]);
const user = org.member("User1", ["client"]);
const authorOf = (organisation: typeof org, made: typeof user) => ({
  creator: organisation.identity(made),
  sign: createSigner(made.privateKey),
});

export interface TestChain {
  readonly maker: ChainMaker;
  readonly blocks: Uint8Array[];
  addTransactions(count: number): void;
  /** With the second organisation, or without it. */
  addConfig(sequence: bigint, hasSecond?: boolean): void;
  addDraft(sequence: bigint, change: (draft: ReturnType<typeof channelGroup>) => void): void;
}

export function makeTestChain(salt = 0): TestChain {
  let nonces = salt * 100_000;
  const nonce = (): Uint8Array => {
    nonces++;
    return new Uint8Array(24).fill(nonces).fill(nonces >> 8, 12);
  };
  const maker = new ChainMaker({
    channel: "ch1",
    orderers: [authorOf(orderer, first)],
    client: authorOf(org, user),
    host: { sha256: (parts) => sha256(...parts), nonce, wallMs: () => 1_795_331_685_376 },
  });
  const draft = (hasSecond: boolean) =>
    channelGroup({ organisations: hasSecond ? [org, other] : [org], orderer });
  const blocks = [maker.addConfig(draft(false), 0n)];
  return {
    maker,
    blocks,
    addTransactions(count) {
      for (let i = 0; i < count; i++) blocks.push(maker.add());
    },
    addConfig(sequence, hasSecond = true) {
      blocks.push(maker.addConfig(draft(hasSecond), sequence));
    },
    addDraft(sequence, change) {
      const changed = draft(true);
      change(changed);
      blocks.push(maker.addConfig(changed, sequence));
    },
  };
}

/** What a peer does instead of giving its blocks. */
export interface Habit {
  readonly delayMs?: number;
  readonly isSilent?: boolean;
  /** What it gives for a block; undefined: it leaves it out. */
  readonly give?: (number: bigint, bytes: Uint8Array) => Uint8Array | undefined;
}

export interface TestPeer extends BlockPeer {
  readonly asked: { readonly from: bigint; readonly to: bigint }[];
  habit: Habit;
}

export function makeTestPeer(clock: Clock, pkiId: string, blocks: Uint8Array[]): TestPeer {
  const peer: TestPeer = {
    pkiId,
    mspId: "Org1MSP",
    name: pkiId,
    asked: [],
    habit: {},
    request({ from, to }) {
      peer.asked.push({ from, to });
      const { delayMs = 5, isSilent = false, give = (_number, bytes) => bytes } = peer.habit;
      return new Promise((resolve) => {
        if (isSilent) {
          clock.after(3_000, () => resolve({ ok: false, code: "silent" }));
          return;
        }
        clock.after(delayMs, () => {
          const value: GivenBlock[] = [];
          for (let number = from; number <= to; number++) {
            const bytes = blocks[Number(number)];
            const given = bytes && give(number, bytes);
            if (given !== undefined) value.push({ number, bytes: given });
          }
          resolve({ ok: true, value });
        });
      });
    },
  };
  return peer;
}
