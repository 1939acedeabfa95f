/** How much work large blocks take between two turns, counted and not timed. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createChannelHost } from "../../msp/channel-msp.ts";
import { BLOCK } from "../../wire/block-messages.ts";
import { encode } from "../../wire/encode.ts";
import { SERIALIZED_IDENTITY } from "../../wire/messages.ts";
import type { ChannelHost, ChannelIdentity } from "../types/host.ts";
import { hashInTurns } from "./hash-in-turns.ts";
import { signersInTurns } from "./identities.ts";
import type { InTurns } from "./in-turns.ts";
import { areWellFormed, parseBlockInTurns } from "./read-block.ts";

/** Units of work, each about as long as the hash over 1 KB. A turn of 6,000 takes less than 10 ms. */
const TURN_MAX = 6_000;

/** The most work between two turns, and the result. `spent`: the work until now. */
function most<T>(
  work: InTurns<T>,
  spent: () => number,
): { readonly value: T; readonly max: number } {
  let before = spent();
  let max = 0;
  for (;;) {
    const step = work.next();
    max = Math.max(max, spent() - before);
    before = spent();
    if (step.done) return { value: step.value, max };
  }
}

/** Of Fabric's form: payload and signature. */
function transaction(bytes: number): Uint8Array {
  const payload = new Uint8Array(bytes);
  return Buffer.concat([
    Buffer.from([0x0a, 0x80 | (bytes & 0x7f), bytes >> 7]),
    payload,
    Buffer.from([0x12, 1, 9]),
  ]);
}

function blockOf(transactions: readonly Uint8Array[]): Uint8Array {
  return encode(BLOCK, {
    header: { number: 7n },
    data: { data: [...transactions] },
    metadata: { metadata: [new Uint8Array(1)] },
  });
}

const many = Array.from({ length: 50_000 }, () => transaction(200));

describe("a block of 50,000 transactions", () => {
  const bytes = blockOf(many);

  test("is read in turns of so many transactions", () => {
    let turns = 0;
    const work = parseBlockInTurns(bytes);
    let step = work.next();
    for (; !step.done; step = work.next()) turns++;
    assert.ok(step.value.ok && step.value.value.transactions.length === 50_000);
    assert.ok(turns >= 50, `${turns} turns`);
  });

  test("has its form checked in turns of so many transactions", () => {
    let turns = 0;
    const block = {
      bytes,
      header: { number: 7n, previousHash: bytes, dataHash: bytes },
      transactions: many,
      metadata: [],
    };
    const work = areWellFormed(block, true);
    let step = work.next();
    for (; !step.done; step = work.next()) turns++;
    assert.deepEqual([step.value, turns >= 50_000 / 100], [true, true]);
  });

  test("is hashed in turns, be its transactions small or large", () => {
    const host = createChannelHost();
    let spent = 0;
    const counting: ChannelHost = {
      ...host,
      startSha256() {
        const hash = host.startSha256();
        return {
          digest: () => hash.digest(),
          add(piece) {
            spent += 1 + piece.length / 1_024;
            hash.add(piece);
          },
        };
      },
    };
    const large = [new Uint8Array(5_000_000), new Uint8Array(3), new Uint8Array(2_000_001)];
    for (const parts of [many, large]) {
      const { value, max } = most(hashInTurns(counting, parts), () => spent);
      assert.deepEqual(value, host.sha256(parts));
      assert.ok(max < TURN_MAX, `${max}`);
    }
  });
});

test("each signature is checked in a turn of its own", () => {
  let checked = 0;
  const recognize = (idBytes: Uint8Array): ChannelIdentity => ({
    ...{ mspId: "OrdererMSP", certificate: `${idBytes[0]}`, subject: "", refusal: undefined },
    ...{ unitRoles: [], isListedAdmin: false, organizationalUnits: [] },
    certifiersId: new Uint8Array(0),
    verify() {
      checked++;
      return true;
    },
  });
  const msp = { mspId: "OrdererMSP", hasRoleUnits: false, warnings: [], recognize };
  const signed = Array.from({ length: 100 }, (_, i) => ({
    identity: encode(SERIALIZED_IDENTITY, { mspid: "OrdererMSP", idBytes: Uint8Array.of(i) }),
    data: [new Uint8Array(10)],
    signature: new Uint8Array(70),
  }));
  const work = signersInTurns(new Map([["OrdererMSP", msp]]), signed);
  const { value, max } = most(work, () => checked);
  assert.deepEqual([value.length, checked, max], [100, 100, 1]);
});
