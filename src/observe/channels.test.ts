import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import { pkiIdBytes } from "../core/rules/pki-id.ts";
import { createWorld, testIdentity, testSignature } from "../core/testing.ts";
import { aliveOf } from "../core/testing-messages.ts";
import type { Identity } from "../core/types/host.ts";
import { encodeEnvelope, encodeMessage } from "../wire/envelope.ts";
import { TAG } from "../wire/messages.ts";
import { createChannelView } from "./channels.ts";

/** News of a channel in Fabric's form: the name is in the MAC only. */
function stateInfo(author: Identity, channel: string): Uint8Array {
  const pkiId = pkiIdBytes(author.pkiId);
  const channelMac = createHash("sha256").update(pkiId).update(channel).digest();
  const timestamp = { incNum: 1n, seqNum: 1n };
  const value = { pkiId, timestamp, channelMac, properties: { ledgerHeight: 7n } };
  const payload = encodeMessage({ tag: TAG.chanOrOrg, content: { type: "state-info", value } });
  const signature = testSignature(author.pkiId, payload);
  return encodeEnvelope({ payload, signature }).bytes;
}

describe("createChannelView()", () => {
  const [one, two] = [testIdentity("A", "one"), testIdentity("A", "two")];
  const world = createWorld(1);
  const node = world.add("n");
  for (const author of [one, two]) {
    world.meet(node, author);
    const from = author.pkiId;
    const endpoint = `${author.subject}:1`;
    world.give(node, { type: "message", from, bytes: aliveOf(author, { endpoint }) });
  }
  world.run(1_000);
  for (const [author, channel] of [
    [one, "mine"],
    [two, "mine"],
    [two, "other"],
  ] as const) {
    const bytes = stateInfo(author, channel);
    world.give(node, { type: "message", from: author.pkiId, bytes });
  }
  const configured = (name: string) => ({ name, configBlock: `/${name}.block` });

  test("knows who is in a channel whose name is configured", () => {
    const channels = createChannelView(["mine", "other", "empty"].map(configured))(node.core);
    assert.deepEqual(
      channels.map(({ name, members, followed }) => [name, members.toSorted(), followed]),
      [
        ["mine", [one.pkiId, two.pkiId].toSorted(), false],
        ["other", [two.pkiId], false],
        ["empty", [], false],
      ],
    );
  });

  test("invents none from news whose channel it cannot name", () => {
    assert.deepEqual(createChannelView([])(node.core), []);
  });

  test("forgets who has not spoken of it for long", () => {
    const view = createChannelView([configured("mine")]);
    assert.equal(view(node.core)[0]?.members.length, 2);
    world.run(500_000);
    assert.deepEqual(view(node.core)[0]?.members, []);
  });
});
