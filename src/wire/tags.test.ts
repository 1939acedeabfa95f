import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decode } from "./decode.ts";
import { encode } from "./encode.ts";
import { isChannelRestricted, isTagLegal } from "./envelope.ts";
import {
  type Content,
  GOSSIP_MESSAGE,
  type GossipMessageInit,
  PULL_TYPE,
  TAG,
} from "./messages.ts";

const TAGS = [...Object.values(TAG), 6, -1];

/** The tags with which a message is legal. */
function legalTags(content: GossipMessageInit["content"]): number[] {
  return TAGS.filter((tag) => {
    const verdict = decode(GOSSIP_MESSAGE, encode(GOSSIP_MESSAGE, { tag, content }));
    assert.ok(verdict.ok);
    return isTagLegal(verdict.value);
  });
}

describe("isTagLegal() follows the table of spec A 3.1", () => {
  const table: { legal: number[]; types: Content["type"][] }[] = [
    { legal: [TAG.empty], types: ["alive", "membership-request", "membership-response"] },
    { legal: [TAG.orgOnly], types: ["peer-identity"] },
    { legal: [TAG.chanAndOrg], types: ["data", "leadership"] },
    {
      legal: [TAG.chanOrOrg],
      types: [
        "state-info",
        "state-snapshot",
        "state-info-pull-request",
        "state-request",
        "state-response",
      ],
    },
    {
      legal: [],
      types: [
        "empty",
        "conn-establish",
        "ack",
        "private-request",
        "private-response",
        "private-data",
      ],
    },
  ];
  for (const { legal, types } of table) {
    for (const type of types) {
      test(`${type}: ${legal}`, () => assert.deepEqual(legalTags({ type, value: {} }), legal));
    }
  }

  const pulls = [
    { msgType: PULL_TYPE.identity, legal: [TAG.empty] },
    { msgType: PULL_TYPE.block, legal: [TAG.chanAndOrg] },
    { msgType: PULL_TYPE.undefined, legal: [] },
    { msgType: 3, legal: [] },
  ];
  for (const { msgType, legal } of pulls) {
    for (const type of ["hello", "digest", "request", "update"] as const) {
      test(`${type} of pull type ${msgType}: ${legal}`, () => {
        assert.deepEqual(legalTags({ type, value: { msgType } }), legal);
      });
    }
  }

  test("no content: none", () => assert.deepEqual(legalTags(undefined), []));
});

test("how far a message may travel depends on its tag", () => {
  assert.deepEqual(TAGS.filter(isChannelRestricted), [TAG.chanOnly, TAG.chanAndOrg, TAG.chanOrOrg]);
});
