/** A listed member: what it says of itself in a channel, and whom it answers (spec D 3, 4 and 6). */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import { channelMac, READERS, readStateInfo } from "../../channel/rules/state-info.ts";
import type { ChannelConfiguration } from "../../channel/types/configuration.ts";
import type { ChannelHost, ChannelMsp } from "../../channel/types/host.ts";
import { encode } from "../../wire/encode.ts";
import { encodeUnsigned } from "../../wire/envelope.ts";
import { type GossipMessageInit, PULL_TYPE, TAG } from "../../wire/messages.ts";
import { MSP_ROLE, MSP_ROLE_PRINCIPAL, PRINCIPAL } from "../../wire/policy-messages.ts";
import { createWorld, type TestNode, type World } from "../testing.ts";
import { testIdentity } from "../testing-identities.ts";
import { aliveOf } from "../testing-messages.ts";
import type { Identity } from "../types/host.ts";

const host: Pick<ChannelHost, "sha256"> = {
  sha256(parts) {
    const digest = createHash("sha256");
    for (const part of parts) digest.update(part);
    return new Uint8Array(digest.digest());
  },
};
const CH1 = new TextEncoder().encode("ch1");
const [friend, reader] = [testIdentity("A", "friend"), testIdentity("A", "user")];
const [foreigner, stranger] = [testIdentity("B", "foreigner"), testIdentity("C", "stranger")];
const everybody = [friend, reader, foreigner, stranger];

/** An MSP that takes everybody of its name for a member, but those in `refused`. */
function mspOf(mspId: string, refused: ReadonlySet<string>): ChannelMsp {
  return {
    mspId,
    hasRoleUnits: false,
    warnings: [],
    recognize(idBytes) {
      const name = new TextDecoder().decode(idBytes).split("|")[0] ?? "";
      return {
        mspId,
        certificate: name,
        subject: name,
        refusal: refused.has(name) ? "it is revoked" : undefined,
        unitRoles: [],
        isListedAdmin: false,
        organizationalUnits: [],
        certifiersId: new Uint8Array(0),
        verify: () => true,
      };
    },
  };
}

/** Organisations A and B; members of these organisations may read. */
function configurationOf(
  readers: readonly string[],
  refused: ReadonlySet<string> = new Set(),
): ChannelConfiguration {
  const principals = readers.map((mspIdentifier) => ({
    principalClassification: PRINCIPAL.role,
    principal: encode(MSP_ROLE_PRINCIPAL, { mspIdentifier, role: MSP_ROLE.member }),
  }));
  const rules = principals.map((_, principal) => ({ type: "signed-by", principal }) as const);
  const part = {
    channel: "ch1",
    organisations: ["A", "B"].map((mspId) => ({ name: mspId, mspId, anchors: [], endpoints: [] })),
    msps: new Map(["A", "B"].map((mspId) => [mspId, mspOf(mspId, refused)])),
    policies: new Map([
      [READERS, { type: "signature", principals, rule: { type: "n-out-of", n: 1, rules } }],
    ]),
  };
  return part as unknown as ChannelConfiguration;
}

function setUp(options: { externalEndpoint?: string } = {}): { world: World; node: TestNode } {
  const world = createWorld(1);
  const channels = { host };
  const node = world.add("n", { trusts: ["A", "B", "C"], channels, ...options });
  for (const peer of everybody) world.meet(node, peer);
  hearAll(world, node, 1n);
  world.run(1_000);
  serve(world, node, 5n);
  world.run(5_000);
  hearAll(world, node, 2n);
  node.sent.length = 0;
  return { world, node };
}

/** Heartbeats of all others. */
function hearAll(world: World, node: TestNode, seqNum: bigint): void {
  for (const peer of everybody) {
    const bytes = aliveOf(peer, { endpoint: `${peer.subject}:1`, seqNum });
    world.give(node, { type: "message", from: peer.pkiId, bytes });
  }
}

function serve(world: World, node: TestNode, height: bigint, readers = ["A", "B"]): void {
  const configuration = configurationOf(readers);
  world.give(node, { type: "channel-served", configuration, height });
}

/** What it answers to a message, by content; drops by code. */
function ask(world: World, node: TestNode, from: Identity, message: GossipMessageInit) {
  node.drops.length = 0;
  node.sent.length = 0;
  node.served.length = 0;
  world.give(node, { type: "message", from: from.pkiId, bytes: encodeUnsigned(message) });
  return { drops: [...node.drops], sent: [...node.sent], served: [...node.served] };
}

const pullRequest = (from: Identity): GossipMessageInit => ({
  tag: TAG.chanOrOrg,
  content: {
    type: "state-info-pull-request",
    value: { channelMac: channelMac(host, from.pkiId, "ch1") },
  },
});

const stateRequest = (startSeqNum: bigint, endSeqNum: bigint): GossipMessageInit => ({
  tag: TAG.chanOrOrg,
  channel: CH1,
  nonce: 7n,
  content: { type: "state-request", value: { startSeqNum, endSeqNum } },
});

/** StateInfo in what was sent, by its receivers. */
function told(node: TestNode) {
  return node.sent.flatMap(({ to, message, bytes }) => {
    if (message.content?.type !== "state-info") return [];
    const read = readStateInfo(host, bytes, "ch1");
    assert.ok(read.ok);
    const who = everybody.find(({ pkiId }) => pkiId === to);
    return [{ to: who?.subject, ...read.value }];
  });
}

describe("a member that serves a channel", () => {
  test("tells members of its organisations, and nobody else, and only what is new", () => {
    const world = createWorld(1);
    const node = world.add("n", { trusts: ["A", "B", "C"], channels: { host } });
    for (const peer of everybody) world.meet(node, peer);
    hearAll(world, node, 1n);
    world.run(1_000);
    serve(world, node, 1n);
    world.run(3_000);
    assert.deepEqual(told(node), [], "our certificate goes round first");
    world.run(2_000);
    const first = told(node);
    assert.deepEqual(
      new Set(first.map(({ to }) => to)),
      new Set(["CN=friend", "CN=user", "CN=foreigner"]),
    );
    assert.ok(first.every(({ height, pkiId }) => height === 1n && pkiId === node.identity.pkiId));
    hearAll(world, node, 2n);
    node.sent.length = 0;
    // The clock goes back: what is newer is still said to be newer.
    world.setBackMs = 3_600_000;
    for (let height = 2n; height < 100n; height++) serve(world, node, height);
    assert.deepEqual(told(node), []);
    world.run(5_000);
    const second = told(node);
    assert.ok(second.length > 0 && second.every(({ height }) => height === 99n));
    assert.ok((second[0]?.changedAtNs ?? 0n) > (first[0]?.changedAtNs ?? 0n));
    assert.equal(second[0]?.loadedAtNs, first[0]?.loadedAtNs);
    node.sent.length = 0;
    serve(world, node, 99n);
    world.run(9_000);
    assert.deepEqual(told(node), []);
  });

  test("without an external endpoint speaks to its own organisation only", () => {
    const { world, node } = setUp({ externalEndpoint: "" });
    serve(world, node, 6n);
    world.run(5_000);
    assert.deepEqual(new Set(told(node).map(({ to }) => to)), new Set(["CN=friend", "CN=user"]));
    const abroad = ask(world, node, foreigner, pullRequest(foreigner)).sent[0]?.message.content;
    assert.ok(abroad?.type === "state-snapshot" && abroad.value.elements.length === 0);
  });

  test("answers a pull request with what it said last, and strangers with silence", () => {
    const { world, node } = setUp();
    for (const from of [friend, foreigner]) {
      const [answer, ...rest] = ask(world, node, from, pullRequest(from)).sent;
      assert.ok(answer?.message.content?.type === "state-snapshot" && rest.length === 0);
      assert.deepEqual([answer.message.tag, answer.message.channel], [TAG.chanOrOrg, CH1]);
      const [element] = answer.message.content.value.elements;
      const read = element && readStateInfo(host, element, "ch1");
      assert.ok(read?.ok && read.value.height === 5n);
    }
    const refused = ask(world, node, stranger, pullRequest(stranger));
    assert.deepEqual([refused.sent, refused.drops], [[], ["channel-refused"]]);
    const copied = ask(world, node, friend, pullRequest(foreigner));
    assert.deepEqual([copied.sent, copied.drops], [[], ["not-followed"]]);
  });

  test("gives blocks that it has to those who may read, up to eleven, one answer at a time", () => {
    const { world, node } = setUp();
    serve(world, node, 50n);
    const served = (from: Identity, first: bigint, last: bigint) => {
      const { served: requests, drops } = ask(world, node, from, stateRequest(first, last));
      const [request] = requests;
      if (request === undefined) return drops;
      const { channel, to, range, nonce } = request;
      assert.deepEqual([channel, to.pkiId, nonce], ["ch1", from.pkiId, 7n]);
      const done = { type: "blocks-served", channel, to: to.pkiId, bytes: 10 } as const;
      assert.deepEqual(ask(world, node, from, stateRequest(first, last)).drops, ["answer-budget"]);
      world.give(node, done);
      return [range.from, range.to];
    };
    assert.deepEqual(served(friend, 0n, 10n), [0n, 10n]);
    assert.deepEqual(served(foreigner, 49n, 59n), [49n, 49n]);
    assert.deepEqual(served(friend, 0n, 11n), ["blocks-refused"]);
    assert.deepEqual(served(friend, 3n, 2n), ["blocks-refused"]);
    assert.deepEqual(served(friend, 50n, 50n), ["blocks-refused"]);
    assert.deepEqual(served(friend, 0n, 2n ** 64n - 1n), ["blocks-refused"]);
    assert.deepEqual(served(stranger, 0n, 1n), ["channel-refused"]);
    // Who may read is judged for each request: the next configuration counts at once.
    serve(world, node, 50n, ["A"]);
    assert.deepEqual(served(foreigner, 0n, 1n), ["channel-refused"]);
    const configuration = configurationOf(["A", "B"], new Set(["user"]));
    world.give(node, { type: "channel-served", configuration, height: 50n });
    assert.deepEqual(served(reader, 0n, 1n), ["channel-refused"]);
    assert.deepEqual(served(foreigner, 0n, 1n), [0n, 1n]);
  });

  test("does not let one peer have more than its share", () => {
    const { world, node } = setUp();
    ask(world, node, friend, stateRequest(0n, 4n));
    const done = { type: "blocks-served", channel: "ch1", to: friend.pkiId } as const;
    world.give(node, { ...done, bytes: 100_000_000 });
    assert.deepEqual(ask(world, node, friend, stateRequest(0n, 4n)).drops, ["answer-budget"]);
    assert.equal(ask(world, node, reader, stateRequest(0n, 4n)).served.length, 1);
    world.run(60_000);
    assert.equal(ask(world, node, friend, stateRequest(0n, 4n)).served.length, 1);
  });

  test("offers its organisation no blocks by pull, and refuses private data aloud", () => {
    const { world, node } = setUp();
    const hello: GossipMessageInit = {
      tag: TAG.chanAndOrg,
      channel: CH1,
      content: { type: "hello", value: { nonce: 9n, msgType: PULL_TYPE.block } },
    };
    const [answer] = ask(world, node, friend, hello).sent;
    assert.ok(answer?.message.content?.type === "digest" && answer.message.tag === TAG.chanAndOrg);
    const { nonce, digests, msgType } = answer.message.content.value;
    assert.deepEqual([nonce, digests, msgType], [9n, [], PULL_TYPE.block]);
    assert.deepEqual(ask(world, node, foreigner, hello).drops, ["channel-refused"]);
    assert.deepEqual(ask(world, node, friend, { ...hello, tag: TAG.empty }).drops, ["tag-illegal"]);
    const data: GossipMessageInit = {
      tag: TAG.chanOnly,
      channel: CH1,
      nonce: 11n,
      content: { type: "private-data", value: {} },
    };
    const [ack] = ask(world, node, friend, data).sent;
    assert.ok(ack?.message.content?.type === "ack" && ack.message.content.value.error !== "");
    assert.equal(ack.message.nonce, 11n);
    assert.deepEqual(ask(world, node, stranger, data).drops, ["channel-refused"]);
  });

  test("whoever asks for private data learns at once that there are none here", () => {
    const { world, node } = setUp();
    const digest = { txId: "t", namespace: "cc", collection: "c", blockSeq: 3n, seqInBlock: 1n };
    const request: GossipMessageInit = {
      tag: TAG.chanOnly,
      channel: CH1,
      nonce: 12n,
      content: { type: "private-request", value: { digests: [digest, { ...digest, txId: "u" }] } },
    };
    const { sent, drops } = ask(world, node, foreigner, request);
    const [answer] = sent;
    assert.ok(answer?.message.content?.type === "private-response");
    assert.deepEqual([answer.message.nonce, answer.message.tag], [12n, TAG.chanOnly]);
    assert.deepEqual(
      answer.message.content.value.elements.map((one) => [one.digest?.txId, one.payload]),
      [
        ["t", []],
        ["u", []],
      ],
    );
    assert.deepEqual(drops, ["private-data"]);
    // 200 bytes for each of the two.
    assert.equal(node.core.rateLimits.answers.debts.get(foreigner.certificate)?.amount, 400);
    assert.deepEqual(ask(world, node, stranger, request).drops, ["channel-refused"]);
    const many = { digests: Array.from({ length: 5_000 }, () => digest) };
    const bytes = encodeUnsigned({ ...request, content: { type: "private-request", value: many } });
    for (let times = 0; times < 100 && node.drops[0] !== "answer-budget"; times++) {
      node.drops.length = 0;
      world.give(node, { type: "message", from: foreigner.pkiId, bytes });
    }
    assert.deepEqual(node.drops, ["answer-budget"]);
  });

  test("speaks under its new name when its identity is renewed", () => {
    const { world, node } = setUp();
    world.renew(node, testIdentity("A", "renewed"));
    world.run(1_000);
    for (const peer of everybody) world.meet(node, peer);
    const [answer] = ask(world, node, friend, pullRequest(friend)).sent;
    assert.ok(answer?.message.content?.type === "state-snapshot");
    const read = readStateInfo(host, answer.message.content.value.elements[0] ?? CH1, "ch1");
    assert.ok(read.ok && read.value.pkiId === node.identity.pkiId);
  });

  test("a channel that is not served is not answered for", () => {
    const { world, node } = setUp();
    const other = { ...stateRequest(0n, 1n), channel: new TextEncoder().encode("ch2") };
    assert.deepEqual(ask(world, node, friend, other).drops, ["not-followed"]);
  });
});
