/** What a program in JavaScript may pass: each mistake is a GossipError in a sentence, none a TypeError. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { runInNewContext } from "node:vm";
import * as library from "../src/index.ts";
import { shown } from "../src/lib/arguments.ts";
import { createNodeChannel } from "../src/node/node-channel.ts";
import { testParts } from "../src/node/testing.ts";
import { createMemoryHub } from "../src/transport/memory.ts";
import { createVirtualClock } from "../src/transport/testing.ts";
import { organisation, temporaryFolder } from "./cli/program.ts";

const { GossipError, GossipNode } = library;

const WEIRD: readonly unknown[] = [
  ...[null, 5, -1, Number.NaN, 5n, -5n, true, "", "\u{1}", "\ud800", Symbol("x"), [], [null], {}],
  ...[Object.create(null), new Map([["a", "b"]]), new Uint8Array(1), new Date(0), () => {}],
  ...[{ signal: 5 }, { from: 5 }, { timeoutMs: 5n }, { lagMaxMs: "1" }, { fabricGossip: 5 }],
  ...[Promise.resolve({}), [Promise.resolve({})]],
];

/** An object, the name of a method of it, and arguments that are right. */
type Call = readonly [target: object, method: string, ...right: unknown[]];

const call = ([target, method]: Call, given: readonly unknown[]): unknown =>
  Reflect.apply(Reflect.get(target, method), target, given);

/** Throws what the call does: at once, as a promise, or with the first value of an iteration. */
async function tryOut(one: Call, given: readonly unknown[]): Promise<void> {
  const result: unknown = await call(one, given);
  if (typeof result !== "object" || result === null || !("next" in result)) return;
  const first = Promise.resolve(Reflect.apply(result.next as () => unknown, result, []));
  first.catch(() => {});
  await Promise.race([first, new Promise(setImmediate)]);
}

/** Puts each weird value at each place. */
async function checkAll(calls: readonly Call[]): Promise<void> {
  for (const one of calls) {
    const [, method, ...right] = one;
    for (const [place, value] of right.flatMap((_, i) => WEIRD.map((each) => [i, each] as const))) {
      const where = `${method}, argument ${place + 1}, ${shown(value)}`;
      try {
        await tryOut(one, right.with(place, value));
      } catch (error) {
        assert.ok(error instanceof GossipError, `${where}: ${String(error)}`);
        for (const sentence of error.problems) assert.match(sentence, /\w+ .{10,}$/u, where);
      }
    }
  }
}

async function startNode(t: TestContext): Promise<library.GossipNode> {
  const clock = createVirtualClock(1_800_000_000_000);
  const hub = createMemoryHub({ clock, latencyMs: () => 1 });
  const node = await GossipNode.create(testParts("a", { clock, hub }));
  t.after(() => node.close());
  return node;
}

async function openReader(t: TestContext): Promise<library.ChannelReader> {
  const { users } = await organisation(await temporaryFolder(t));
  const { certFile: cert, keyFile: key, tlsCertFile: tlsCa } = users[0] ?? assert.fail();
  const who = { mspId: "Org1MSP", cert, key, env: {}, peers: ["127.0.0.1:1"], tlsCa: [tlsCa] };
  const reader = await library.readChannel({ channel: "ch1", ...who });
  t.after(() => reader.close());
  return reader;
}

const says = (call: () => unknown, message: string): void =>
  assert.throws(call, { name: "GossipError", code: "config-invalid", message });

/** For each value in an object, at any depth, how to put another in its place. */
function changesOf(whole: object): ((value: unknown) => unknown)[] {
  return Object.entries(whole).flatMap(([name, one]: [string, unknown]) => {
    const put = (value: unknown): unknown =>
      Array.isArray(whole) ? whole.with(Number(name), value) : { ...whole, [name]: value };
    const inner = typeof one === "object" && one !== null ? changesOf(one) : [];
    return [put, ...inner.map((change) => (value: unknown) => put(change(value)))];
  });
}

const any = (value: unknown): never => value as never;

describe("a program without types", () => {
  test("is told each wrong argument of a node in a sentence", async (t) => {
    const node = await startNode(t);
    const [bytes, { signal }] = [new Uint8Array(1), new AbortController()];
    await checkAll([
      [node, "setMetadata", bytes],
      [node, "setEndpoint", "a:1"],
      [node, "setTrust", []],
      [node, "setTags", {}],
      [node, "events", signal],
      [node, "channel", "ch1"],
      [node, "broadcast", "topic", bytes, {}],
      [node, "subscribe", "topic", signal],
      [node, "query", "topic", bytes, {}],
      [node, "answer", "topic", () => bytes],
      [node, "ring", {}],
      [node.ring(), "owners", "key", 1],
      [node, "leader", {}],
      [node.diagnostics, "why", "a:1"],
      [node.diagnostics, "messages", signal],
    ]);
    const noSignal = "takes the signal of an AbortController, not an object.";
    says(() => node.events(any({ signal })), `events ${noSignal}`);
    says(() => node.diagnostics.messages(any({ signal })), `messages ${noSignal}`);
    says(() => node.setEndpoint(any(5)), 'setEndpoint takes a string: host:port, or "", not 5.');
    says(
      () => node.diagnostics.why(any(5)),
      "why takes a string: the endpoint, name or beginning of the PKI-ID of a peer, not 5.",
    );
    says(
      () => node.setTrust(any([library.loadMsp("nowhere", "Org1MSP").catch(() => {})])),
      "setTrust takes a list of what loadMsp returns, not a list with a promise: write await before it.",
    );
    says(
      () => node.setTags(any(new Map([["role", "shop"]]))),
      'tags are names with values: give an object such as { role: "shop" }.',
    );
  });

  test("may bring a signal of another realm, but nothing that never ends", async (t) => {
    const node = await startNode(t);
    const likeSignal = () => {
      const controller = new AbortController();
      const { signal } = controller;
      const like = {
        get aborted() {
          return signal.aborted;
        },
        addEventListener: signal.addEventListener.bind(signal),
        removeEventListener: signal.removeEventListener.bind(signal),
      };
      return { like, abort: () => controller.abort() };
    };
    const streams = [
      (signal: unknown) => node.events(any(signal)),
      (signal: unknown) => node.subscribe("t", any(signal)),
      (signal: unknown) => node.diagnostics.messages(any(signal)),
    ];
    for (const stream of streams) {
      const { like, abort } = likeSignal();
      const next = stream(like).next();
      abort();
      assert.equal((await next).done, true);
      assert.equal((await stream(like).next()).done, true);
      assert.throws(() => stream(new EventTarget()), /takes the signal of an AbortController/);
    }
  });

  test("is told that a node is started, not made", () => {
    for (const parts of [undefined, {}, { clock: {} }]) {
      says(
        () => Reflect.construct(GossipNode, [parts]),
        "new GossipNode() makes no node: write await GossipNode.start(options) instead.",
      );
    }
  });

  test("is told what its own configuration lacks", async (t) => {
    const folder = await temporaryFolder(t);
    const env = { CORE_PEER_LOCALMSPID: "A", CORE_PEER_ADDRESS: "a:1" };
    const overrides = [
      `peer.mspConfigPath=${folder}`,
      "peer.tls.enabled=false",
      "fabricGossip.trustedMsps=B=b",
      "fabricGossip.channels=ch1",
      "fabricGossip.tags=a=b",
    ];
    const config = await library.loadConfig({ env, overrides });
    const start = (given: unknown) => GossipNode.start(any(given));
    await assert.rejects(start({ gossip: {}, fabricGossip: {} }), {
      code: "config-invalid",
      message:
        /^The configuration has no id, mspId, mspFolder and \d+ more: change a copy of what loadConfig returns, or give options\.$/,
    });
    await assert.rejects(start({ ...config, gossip: { ...config.gossip, pullPeerNum: "3" } }), {
      message: 'gossip.pullPeerNum of the configuration takes a number from 0, not "3".',
    });
    await assert.rejects(start({ ...config }), { message: /The folder \S+cacerts does not exist/ });
    await checkAll(
      changesOf(config).map(
        (change): Call => [{ start: (value: unknown) => start(change(value)) }, "start", 0],
      ),
    );
  });

  test("is told of holes in lists, of bytes that were transferred, and of what is no MSP", async (t) => {
    const node = await startNode(t);
    const bytes = new Uint8Array(8);
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    const gone = /is empty, as its memory was transferred elsewhere/;
    await assert.rejects(node.broadcast("t", bytes), { code: "message-invalid", message: gone });
    says(
      () => node.setMetadata(bytes),
      "metadata is empty, as its memory was transferred elsewhere: transfer a copy, or give these bytes first.",
    );
    await assert.rejects(node.broadcast("t", new Uint8Array(0), { organisations: new Array(2) }), {
      code: "message-invalid",
      message: /^organisations is a list/,
    });
    await assert.rejects(library.readChannel(any({ channel: "ch1", peers: new Array(2) })), {
      code: "config-invalid",
      message: /option peers takes a list of strings/,
    });
    says(
      () => node.setTrust(any([{ mspId: "A", revoked: new Set() }])),
      "setTrust takes a list of what loadMsp returns, not a list.",
    );
  });

  test("may sign as it likes: what is no signature ends nothing", async (t) => {
    const { peers } = await organisation(await temporaryFolder(t));
    const { mspFolder } = peers[0] ?? assert.fail();
    const listen = "127.0.0.1:0";
    const foreign = runInNewContext("Promise").resolve(new Uint8Array(70));
    for (const signer of [() => "text", () => foreign, () => ({}), async () => 5, () => {}]) {
      const node = await GossipNode.start(
        { mspId: "Org1MSP", mspPath: mspFolder, listen, externalEndpoint: "127.0.0.1:7051" },
        { signer: any(signer) },
      );
      await node.close();
    }
  });

  test("is told all that is wrong with a query or a subscription at once", async (t) => {
    const node = await startNode(t);
    const told = (count: number) => (error: unknown) =>
      error instanceof GossipError && error.problems.length === count;
    assert.throws(() => node.query(any(5n), any(5), any({ x: 1, timeoutMs: 0 })), told(4));
    assert.throws(() => node.subscribe(any(5), any(5)), told(2));
    assert.throws(() => node.answer(any(5), any(5)), told(2));
  });

  test("is told each wrong argument of a channel", async () => {
    const feed = {
      blocks: async function* () {},
      read: async () => [],
      findTransaction: async () => undefined,
    };
    const source = { feed: Promise.resolve(feed), why: async () => ({}) };
    const channel = createNodeChannel("ch1", any(source));
    await checkAll([
      [channel, "blocks", { from: 5n }],
      [channel, "readBlocks", 5n, 5],
      [channel, "findTransaction", "tx"],
    ]);
    await assert.rejects(channel.readBlocks(any(5), any("5")), {
      message:
        "readBlocks takes the number of a block as a bigint, such as 5n, not 5.\n" +
        'readBlocks takes a whole number of blocks, not "5".',
    });
    says(() => channel.blocks(any({ form: 5n })), 'option "form" is unknown; did you mean from?');
  });

  test("is told each wrong argument of a reader", async (t) => {
    const reader = await openReader(t);
    const file = join(await temporaryFolder(t), "empty");
    await writeFile(file, "");
    await checkAll([
      [library, "readChannel", {}],
      [library, "readConfigurationFile", file, "The file", "ch1"],
    ]);
    await assert.rejects(reader.heights(any({ behindMax: 5, lagMaxMs: "1m" })), {
      message:
        "option behindMax takes a number of blocks as a bigint, such as 10n, not 5.\n" +
        'option lagMaxMs takes milliseconds from 0, not "1m".',
    });
    says(
      () => reader.blocks(any({ from: 5, note: "x" })),
      "option from takes the number of a block as a bigint, such as 5n, not 5.\n" +
        'option note takes a function, not "x".',
    );
    await assert.rejects(
      library.readChannel(any({ channel: "ch1", peers: "a:1", answerTimeoutMs: 0 })),
      {
        message:
          'option peers takes a list of strings, not "a:1".\n' +
          "option answerTimeoutMs takes milliseconds from 1 to 3600000, not 0.",
      },
    );
  });

  test("is told of a wrong name of a channel together with wrong files", async () => {
    const options = { channel: "No", cert: "no.pem", key: "no.key", mspId: "Org1MSP", env: {} };
    await assert.rejects(library.readChannel(options), (error) => {
      assert(error instanceof GossipError);
      assert.match(error.message, /^"No" is no name of a channel, .*no\.pem.*no\.key/s);
      return true;
    });
  });

  test("is told each wrong argument of a start", async () => {
    const config = { mspId: "Org1MSP", mspPath: "nowhere", listen: "127.0.0.1:7051" };
    await checkAll([
      [GossipNode, "start", config, {}],
      [library, "loadConfig", {}],
      [library, "loadMsp", "nowhere", "Org1MSP"],
      ...["signer", "warn", "nameService"].map(
        (name): Call => [
          { start: (v: never) => GossipNode.start(config, { [name]: v }) },
          "start",
          0,
        ],
      ),
      ...["settings", "preset", "tls", "tags", "trustedMsps"].map(
        (name): Call => [
          { start: (v: never) => GossipNode.start({ ...config, [name]: v }) },
          "start",
          0,
        ],
      ),
    ]);
    await assert.rejects(GossipNode.start(any(null), any({ sign: () => {}, warn: 5 })), {
      message:
        "GossipNode.start takes options or what loadConfig returns, not null.\n" +
        'option "sign" is unknown; did you mean signer?\n' +
        "option warn takes a function, not 5.",
    });
    await assert.rejects(library.loadMsp(any(undefined), any(undefined)), {
      code: "msp-invalid",
      message:
        "loadMsp takes the path of an MSP folder, not undefined.\n" +
        'loadMsp takes an MSP-ID such as "Org1MSP", not undefined.',
    });
    await assert.rejects(library.loadConfig(any({ file: 5, env: { A: 5 }, overrides: "a=b" })), {
      message:
        "option file takes a string, not 5.\noption env takes an object whose values are strings, not an object.\n" +
        'option overrides takes a list of strings, not "a=b".',
    });
  });
});
