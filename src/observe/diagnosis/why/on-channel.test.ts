/** Why a peer is or is not a member of a channel, by gossip. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createWorld } from "../../../core/testing.ts";
import { configurationOf, following, heightOf } from "../../../core/testing-channel.ts";
import { testIdentity } from "../../../core/testing-identities.ts";
import { aliveOf } from "../../../core/testing-messages.ts";
import type { Identity, PkiId } from "../../../core/types/host.ts";
import { viewChannel } from "../../channels.ts";
import { channelCausesOf } from "./on-channel.ts";

const one = testIdentity("A", "one");
const two = testIdentity("B", "two");
const revoked = testIdentity("A", "revoked");
const outsider = testIdentity("C", "outsider");

function setUp() {
  const world = createWorld(1);
  const node = world.add("n", { trusts: ["A", "B", "C"], channels: following(["ch"]) });
  const give = (bytes: Uint8Array, from: Identity): void =>
    world.give(node, { type: "message", from: from.pkiId, bytes });
  for (const peer of [one, two, revoked, outsider]) {
    world.meet(node, peer);
    give(aliveOf(peer, { endpoint: `${peer.subject}:1` }), peer);
  }
  const anchors = [{ host: "CN=one", port: 1 }];
  const configure = (blockNumber: bigint, mspIds = ["A", "B"]): void => {
    const wish = { mspIds, blockNumber, anchors, revoked: [revoked.pkiId] };
    const configuration = configurationOf(wish);
    world.give(node, { type: "channel-configured", channel: "ch", configuration });
    world.run(500);
  };
  configure(3n);
  const causes = (who: PkiId | null) => {
    const channel = node.core.channels.table.get("ch");
    assert.ok(channel);
    const notes = { blocks: "none", trust: "", notes: [], problems: [] } as const;
    const view = viewChannel(node.core, channel, notes, world.now());
    const identity = who === null ? undefined : node.core.identities.table.get(who)?.identity;
    return channelCausesOf(
      {
        channel,
        view,
        identity,
        own: { pkiId: node.core.options.self.pkiId, height: 7n },
        now: world.now(),
      },
      who,
    );
  };
  const codes = (who: PkiId | null) => causes(who).map(({ code }) => code);
  return { give, configure, causes, codes, self: node.core.options.self.pkiId };
}

test("a member is told with its height, role and configuration", () => {
  const { give, configure, causes, codes } = setUp();
  give(heightOf(one, 5n), one);
  give(heightOf(two, 3n), two);
  assert.deepEqual(codes(one.pkiId), ["channel-member", "height", "configuration", "roles"]);
  const text = (who: PkiId) =>
    causes(who)
      .map(({ sentence }) => sentence)
      .join("\n");
  assert.match(text(one.pkiId), /has 5 blocks, as many as anybody/);
  assert.match(text(one.pkiId), /committed configuration 3 \(block 3\).* It is an anchor peer/);
  assert.match(text(two.pkiId), /has 3 blocks, 2 fewer than there are/);
  assert.match(text(two.pkiId), /has not committed configuration 3/);
  give(heightOf(one, 6n, { hasLeft: true }), one);
  assert.equal(codes(one.pkiId)[0], "left-channel");
  configure(9n, ["A"]);
  assert.deepEqual(codes(two.pkiId), ["not-listed", "organisation-not-on-channel"]);
});

test("whoever is not listed is told why, as far as we can know", () => {
  const { codes, causes, self } = setUp();
  assert.deepEqual(codes(one.pkiId), ["not-listed", "roles"]);
  assert.deepEqual(codes(revoked.pkiId), ["not-listed", "no-reader"]);
  assert.match(causes(revoked.pkiId)[1]?.sentence ?? "", /does not accept it: it is revoked/);
  assert.deepEqual(codes(outsider.pkiId), ["not-listed", "organisation-not-on-channel"]);
  assert.deepEqual(codes(null), ["identity-unknown"]);
  assert.match(
    causes(self)[0]?.sentence ?? "",
    /this node itself, .* that we have 7 blocks of ch\./,
  );
});
