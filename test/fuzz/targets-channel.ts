/** What peers and files say of channels: blocks, configurations, StateInfo. */
import assert from "node:assert/strict";
import { isSatisfied } from "../../src/channel/rules/evaluate-policy.ts";
import { recognize } from "../../src/channel/rules/identities.ts";
import {
  commitHashOf,
  isConfigBlock,
  lastConfigOf,
  parseBlock,
  validationCodesOf,
} from "../../src/channel/rules/read-block.ts";
import { readConfiguration } from "../../src/channel/rules/read-configuration.ts";
import { compareStateInfo, readStateInfo } from "../../src/channel/rules/state-info.ts";
import { whyNoSuccessor } from "../../src/channel/rules/successor.ts";
import { verifyBlock } from "../../src/channel/rules/verify-block.ts";
import {
  channelGroup,
  configTransaction,
  makeBlock,
  makeOrganisation,
  transaction,
} from "../../src/channel/testing.ts";
import type { ChannelConfiguration } from "../../src/channel/types/configuration.ts";
import { createChannelHost } from "../../src/msp/channel-msp.ts";
import { equalBytes } from "../../src/wire/bytes.ts";
import { readEnvelopeVectors } from "../../src/wire/testing.ts";
import { bytesOf, readCorpus } from "./corpus.ts";
import type { Target } from "./fuzz.ts";
import { PROTOBUF } from "./tree.ts";

const host = createChannelHost();
const org = makeOrganisation("Org1MSP");
const orderer = makeOrganisation("OrdererMSP");
const consenters = [1, 2, 3, 4].map((i) => orderer.member(`orderer${i}`, ["orderer"]));
const member = org.identity(org.member("peer0"));

const configurationBlocks = [{}, { consenters }].map((more) => {
  const tree = channelGroup({ organisations: [org], orderer, ...more });
  return makeBlock({ number: 0n, transactions: [configTransaction("ch1", 0n, tree)] });
});

const configurations = configurationBlocks.map((bytes): ChannelConfiguration => {
  const block = parseBlock(bytes);
  const read = block.ok ? readConfiguration(host, block.value) : block;
  assert.ok(read.ok);
  return read.value;
});

const signedBlocks = [
  [{ identity: orderer.identity(consenters[0] ?? org.ca), key: consenters[0] ?? org.ca }],
  consenters.slice(0, 3).map((key, i) => ({ id: i + 1, key })),
].map((signers) =>
  makeBlock({
    number: 1n,
    transactions: [transaction("ch1", "a"), transaction("ch1", "b")],
    signers,
  }),
);

const dictionary: readonly Uint8Array[] = ["ch1", "Org1MSP", "Readers", "V3_0", "/Channel"].map(
  bytesOf,
);

/** Whoever believes a block has the header that its orderers signed. */
function checkBlock(input: Uint8Array): string {
  const block = parseBlock(input);
  if (!block.ok) return block.code;
  isConfigBlock(block.value);
  lastConfigOf(block.value);
  validationCodesOf(block.value);
  commitHashOf(block.value);
  const outcomes = configurations.map((configuration, i) => {
    const expected = { configuration, channel: "ch1", number: 1n };
    const verdict = verifyBlock(host, block.value, expected);
    if (!verdict.ok) return verdict.code;
    const original = parseBlock(signedBlocks[i] ?? input);
    assert.ok(original.ok);
    const { header, transactions } = original.value;
    assert.deepEqual(block.value.header, header, "believes another header");
    assert.ok(
      block.value.transactions.every((one, n) => equalBytes(one, transactions[n] ?? one)),
      "believes other transactions",
    );
    return "accepted";
  });
  return outcomes.join();
}

/** What is read without fault can be asked for its policies, and follows nothing by itself. */
function checkConfiguration(input: Uint8Array): string {
  const block = parseBlock(input);
  const read = block.ok ? readConfiguration(host, block.value) : block;
  if (!read.ok) return read.code;
  const { value: configuration } = read;
  assert.ok(configuration.faults.every(({ path, detail }) => path !== "" && detail !== ""));
  const identity = recognize(configuration.msps, member);
  for (const policy of configuration.policies.values()) {
    isSatisfied(policy, identity ? [identity, identity] : [], configuration.msps);
  }
  assert.ok(whyNoSuccessor(configuration, configuration).length > 0, "follows itself");
  return configuration.faults[0]?.code ?? "accepted";
}

function checkStateInfo(input: Uint8Array): string {
  const read = readStateInfo(host, input, "mychannel");
  if (!read.ok) return read.code;
  assert.equal(compareStateInfo(read.value, read.value), 0);
  assert.match(read.value.pkiId, /^[0-9a-f]{64}$/);
  return "accepted";
}

export const channelTargets: readonly Target[] = [
  {
    name: "block",
    grammar: PROTOBUF,
    corpus: [...signedBlocks, ...readCorpus("block")],
    dictionary,
    bytesMax: 65_536,
    check: checkBlock,
  },
  {
    name: "configuration",
    grammar: PROTOBUF,
    corpus: [...configurationBlocks, ...readCorpus("configuration")],
    dictionary,
    bytesMax: 65_536,
    check: checkConfiguration,
  },
  {
    name: "state-info",
    grammar: PROTOBUF,
    corpus: [
      ...readEnvelopeVectors()
        .filter(({ name }) => name.startsWith("state"))
        .map(({ bytes }) => bytes),
      ...readCorpus("state-info"),
    ],
    dictionary,
    bytesMax: 65_536,
    check: checkStateInfo,
  },
];
