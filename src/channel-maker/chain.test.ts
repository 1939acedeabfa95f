import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseBlock } from "../channel/rules/read-block.ts";
import { readConfiguration } from "../channel/rules/read-configuration.ts";
import { whyNoSuccessor } from "../channel/rules/successor.ts";
import { verifyBlock, verifyByHash } from "../channel/rules/verify-block.ts";
import { channelGroup, makeOrganisation, sha256 } from "../channel/testing.ts";
import type { Block } from "../channel/types/block.ts";
import type { ChannelConfiguration } from "../channel/types/configuration.ts";
import { createChannelHost } from "../msp/channel-msp.ts";
import { createSigner } from "../msp/signer.ts";
import { COMMON_ENVELOPE, COMMON_PAYLOAD, SIGNATURE_HEADER } from "../wire/block-messages.ts";
import { decode } from "../wire/decode.ts";
import {
  CHAINCODE_ACTION_PAYLOAD,
  PROPOSAL_RESPONSE_PAYLOAD,
  TRANSACTION,
} from "../wire/transaction-messages.ts";
import { ChainMaker } from "./chain.ts";
import { encodeDraft } from "./config-draft.ts";

const host = createChannelHost();
const org = makeOrganisation("Org1MSP");
const other = makeOrganisation("Org2MSP");
const orderer = makeOrganisation("OrdererMSP");
const consenters = [1, 2, 3, 4].map((i) => orderer.member(`orderer${i}`, ["orderer"]));
const user = org.member("User1", ["client"]);
const authorOf = (organisation: typeof org, made: typeof user) => ({
  creator: organisation.identity(made),
  sign: createSigner(made.privateKey),
});

function parsed(bytes: Uint8Array): Block {
  const block = parseBlock(bytes);
  assert.ok(block.ok);
  return block.value;
}

function start(isBft: boolean) {
  let nonces = 0;
  const orderers = isBft
    ? consenters.slice(1).map((made, i) => ({ id: i + 2, sign: createSigner(made.privateKey) }))
    : consenters.slice(0, 1).map((made) => authorOf(orderer, made));
  const maker = new ChainMaker({
    channel: "ch1",
    orderers,
    client: authorOf(org, user),
    host: {
      sha256: (parts) => sha256(...parts),
      nonce: () => new Uint8Array(24).fill(++nonces),
      wallMs: () => 1_795_331_685_376,
    },
  });
  const bft = isBft ? { consenters } : {};
  const draft = (...organisations: readonly (typeof org)[]) =>
    channelGroup({ organisations, orderer, ...bft });
  return { maker, draft };
}

test("a configuration lists organisations by MSP-ID, in whatever order a block has them", () => {
  const { maker, draft } = start(false);
  const turned = draft(org, other);
  const application = turned.groups["Application"];
  assert.ok(application?.groups["Org1MSP"] && application.groups["Org2MSP"]);
  const { Org1MSP, Org2MSP } = application.groups;
  // A group's name need not be its MSP-ID.
  application.groups = { first: Org2MSP, second: Org1MSP };
  const read = readConfiguration(host, parsed(maker.addConfig(turned, 0n)));
  assert.ok(read.ok);
  const mspIds = read.value.organisations.map(({ mspId }) => mspId);
  assert.deepEqual(mspIds, ["Org1MSP", "Org2MSP"]);
});

test("anchor peers and orderers with an IPv6 address have it in brackets, as Fabric dials them", () => {
  for (const [host, expected] of [
    ["2001:db8::1", "[2001:db8::1]"],
    ["[2001:db8::1]", "[2001:db8::1]"],
  ] as const) {
    for (const isBft of [false, true]) {
      const { maker } = start(isBft);
      const bft = isBft ? { consenters } : {};
      const draft = channelGroup({ organisations: [org], orderer, host, ...bft });
      const read = readConfiguration(createChannelHost(), parsed(maker.addConfig(draft, 0n)));
      assert.ok(read.ok);
      const { organisations, consensus } = read.value;
      const hosts = [
        ...organisations.flatMap(({ anchors }) => anchors),
        ...(consensus?.raft ?? []),
        ...(consensus?.bft ?? []),
      ].map((one) => one.host);
      assert.deepEqual([...new Set(hosts)], [expected]);
      assert.equal(hosts.length, isBft ? 5 : 2);
    }
  }
});

for (const isBft of [false, true]) {
  describe(`a chain with ${isBft ? "BFT" : "Raft"} orderers`, () => {
    test("is believed block by block, each under the configuration before it", () => {
      const { maker, draft } = start(isBft);
      const blocks = [
        maker.addConfig(draft(org), 0n),
        maker.add(),
        maker.addConfig(draft(org, other), 1n),
        maker.add({ transactions: [maker.transaction("a"), maker.transaction("b")] }),
      ].map(parsed);
      assert.equal(maker.tip.height, 4n);
      const [genesis, ...rest] = blocks;
      assert.ok(genesis);
      let read = readConfiguration(host, genesis);
      assert.ok(read.ok);
      assert.deepEqual([read.value.faults, read.value.warnings], [[], []]);
      const second = blocks[1]?.header.previousHash ?? new Uint8Array(0);
      const first = verifyByHash(host, genesis, { channel: "ch1", number: 0n, hash: second });
      assert.ok(first.ok);
      let previousHash = first.value.hash;
      for (const [i, block] of rest.entries()) {
        const configuration: ChannelConfiguration = read.value;
        const expected = { channel: "ch1", number: BigInt(i + 1), previousHash, configuration };
        const verdict = verifyBlock(host, block, expected);
        assert.ok(verdict.ok, verdict.ok ? "" : verdict.code);
        assert.equal(verdict.value.signers.length, isBft ? 3 : 1);
        previousHash = verdict.value.hash;
        if (!verdict.value.isConfig) continue;
        const next = readConfiguration(host, block);
        assert.ok(next.ok);
        assert.deepEqual(whyNoSuccessor(configuration, next.value), []);
        read = next;
      }
      assert.equal(read.value.organisations.length, 2);
    });

    test("a block that was only made changes nothing; forged ones are refused", () => {
      const { maker, draft } = start(isBft);
      const genesis = parsed(maker.addConfig(draft(org), 0n));
      const read = readConfiguration(host, genesis);
      assert.ok(read.ok);
      const tip = maker.tip;
      const expected = { channel: "ch1", number: 1n, previousHash: tip.hash };
      const codeOf = (wish: Parameters<ChainMaker["make"]>[0]): string => {
        const block = parsed(maker.make(wish).bytes);
        const verdict = verifyBlock(host, block, { ...expected, configuration: read.value });
        return verdict.ok ? "accepted" : verdict.code;
      };
      assert.equal(codeOf({}), "accepted");
      assert.equal(codeOf({ signers: [authorOf(org, user)] }), "block-policy");
      assert.equal(codeOf({ signers: [] }), "block-policy");
      assert.equal(codeOf({ previousHash: new Uint8Array(32) }), "block-previous-hash");
      assert.equal(codeOf({ dataHash: new Uint8Array(32) }), "block-data-hash");
      assert.equal(codeOf({ number: 2n }), "block-number");
      assert.equal(codeOf({ transactions: [] }), "block-malformed");
      assert.equal(maker.tip, tip);
    });
  });
}

test("one draft has one encoding, in whatever order it was put together", () => {
  const draft = start(false).draft(org, other);
  const groups = Object.fromEntries(Object.entries(draft.groups).toReversed());
  const values = Object.fromEntries(Object.entries(draft.values).toReversed());
  assert.deepEqual(encodeDraft({ ...draft, groups, values }), encodeDraft(draft));
});

test("a transaction is well-formed for a peer: nonce, creator and hash of the proposal", () => {
  const { maker, draft } = start(false);
  maker.addConfig(draft(org), 0n);
  const [transaction] = parsed(maker.add()).transactions;
  assert.ok(transaction);
  const envelope = decode(COMMON_ENVELOPE, transaction);
  assert.ok(envelope.ok);
  const payload = decode(COMMON_PAYLOAD, envelope.value.payload);
  assert.ok(payload.ok && payload.value.header);
  const { channelHeader, signatureHeader } = payload.value.header;
  const called = decode(TRANSACTION, payload.value.data);
  assert.ok(called.ok && called.value.actions.length === 1);
  const [action] = called.value.actions;
  const header = decode(SIGNATURE_HEADER, action?.header ?? assert.fail());
  assert.ok(header.ok);
  assert.equal(header.value.nonce.length, 24);
  assert.ok(header.value.creator.length > 0);
  const proposed = decode(CHAINCODE_ACTION_PAYLOAD, action?.payload ?? assert.fail());
  assert.ok(proposed.ok && proposed.value.chaincodeProposalPayload.length > 0);
  const given = proposed.value.action?.proposalResponsePayload;
  const answer = decode(PROPOSAL_RESPONSE_PAYLOAD, given ?? assert.fail());
  assert.ok(answer.ok);
  // Over the channel's header and the one of the action, as a peer puts them together.
  const parts = [channelHeader, action?.header, proposed.value.chaincodeProposalPayload];
  assert.deepEqual(
    answer.value.proposalHash,
    sha256(...parts.map((part) => part ?? assert.fail())),
  );
  assert.deepEqual(action?.header, signatureHeader);
});
