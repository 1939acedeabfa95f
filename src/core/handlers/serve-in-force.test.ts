/** A member that serves a channel and follows it: the newest configuration judges who is answered. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeUnsigned } from "../../wire/envelope.ts";
import { TAG } from "../../wire/messages.ts";
import { type ConfigurationWish, configurationOf } from "../testing-channel.ts";
import { foreigner, one, setUp, two } from "../testing-followed.ts";
import type { Identity } from "../types/host.ts";

test("whatever block its own blocks end with", () => {
  const { world, node, configuration } = setUp();
  const serve = (height: bigint) =>
    world.give(node, { type: "channel-served", configuration, height });
  const configure = (blockNumber: bigint, wish: ConfigurationWish) => {
    const next = configurationOf({ ...wish, blockNumber });
    world.give(node, { type: "channel-configured", channel: "ch", configuration: next });
  };
  const channel = new TextEncoder().encode("ch");
  const value = { startSeqNum: 0n, endSeqNum: 0n };
  const content = { type: "state-request", value } as const;
  const bytes = encodeUnsigned({ tag: TAG.chanOrOrg, channel, nonce: 7n, content });
  const requestOf = (from: Identity) => {
    node.served.length = 0;
    world.give(node, { type: "message", from: from.pkiId, bytes });
    const [request] = node.served;
    world.give(node, { type: "blocks-served", channel: "ch", to: from.pkiId, bytes: 10 });
    return request;
  };
  const isAnswered = (from: Identity): boolean => requestOf(from) !== undefined;
  serve(5n);
  assert.deepEqual([isAnswered(one), isAnswered(foreigner)], [true, true]);
  configure(7n, { mspIds: ["A", "B"], revoked: [one.pkiId] });
  assert.deepEqual([isAnswered(one), isAnswered(two), isAnswered(foreigner)], [false, true, true]);
  const waiting = requestOf(foreigner);
  assert.equal(waiting?.isAllowed(), true);
  configure(8n, { mspIds: ["A"] });
  assert.equal(waiting.isAllowed(), false, "its answer may still wait");
  assert.deepEqual([isAnswered(one), isAnswered(foreigner)], [true, false]);
  // Our own organisation is out: we have nothing to say there.
  configure(9n, { mspIds: ["B"] });
  assert.deepEqual([isAnswered(two), isAnswered(foreigner)], [false, false]);
  node.sent.length = 0;
  serve(6n);
  world.run(10_000);
  assert.ok(node.sent.every(({ message }) => message.content?.type !== "state-info"));
  configure(10n, { mspIds: ["A", "B"] });
  assert.deepEqual([isAnswered(two), isAnswered(foreigner)], [true, true]);
});
