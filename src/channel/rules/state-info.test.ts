import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createChannelHost } from "../../msp/channel-msp.ts";
import { computePkiId } from "../../msp/identity.ts";
import { type Made, makeRevocationList } from "../../msp/testing.ts";
import { fromHex } from "../../wire/bytes.ts";
import { encodeEnvelope, encodeMessage } from "../../wire/envelope.ts";
import { type StateInfo, TAG } from "../../wire/messages.ts";
import {
  bytesOf,
  channelGroup,
  configTransaction,
  makeBlock,
  makeOrganisation,
  mspValue,
  oneOf,
  role,
  sha256,
  signBytes,
  type TestOrganisation,
} from "../testing.ts";
import type { ChannelConfiguration } from "../types/configuration.ts";
import { atOnce } from "./in-turns.ts";
import { parseBlock } from "./read-block.ts";
import { readConfiguration } from "./read-configuration.ts";
import {
  channelMac,
  compareStateInfo,
  readSnapshot,
  readStateInfo,
  STATE_INFO_BYTES_MAX,
  stateInfoFault,
  stateInfoPullRequest,
} from "./state-info.ts";

const host = createChannelHost();
const org1 = makeOrganisation("Org1MSP");
const org2 = makeOrganisation("Org2MSP");
const outsider = makeOrganisation("OutsiderMSP");
const orderer = makeOrganisation("OrdererMSP");
const revoked = org1.member("revoked", ["peer"], { serial: 500 });

function configuration(): ChannelConfiguration {
  const tree = channelGroup({ organisations: [org1, org2], orderer });
  const { Org1MSP, Org2MSP } = tree.groups["Application"]?.groups ?? {};
  assert.ok(Org1MSP && Org2MSP);
  Org1MSP.values["MSP"] = mspValue(org1, { revocationList: [makeRevocationList(org1.ca, [500])] });
  Org2MSP.policies["Readers"] = oneOf(role("Org2MSP", "peer"));
  const block = parseBlock(
    makeBlock({ number: 0n, transactions: [configTransaction("ch1", 0n, tree)] }),
  );
  const read = block.ok ? readConfiguration(host, block.value) : block;
  assert.ok(read.ok);
  return read.value;
}

const pkiIdOf = (org: TestOrganisation, made: Made) => computePkiId(org.mspId, made.pem);

/** A signed StateInfo; `changes` replace parts of it. */
function stateInfo(
  org: TestOrganisation,
  made: Made,
  changes: Partial<StateInfo> = {},
  signer: Made = made,
): Uint8Array {
  const pkiId = pkiIdOf(org, made);
  const value = {
    timestamp: { incNum: 10n, seqNum: 20n },
    pkiId: fromHex(pkiId),
    channelMac: channelMac(host, pkiId, "ch1"),
    properties: {
      ledgerHeight: 7n,
      leftChannel: false,
      chaincodes: [{ name: "cc", version: "3", metadata: new Uint8Array(0) }],
    },
    ...changes,
  };
  const payload = encodeMessage({ tag: TAG.chanOrOrg, content: { type: "state-info", value } });
  return encodeEnvelope({ payload, signature: signBytes(signer, payload) }).bytes;
}

const peer = org1.member("peer0");

describe("the MAC of a channel", () => {
  test("is SHA-256 over PKI-ID and name", () => {
    const pkiId = pkiIdOf(org1, peer);
    assert.deepEqual(channelMac(host, pkiId, "ch1"), sha256(fromHex(pkiId), bytesOf("ch1")));
  });

  test("of a pull request is made with the PKI-ID of who asks, and the channel is not named", () => {
    const request = stateInfoPullRequest(host, pkiIdOf(org1, peer), "ch1");
    assert.equal(request.channel, undefined);
    assert.equal(request.tag, TAG.chanOrOrg);
    assert.ok(request.content?.type === "state-info-pull-request");
    const { channelMac: mac } = request.content.value;
    assert.deepEqual(mac, channelMac(host, pkiIdOf(org1, peer), "ch1"));
  });
});

describe("readStateInfo()", () => {
  test("says what the peer says", () => {
    const bytes = stateInfo(org1, peer);
    const read = readStateInfo(host, bytes, "ch1");
    assert.ok(read.ok);
    const { envelope, chaincodes, ...said } = read.value;
    assert.deepEqual(said, {
      pkiId: pkiIdOf(org1, peer),
      loadedAtNs: 10n,
      changedAtNs: 20n,
      height: 7n,
      hasLeft: false,
    });
    assert.equal(chaincodes[0]?.version, "3");
    assert.deepEqual(envelope.bytes, bytes);
  });

  const codeOf = (bytes: Uint8Array, channel = "ch1"): string => {
    const read = readStateInfo(host, bytes, channel);
    return read.ok ? "accepted" : read.code;
  };
  const cases: readonly (readonly [string, string, Uint8Array])[] = [
    ["no envelope", "state-info-malformed", Uint8Array.of(0x0a, 0xff)],
    [
      "another message",
      "state-info-malformed",
      encodeEnvelope({ payload: encodeMessage({ content: { type: "empty", value: {} } }) }).bytes,
    ],
    ["no time", "state-info-incomplete", stateInfo(org1, peer, { timestamp: undefined })],
    ["no properties", "state-info-incomplete", stateInfo(org1, peer, { properties: undefined })],
    [
      "a short PKI-ID",
      "state-info-incomplete",
      stateInfo(org1, peer, { pkiId: new Uint8Array(31) }),
    ],
    [
      "a short MAC",
      "state-info-channel",
      stateInfo(org1, peer, { channelMac: new Uint8Array(31) }),
    ],
    [
      "another's MAC",
      "state-info-channel",
      stateInfo(org1, peer, { channelMac: channelMac(host, pkiIdOf(org2, peer), "ch1") }),
    ],
  ];
  for (const [name, code, bytes] of cases) {
    test(`refuses ${name}`, () => assert.equal(codeOf(bytes), code));
  }

  test("refuses that of another channel", () => {
    assert.equal(codeOf(stateInfo(org1, peer), "ch2"), "state-info-channel");
    assert.equal(codeOf(stateInfo(org1, peer), "ch"), "state-info-channel");
  });
});

describe("stateInfoFault()", () => {
  const config = configuration();
  const faultOf = (org: TestOrganisation, made: Made, signer = made, claimed = org.mspId) => {
    const claim = readStateInfo(host, stateInfo(org, made, {}, signer), "ch1");
    assert.ok(claim.ok);
    return stateInfoFault(config, claim.value, { mspId: claimed, bytes: org.identity(made) });
  };

  test("believes a member that signed", () => assert.equal(faultOf(org1, peer), undefined));
  test("refuses one of another organisation", () => {
    assert.equal(faultOf(outsider, outsider.member("x")), "state-info-organisation");
    assert.equal(faultOf(orderer, orderer.member("x", ["orderer"])), "state-info-organisation");
  });
  test("refuses another's signature", () => {
    assert.equal(faultOf(org1, peer, org1.member("other")), "state-info-signature");
    assert.equal(faultOf(org1, outsider.member("x")), "state-info-signature");
  });
  test("refuses a revoked one", () => {
    assert.equal(faultOf(org1, revoked), "state-info-organisation");
  });
  test("refuses one that may not read the channel", () => {
    assert.equal(faultOf(org2, org2.member("peer")), undefined);
    assert.equal(faultOf(org2, org2.member("user", ["client"])), "state-info-readers");
  });
});

describe("compareStateInfo()", () => {
  const at = (incNum: bigint, seqNum: bigint) => {
    const read = readStateInfo(
      host,
      stateInfo(org1, peer, { timestamp: { incNum, seqNum } }),
      "ch1",
    );
    assert.ok(read.ok);
    return read.value;
  };
  const high = 2n ** 63n;
  test("a restart counts more than any change", () => {
    assert.ok(compareStateInfo(at(2n, 1n), at(1n, 9n)) > 0);
    assert.ok(compareStateInfo(at(1n, 9n), at(2n, 1n)) < 0);
  });
  test("then the later change, and numbers have 64 bits without sign", () => {
    assert.ok(compareStateInfo(at(1n, high), at(1n, high - 1n)) > 0);
    assert.ok(compareStateInfo(at(high, 0n), at(1n, 0n)) > 0);
    assert.equal(compareStateInfo(at(high, high), at(high, high)), 0);
  });
});

describe("readSnapshot()", () => {
  test("takes the newest of each author, and goes on after what is bad", () => {
    const other = org2.member("peer0");
    const newer = stateInfo(org1, peer, { timestamp: { incNum: 10n, seqNum: 21n } });
    const elements = [
      Uint8Array.of(0x0a, 0xff),
      newer,
      stateInfo(org1, peer),
      stateInfo(org1, peer, { channelMac: new Uint8Array(32) }),
      stateInfo(org2, other),
    ];
    const { claims, faults } = atOnce(readSnapshot(host, elements, "ch1"));
    assert.deepEqual(
      claims.map(({ pkiId, changedAtNs }) => [pkiId, changedAtNs]),
      [
        [pkiIdOf(org1, peer), 21n],
        [pkiIdOf(org2, other), 20n],
      ],
    );
    assert.deepEqual(faults, ["state-info-malformed", "state-info-channel"]);
  });

  test("keeps nothing of the snapshot but the elements that it takes", () => {
    const element = stateInfo(org1, peer);
    const snapshot = new Uint8Array(1_000_000);
    snapshot.set(element);
    const long = new Uint8Array(STATE_INFO_BYTES_MAX + 1);
    const elements = [snapshot.subarray(0, element.length), long];
    const { claims, faults } = atOnce(readSnapshot(host, elements, "ch1"));
    assert.deepEqual(faults, ["state-info-malformed"]);
    const { buffer } = claims[0]?.envelope.payload ?? assert.fail("a claim");
    assert.equal(buffer.byteLength, element.length);
  });
});
