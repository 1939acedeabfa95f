import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createChannelHost } from "../../msp/channel-msp.ts";
import { BLOCK, BLOCK_METADATA, METADATA } from "../../wire/block-messages.ts";
import { decode } from "../../wire/decode.ts";
import { encode } from "../../wire/encode.ts";
import {
  bytesOf,
  channelGroup,
  configTransaction,
  makeBlock,
  makeOrganisation,
  transaction,
} from "../testing.ts";
import type { Block } from "../types/block.ts";
import type { ChannelConfiguration } from "../types/configuration.ts";
import { headerHash } from "./header-hash.ts";
import { commitHashOf, lastConfigOf, parseBlock, validationCodesOf } from "./read-block.ts";
import { readConfiguration } from "./read-configuration.ts";
import { verifyBlock, verifyByHash } from "./verify-block.ts";

/** A tag, and a length below 16,384. */
const FRAME_BYTES = 3;

const host = createChannelHost();
const org = makeOrganisation("Org1MSP");
const orderer = makeOrganisation("OrdererMSP");
const consenters = [1, 2, 3, 4].map((i) => orderer.member(`orderer${i}`, ["orderer"]));

function parsed(bytes: Uint8Array): Block {
  const block = parseBlock(bytes);
  assert.ok(block.ok);
  return block.value;
}

function configure(isBft: boolean): {
  readonly genesis: Block;
  readonly configuration: ChannelConfiguration;
} {
  const channel = { organisations: [org], orderer, ...(isBft ? { consenters } : {}) };
  const tree = configTransaction("ch1", 0n, channelGroup(channel));
  const genesis = parsed(makeBlock({ number: 0n, transactions: [tree] }));
  const read = readConfiguration(host, genesis);
  assert.ok(read.ok);
  assert.deepEqual(read.value.faults, []);
  return { genesis, configuration: read.value };
}

const networks = {
  Raft: {
    ...configure(false),
    signers: consenters.slice(0, 1).map((key) => ({ identity: orderer.identity(key), key })),
  },
  BFT: {
    ...configure(true),
    signers: consenters.slice(0, 3).map((key, i) => ({ id: i + 1, key })),
  },
};

for (const [name, { genesis, configuration, signers }] of Object.entries(networks)) {
  const previousHash = headerHash(host, genesis.header);
  const bytes = makeBlock({
    number: 1n,
    previousHash,
    transactions: [transaction("ch1", "a"), transaction("ch1", "b")],
    signers,
    metadata: [
      new Uint8Array(0),
      Uint8Array.of(0, 11),
      new Uint8Array(0),
      encode(METADATA, { value: bytesOf("hash") }),
    ],
  });
  const expected = { configuration, channel: "ch1", number: 1n, previousHash };

  describe(`a block of ${name}`, () => {
    test("is believed, and says who signed it", () => {
      const verdict = verifyBlock(host, parsed(bytes), expected);
      assert.ok(verdict.ok);
      assert.equal(verdict.value.signers.length, signers.length);
      assert.match(verdict.value.signers[0]?.subject ?? "", /^CN=orderer1/);
      assert.equal(verdict.value.isConfig, false);
      assert.deepEqual(verdict.value.hash, headerHash(host, parsed(bytes).header));
    });

    test("is refused with any one bit of it changed, unless what nobody signs", () => {
      const signed = decode(BLOCK, bytes);
      assert.ok(signed.ok);
      const [element = bytes, ...rest] = signed.value.metadata?.metadata ?? [];
      const believed: number[] = [];
      for (let at = 0; at < bytes.length; at++) {
        const changed = new Uint8Array(bytes);
        changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
        const block = parseBlock(changed);
        if (block.ok && verifyBlock(host, block.value, expected).ok) believed.push(at);
      }
      // Fields of metadata after the signatures, and the frame of all metadata: its tag and length.
      const unsigned = encode(BLOCK_METADATA, { metadata: rest }).length;
      const from = bytes.length - unsigned;
      const frameEnd = from - encode(BLOCK_METADATA, { metadata: [element] }).length;
      assert.ok(element.length > 100);
      assert.deepEqual(
        believed.filter((at) => at < frameEnd - FRAME_BYTES || (at >= frameEnd && at < from)),
        [],
      );
      assert.ok(believed.length > 0, "codes and commit hash are not signed");
    });

    test("is refused as another one than the one that is expected", () => {
      const block = parsed(bytes);
      const codeOf = (other: object): string => {
        const verdict = verifyBlock(host, block, { ...expected, ...other });
        return verdict.ok ? "accepted" : verdict.code;
      };
      assert.equal(codeOf({ number: 2n }), "block-number");
      assert.equal(codeOf({ channel: "ch2" }), "block-channel");
      assert.equal(codeOf({ previousHash: new Uint8Array(32) }), "block-previous-hash");
      assert.equal(codeOf({ previousHash: undefined }), "accepted");
      const other = networks[name === "BFT" ? "Raft" : "BFT"];
      assert.equal(codeOf({ configuration: other.configuration }), "block-policy");
    });

    test("codes and commit hash are read, but are the serving peer's word", () => {
      assert.deepEqual(validationCodesOf(parsed(bytes)), Uint8Array.of(0, 11));
      assert.deepEqual(commitHashOf(parsed(bytes)), bytesOf("hash"));
      assert.equal(validationCodesOf(genesis), undefined);
      assert.equal(commitHashOf(genesis), undefined);
    });

    test("genesis, which nobody signs, is believed for its hash alone", () => {
      const wanted = { channel: "ch1", number: 0n };
      const verdict = verifyByHash(host, genesis, { ...wanted, hash: previousHash });
      assert.ok(verdict.ok && verdict.value.isConfig);
      assert.deepEqual(verdict.value.signers, []);
      const other = { ...wanted, hash: new Uint8Array(32) };
      assert.equal(verifyByHash(host, genesis, other).ok, false);
      assert.equal(verifyBlock(host, genesis, { ...wanted, configuration }).ok, false);
    });
  });
}

describe("lastConfigOf()", () => {
  test("is in the signed value", () => {
    const block = parsed(makeBlock({ number: 9n, transactions: [], lastConfig: 7n }));
    assert.equal(lastConfigOf(block), 7n);
  });

  test("of old blocks is in an element of its own", () => {
    const own = encode(METADATA, { value: Uint8Array.of(8, 5) });
    const metadata = { metadata: [encode(METADATA, {}), own] };
    assert.equal(lastConfigOf(parsed(encode(BLOCK, { header: {}, metadata }))), 5n);
  });

  test("is unknown where it cannot be read", () => {
    const none = parsed(encode(BLOCK, { header: {} }));
    const odd = { metadata: [encode(METADATA, { value: Uint8Array.of(0x0a, 0xff) })] };
    assert.equal(lastConfigOf(none), undefined);
    assert.equal(lastConfigOf(parsed(encode(BLOCK, { header: {}, metadata: odd }))), undefined);
  });
});
