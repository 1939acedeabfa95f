/** What is wrong with a channel: told when it begins, shown while it lasts, told when it is over. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { atOnce } from "../../channel/rules/in-turns.ts";
import {
  bytesOf,
  channelGroup,
  makeOrganisation,
  mspValue,
  sha256,
} from "../../channel/testing.ts";
import { ChainMaker } from "../../channel-maker/chain.ts";
import { type ConfigDraft, capabilities } from "../../channel-maker/config-draft.ts";
import { createWorld, type TestNode, type World } from "../../core/testing.ts";
import { following, heightOf } from "../../core/testing-channel.ts";
import { testIdentity } from "../../core/testing-identities.ts";
import { aliveOf } from "../../core/testing-messages.ts";
import { makeTrust, type Trust } from "../../following/trust.ts";
import { createChannelHost } from "../../msp/channel-msp.ts";
import { createSigner } from "../../msp/signer.ts";
import { makeCertificate, makeRevocationList } from "../../msp/testing.ts";
import { CHANNEL_CAUSES } from "./channel-causes.ts";
import { ChannelWatch } from "./channel-watch.ts";

const host = createChannelHost();
const org = makeOrganisation("Org1MSP");
const other = makeOrganisation("Org2MSP");
const orderer = makeOrganisation("OrdererMSP");
const [one, two, three] = ["one", "two", "three"].map((name) => testIdentity("A", name)) as [
  ReturnType<typeof testIdentity>,
  ReturnType<typeof testIdentity>,
  ReturnType<typeof testIdentity>,
];
const PEERS = [one, two, three];

/** A chain whose configurations a test writes. */
function makeChain() {
  const author = (organisation: typeof org, made: ReturnType<typeof org.member>) => ({
    creator: organisation.identity(made),
    sign: createSigner(made.privateKey),
  });
  let nonces = 0;
  const maker = new ChainMaker({
    channel: "ch",
    orderers: [author(orderer, orderer.member("orderer1", ["orderer"]))],
    client: author(org, org.member("User1", ["client"])),
    host: {
      sha256: (parts) => sha256(...parts),
      nonce: () => new Uint8Array(24).fill(++nonces),
      wallMs: () => 1_795_331_685_376,
    },
  });
  let sequence = 0n;
  return {
    skip: (blocks: number) => {
      for (let i = 0; i < blocks; i++) maker.add();
    },
    configure(change: (draft: ConfigDraft) => void = () => {}): Trust {
      const draft = channelGroup({ organisations: [org, other], orderer });
      change(draft);
      const made = atOnce(makeTrust(host, maker.addConfig(draft, sequence++), "of a test"));
      assert.ok(made.ok, made.ok ? "" : made.reason);
      return made.value;
    },
  };
}

/** A node of A that follows "ch", with members of A that publish heights. */
function setUp(
  lag: { blocks: number; timeMs: number; stillMs?: number } = { blocks: 10, timeMs: 60_000 },
) {
  const world = createWorld(1);
  const node = world.add("n", { trusts: ["A"], channels: following(["ch"], lag) });
  for (const peer of PEERS) world.meet(node, peer);
  const watch = new ChannelWatch("ch", world.now());
  let seqNum = 0n;
  const say = (peer: (typeof PEERS)[number], height: bigint): void => {
    seqNum += 1n;
    give(world, node, heightOf(peer, height, { seqNum }), peer);
  };
  const told: string[] = [];
  const look = (ours?: Parameters<typeof watch.look>[2]): readonly string[] => {
    const news = watch.look(node.core, world.now(), ours).map((event) => {
      assert.ok(event.type === "channel-problem" || event.type === "channel-problem-solved");
      const whose = PEERS.findIndex(({ pkiId }) => pkiId === event.pkiId);
      const sign = event.type === "channel-problem" ? "+" : "-";
      return `${sign}${event.code}${whose < 0 ? "" : ` ${whose + 1}`}`;
    });
    told.push(...news);
    return news;
  };
  /** Everybody stays alive, with the heights that they have. */
  const pass = (ms: number): void => {
    for (let left = ms; left > 0; left -= 1_000) {
      seqNum += 1n;
      for (const peer of PEERS) {
        give(world, node, aliveOf(peer, { endpoint: `${peer.subject}:1`, seqNum }), peer);
      }
      world.run(Math.min(1_000, left));
      look();
    }
  };
  const prove = (height: bigint): void =>
    world.give(node, { type: "channel-proven", channel: "ch", height });
  pass(1_000);
  return { world, node, watch, say, look, pass, prove, told };
}

function give(world: World, node: TestNode, bytes: Uint8Array, from: (typeof PEERS)[number]): void {
  world.give(node, { type: "message", from: from.pkiId, bytes });
}

const conflict = { type: "block-conflict", channel: "ch" } as const;
const rejection = { type: "block-rejected", channel: "ch", code: "block-policy" } as const;
const revoke = (serials: readonly number[]) => (draft: ConfigDraft) => {
  const list = makeRevocationList(org.ca, serials);
  const group = draft.groups["Application"]?.groups["Org1MSP"];
  assert.ok(group);
  group.values["MSP"] = mspValue(org, { revocationList: [list] });
};

test("a member that has not committed a revocation list accepts the revoked: told until it has", () => {
  const chain = makeChain();
  const { watch, world, say, pass, told } = setUp();
  watch.configured(chain.configure(), world.now());
  chain.skip(4);
  for (const peer of PEERS) say(peer, 5n);
  pass(20_000);
  assert.deepEqual(told, []);
  watch.configured(chain.configure(revoke([9])), world.now());
  say(one, 6n);
  say(two, 7n);
  pass(11_000);
  assert.deepEqual(told, [], "a round of StateInfo is no delay");
  pass(2_000);
  assert.deepEqual(told, ["+crl-pending 3"]);
  const [problem] = watch.problems;
  assert.match(
    problem?.reason ?? "",
    /has 5 blocks, and not yet block 5, with which 1 certificate is revoked\.$/,
  );
  assert.equal(problem?.severity, "warning");
  say(three, 6n);
  pass(1_000);
  assert.deepEqual(told, ["+crl-pending 3", "-crl-pending 3"]);
  watch.configured(chain.configure(revoke([9])), world.now());
  pass(20_000);
  assert.deepEqual(told.slice(2), [], "a list that was there before brings nothing");
  watch.configured(chain.configure(revoke([9, 8])), world.now());
  pass(13_000);
  const all = ["+crl-pending 1", "+crl-pending 2", "+crl-pending 3"];
  const pending = () => (told as readonly string[]).slice(2).filter((one) => one.includes("crl"));
  assert.deepEqual(pending(), all);
  const last = watch.problems.find(({ code }) => code === "crl-pending");
  assert.match(last?.reason ?? "", /with which 1 certificate is revoked\.$/);
  watch.configured(chain.configure(), world.now());
  pass(20_000);
  const over = all.map((one) => one.replace("+", "-"));
  assert.deepEqual(pending().slice(3), over, "a list that is withdrawn is not pending");
});

test("a member that stands before a block with a new capability has not survived it", () => {
  const chain = makeChain();
  const { watch, world, say, pass, prove, told } = setUp({ blocks: 10, timeMs: 20_000 });
  const needs = (draft: ConfigDraft): void => {
    draft.values["Capabilities"] = capabilities("V2_0", "V3_0");
  };
  watch.configured(chain.configure(), world.now());
  chain.skip(2);
  for (const peer of PEERS) say(peer, 3n);
  pass(1_000);
  watch.configured(chain.configure(needs), world.now());
  prove(4n);
  say(one, 4n);
  pass(40_000);
  assert.deepEqual(told, ["+capability-stops-member 2", "+capability-stops-member 3"]);
  assert.match(
    watch.problems[0]?.reason ?? "",
    /stands before block 3, which requires V3_0 of the channel\.$/,
  );
  say(two, 2n);
  say(three, 4n);
  pass(2_000);
  assert.deepEqual(told.slice(2), ["-capability-stops-member 2", "-capability-stops-member 3"]);
});

test("a channel stands still only for those who say how long it may", () => {
  for (const stillMs of [undefined, 30_000]) {
    const { watch, world, say, pass, told } = setUp({
      ...{ blocks: 10, timeMs: 60_000 },
      ...(stillMs === undefined ? {} : { stillMs }),
    });
    watch.configured(makeChain().configure(), world.now());
    for (const peer of PEERS) say(peer, 5n);
    pass(29_000);
    assert.deepEqual(
      told.filter((one) => one.includes("still")),
      [],
    );
    pass(3_000);
    assert.deepEqual(
      told.filter((one) => one.includes("still")),
      stillMs ? ["+channel-still"] : [],
    );
    for (const peer of PEERS) say(peer, 6n);
    pass(1_000);
    const over = stillMs ? ["+channel-still", "-channel-still"] : [];
    assert.deepEqual(
      told.filter((one) => one.includes("still")),
      over,
    );
  }
});

test("heights that nobody proves are told after the time of a lag", () => {
  const { watch, world, say, pass, prove, told } = setUp({ blocks: 10, timeMs: 15_000 });
  watch.configured(makeChain().configure(), world.now());
  for (const peer of PEERS) say(peer, 5n);
  prove(5n);
  pass(30_000);
  for (const peer of PEERS) say(peer, 8n);
  pass(12_000);
  assert.deepEqual(told, []);
  pass(6_000);
  assert.deepEqual(told, ["+height-unproven"]);
  const reason = (): string => watch.problems[0]?.reason ?? "";
  assert.match(reason(), /there are 8 blocks, but only 5 are proven: .* by the orderers\.$/);
  const asked = (outcome: Parameters<ChannelWatch["asked"]>[1]): void => {
    watch.asked({ name: "peer0:7051", identity: testIdentity("A", "one") }, outcome);
    pass(1_000);
  };
  asked({ ok: false, code: "silent" });
  assert.match(
    reason(),
    /orderers; peer0:7051 of A does not answer: .*satisfy Readers.*revoked.*without authority key id/,
  );
  asked({ ok: false, code: "unreachable" });
  assert.match(reason(), /does not answer/, "it was not asked");
  asked({ ok: true });
  assert.match(reason(), /by the orderers\.$/);
  watch.hear({ ...rejection, number: 6n, pkiId: two.pkiId, mspId: "A", reason: "no" });
  pass(1_000);
  const unproven = watch.problems.find(({ code }) => code === "height-unproven");
  assert.match(unproven?.reason ?? "", /orderers; .* of A gave a block 6 that is not valid: no\.$/);
  prove(8n);
  pass(1_000);
  assert.match(told.join(" "), /-height-unproven/);
});

test("certificates that end, and what does not fit together, are told once with their owner", () => {
  const { watch, world, look } = setUp();
  const year = new Date(world.now().wallMs).getUTCFullYear();
  const ending = makeCertificate({
    commonName: "old.org",
    isCa: true,
    notAfter: `${year}0115000000Z`,
  });
  const isOver = ending.pem.length > 0 && Date.UTC(year, 0, 15) <= world.now().wallMs;
  const trust = makeChain().configure((draft) => {
    const group = draft.groups["Application"]?.groups["Org1MSP"];
    assert.ok(group);
    group.values["MSP"] = mspValue(org, { rootCerts: [org.ca.pem, ending.pem] });
    delete group.values["AnchorPeers"];
  });
  watch.configured(trust, world.now());
  const code = isOver ? "certificate-expired" : "certificate-ending";
  assert.deepEqual(look().toSorted(), [`+${code}`, "+config-inconsistent"]);
  assert.deepEqual(look(), []);
  assert.deepEqual(
    watch.problems.map(({ mspId, pkiId }) => [mspId, pkiId]),
    [
      ["Org1MSP", null],
      ["Org1MSP", null],
    ],
  );
});

test("a conflict lasts until the member agrees again; a search that finds nothing is told", () => {
  const { watch, world, pass, look, told } = setUp();
  pass(28_000);
  assert.deepEqual(told, []);
  watch.searched({ notes: ["one:1: it does not answer."], rivals: undefined });
  pass(2_000);
  assert.deepEqual(told, ["+config-unknown"]);
  assert.match(watch.problems[0]?.reason ?? "", /one:1: it does not answer\.$/);
  const [a, b] = [makeChain().configure(), makeChain().configure(revoke([1]))];
  watch.searched({ notes: [], rivals: [a, b] });
  watch.configured(a, world.now());
  assert.deepEqual(look(), ["+config-differs", "-config-unknown"]);
  const which = { number: 7n, pkiId: one.pkiId, mspId: "A", reason: "they differ" };
  watch.hear({ ...conflict, kind: "results", ...which });
  watch.hear({ ...conflict, kind: "fork", ...which, pkiId: two.pkiId });
  watch.hear({ ...conflict, kind: "fork", ...which, number: 8n, pkiId: two.pkiId });
  assert.deepEqual(look(), ["+results-differ 1", "+fork 2"]);
  watch.agreed(one.pkiId);
  watch.agreed(three.pkiId);
  assert.deepEqual(look(), ["-results-differ 1"]);
  assert.deepEqual(look({ unkept: "database or disk is full" }), ["+blocks-unkept"]);
  assert.match(watch.problems.at(-1)?.reason ?? "", /blocks cannot be written: .* is full\.$/i);
  assert.deepEqual(look({ isUnlisted: true }), ["+first-blocks-missing", "-blocks-unkept"]);
  assert.match(watch.problems.at(-1)?.reason ?? "", /^This member is not listed: .* block 0, /);
  assert.deepEqual(look(), ["-first-blocks-missing"]);
  const elapsedMs = world.now().elapsedMs - 30_000;
  watch.soughtFirst(false, { ...world.now(), elapsedMs: elapsedMs + 1 });
  assert.deepEqual(look(), []);
  watch.soughtFirst(true, world.now());
  watch.soughtFirst(false, { ...world.now(), elapsedMs });
  watch.soughtFirst(false, world.now());
  assert.deepEqual(look(), ["+first-blocks-missing"]);
  assert.match(watch.problems.at(-1)?.reason ?? "", /no member of our organisation gives block 0/);
  watch.soughtFirst(true, world.now());
  assert.deepEqual(look(), ["-first-blocks-missing"]);
  watch.unusable("block 9: capability V9_9");
  assert.deepEqual(look(), ["+config-unusable"]);
  for (const problem of watch.problems) {
    assert.match(problem.reason, /^[A-Z].*\.$/);
    assert.equal(problem.remedy, CHANNEL_CAUSES[problem.code].remedy);
  }
});

test("an invalid block is told of its member until it gives a valid one, or is gone", () => {
  const { watch, world, node, say, pass, look } = setUp();
  watch.configured(makeChain().configure(), world.now());
  for (const peer of PEERS) say(peer, 5n);
  pass(1_000);
  const reject = (peer: (typeof PEERS)[number], number: bigint, code = "block-policy") =>
    watch.hear({ ...rejection, number, code, pkiId: peer.pkiId, mspId: "A", reason: "no" });
  reject(one, 5n);
  reject(two, 4n);
  assert.deepEqual(look(), ["+block-rejected 1", "+block-rejected 2"]);
  assert.match(watch.problems[0]?.reason ?? "", /:1 of A gave a block 5 that is not valid: no\.$/);
  watch.gave(one.pkiId, 4n);
  watch.gave(two.pkiId, 4n);
  watch.gave(three.pkiId, 9n);
  assert.deepEqual(look(), ["-block-rejected 2"], "older blocks of it say nothing");
  reject(one, 6n);
  assert.deepEqual(look(), [], "one member, one problem");
  watch.agreed(one.pkiId);
  assert.deepEqual(look(), ["-block-rejected 1"]);
  // Whoever follows another branch is told of as a fork only.
  const which = { number: 6n, pkiId: two.pkiId, mspId: "A", reason: "another history" };
  watch.hear({ ...conflict, kind: "fork", ...which });
  reject(two, 6n, "block-previous-hash");
  reject(three, 6n, "block-previous-hash");
  assert.deepEqual(look(), ["+fork 2", "+block-rejected 3"]);
  const channel = node.core.channels.table.get("ch");
  assert.ok(channel);
  channel.members.delete(three.pkiId);
  assert.deepEqual(look(), ["-block-rejected 3"]);
});

test("whatever members give rise to, problems are bounded", () => {
  const { watch, world, look } = setUp();
  watch.configured(makeChain().configure(), world.now());
  for (let i = 0; i < 500; i++) {
    const pkiId = i.toString(16).padStart(64, "0");
    const which = { number: 1n, pkiId, mspId: "A", reason: bytesOf("x").join() };
    watch.hear({ ...conflict, kind: "results", ...which });
    watch.hear({ ...rejection, ...which });
  }
  assert.equal(look().length, 100);
  assert.equal(look().length, 0);
});

test("a configuration that does not accept our own certificate is told, until one does", () => {
  const chain = makeChain();
  const { watch, world, node } = setUp();
  const whoWeAre = (organisation: typeof org, mspId = "Org1MSP"): typeof node.core => {
    const bytes = organisation.identity(organisation.member("peer0"));
    const self = { ...node.core.options.self, mspId, bytes };
    return { ...node.core, options: { ...node.core.options, self } };
  };
  watch.configured(chain.configure(), world.now());
  // As after the network was made anew under the same names.
  const successor = whoWeAre(makeOrganisation("Org1MSP"));
  assert.equal(watch.look(successor, world.now()).length, 1);
  const [problem] = watch.problems;
  assert.equal(problem?.code, "certificate-refused");
  assert.equal(
    problem?.reason,
    "Our certificate is not accepted under configuration 0 of block 0, of a test: Org1MSP does not know the CA of its certificate.",
  );
  assert.equal(watch.look(whoWeAre(org), world.now())[0]?.type, "channel-problem-solved");
  assert.deepEqual(watch.look(whoWeAre(other, "Org9MSP"), world.now()), [], "it is not on it");
});
