import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createChannelHost } from "../../msp/channel-msp.ts";
import {
  type ConfigDraft,
  channelGroup,
  configTransaction,
  makeBlock,
  makeOrganisation,
  orderersValue,
} from "../testing.ts";
import { bftQuorum } from "./bft-policy.ts";
import { parseBlock } from "./read-block.ts";
import { readConfiguration } from "./read-configuration.ts";

const host = createChannelHost();
const org = makeOrganisation("Org1MSP");
const orderer = makeOrganisation("OrdererMSP");
const orderers = [1, 2, 3, 4, 5, 6, 7].map((i) => orderer.member(`orderer${i}`, ["orderer"]));

function warningsOf(change: (orderer: ConfigDraft) => void): readonly string[] {
  const tree = channelGroup({ organisations: [org], orderer, consenters: orderers.slice(0, 4) });
  const section = tree.groups["Orderer"];
  assert.ok(section);
  change(section);
  const block = parseBlock(
    makeBlock({ number: 0n, transactions: [configTransaction("ch1", 0n, tree)] }),
  );
  const read = block.ok ? readConfiguration(host, block.value) : block;
  assert.ok(read.ok);
  assert.deepEqual(read.value.faults, []);
  return read.value.warnings;
}

test("bftQuorum() is what configtxgen writes", () => {
  assert.deepEqual([1, 2, 3, 4, 5, 6, 7, 10].map(bftQuorum), [1, 2, 2, 3, 4, 4, 5, 7]);
});

describe("orderers and the policy BlockValidation", () => {
  test("that agree are not spoken of", () =>
    assert.deepEqual(
      warningsOf(() => {}),
      [],
    ));

  test("an orderer that came is named, one that went is counted, and the quorum is told", () => {
    const came = warningsOf(({ values }) => {
      values["Orderers"] = orderersValue(orderer, orderers);
    });
    assert.equal(came.length, 4);
    assert.match(came[0] ?? "", /does not name orderer orderer5\.example\.com:7050/);
    assert.match(came[3] ?? "", /asks for 3 signatures; 7 orderers need 5/);
    const went = warningsOf(({ values }) => {
      values["Orderers"] = orderersValue(orderer, orderers.slice(1, 4));
    });
    assert.match(went[0] ?? "", /names 1 signers that are no orderers any more/);
  });
});
