/** Server-sent events over real HTTP: resuming, gaps, slow readers, bounds. */
import assert from "node:assert/strict";
import { get, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { describe, type TestContext, test } from "node:test";
import { createEventStream } from "../node/event-stream.ts";
import type { GossipEvent } from "../observe/events.ts";
import type { ToldBlock } from "./blocks.ts";
import { addEvents, type EventLimits } from "./events.ts";
import { createApp, serve } from "./http-server.ts";

const FIRST_ID = 1_000;

interface Source {
  readonly url: string;
  /** Lets `ch1` have these blocks, told by an event each. */
  tell(...numbers: readonly number[]): Promise<void>;
  /** Lets so many events happen. */
  happen(count: number, detail?: string): Promise<void>;
  close(): void;
}

/** `kept1`: numbers of the kept blocks of `ch1`; those of an earlier life at first. */
async function setUp(
  t: TestContext,
  limits: Partial<EventLimits> = {},
  kept1: number[] = [],
): Promise<Source> {
  const stream = createEventStream<GossipEvent>(100_000);
  const listen = { host: "127.0.0.1", port: 0 };
  const app = createApp(listen);
  const { kept = 100, readersMax = 10, heartbeatMs = 60_000 } = limits;
  const blocks = {
    channels: ["ch1"],
    newest: async () => new Map(kept1.slice(-1).map((number) => ["ch1", BigInt(number)])),
    read: async (_channel: string, from: bigint, to: bigint) =>
      kept1
        .filter((number) => number >= from && number <= to)
        .slice(0, 3)
        .map(blockOf),
  };
  const events = { events: () => stream.listen(), blocks };
  addEvents(app, events, { kept, readersMax, heartbeatMs });
  const server = await serve(app, listen, undefined, { what: "the test", remedy: "none" });
  t.after(() => server.close());
  let id = FIRST_ID;
  const time = new Date("2026-01-01T00:00:00.000Z");
  return {
    url: `${server.url}/api/v1/events`,
    async happen(count, detail = "heartbeat") {
      for (let i = 0; i < count; i++) {
        stream.push({ id: id++, time, type: "signing-failed", detail });
        await Promise.resolve(); // The feed reads them one by one.
      }
      await new Promise(setImmediate);
    },
    async tell(...numbers) {
      for (const number of numbers) {
        kept1.push(number);
        stream.push({ id: id++, time, type: "block", channel: "ch1", block: blockOf(number) });
        await Promise.resolve();
      }
      await new Promise(setImmediate);
    },
    close: () => stream.close(),
  };
}

function blockOf(number: number): ToldBlock {
  const hash = new Uint8Array(32);
  return {
    ...{ channel: "ch1", number: BigInt(number), hash, previousHash: hash, dataHash: hash },
    ...{ transactions: 1, bytes: 100, isConfig: false, kind: "transactions", signedBy: [] },
    ...{ madeAt: null, lastConfig: 0n, validationCodes: [0], commitHash: null },
    agreement: { agreedBy: [], conflicts: [] },
    ...{ receivedAt: new Date("2026-01-01T00:00:00.000Z"), from: "a:1" },
  };
}

/** Numbers of the blocks of the channel that were told. */
function numbersIn(blocks: readonly string[]): number[] {
  return blocks.flatMap((block) => /"number":"(\d+)"/.exec(block)?.[1] ?? []).map(Number);
}

const lastIdIn = (blocks: readonly string[]): string | undefined =>
  blocks.map((block) => /^id: (.*)$/m.exec(block)?.[1]).findLast((id) => id !== undefined);

function open(url: string, lastId?: string, method = "GET"): Promise<IncomingMessage> {
  const headers = lastId === undefined ? {} : { "last-event-id": lastId };
  return new Promise((resolve, reject) => {
    get(url, { headers, method, agent: false }, resolve).once("error", reject);
  });
}

/** The blocks of a stream until there are enough. `begun` is called after the first of them. */
async function readUntil(
  response: IncomingMessage,
  isEnough: (blocks: readonly string[]) => boolean,
  begun: () => Promise<void> = async () => {},
): Promise<readonly string[]> {
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) {
    if (text === "") await begun();
    text += chunk;
    const blocks = text.split("\n\n").slice(0, -1);
    if (isEnough(blocks)) {
      response.destroy();
      return blocks;
    }
  }
  return text.split("\n\n").slice(0, -1);
}

function idsIn(blocks: readonly string[]): number[] {
  return blocks.flatMap((block) => /^id: (\d+)/m.exec(block)?.[1] ?? []).map(Number);
}

describe("GET /api/v1/events", () => {
  test("tells each event as JSON with its id, from now on", async (t) => {
    const { url, happen } = await setUp(t);
    await happen(3);
    const response = await open(url);
    assert.match(response.headers["content-type"] ?? "", /^text\/event-stream/);
    const blocks = await readUntil(
      response,
      (seen) => idsIn(seen).length === 2,
      () => happen(2),
    );
    assert.deepEqual(idsIn(blocks), [1_003, 1_004]);
    const data = /^data: (.*)$/m.exec(blocks.at(-1) ?? "")?.[1] ?? "";
    const wanted = { id: 1_004, time: "2026-01-01T00:00:00.000Z" };
    assert.deepEqual(JSON.parse(data), { ...wanted, type: "signing-failed", detail: "heartbeat" });
  });

  test("goes on after Last-Event-ID", async (t) => {
    const { url, happen } = await setUp(t);
    await happen(50);
    const blocks = await readUntil(await open(url, "1046"), (seen) => idsIn(seen).length === 3);
    assert.deepEqual(idsIn(blocks), [1_047, 1_048, 1_049]);
    assert.ok(!blocks.some((block) => block.includes("gap")));
  });

  const gaps: readonly (readonly [name: string, lastId: string, missed: number | null])[] = [
    ["events that nobody has any more are counted", "1009", 990],
    ["an id of an earlier life of the node", "17", null],
    ["an id that is yet to come", "999999", null],
  ];
  for (const [name, lastId, missed] of gaps) {
    test(`a gap is told: ${name}`, async (t) => {
      const { url, happen } = await setUp(t);
      await happen(1_100);
      const blocks = await readUntil(await open(url, lastId), (seen) => idsIn(seen).length >= 100);
      assert.ok(blocks.includes(`event: gap\ndata: {"missed":${missed}}`), blocks[1]);
      assert.deepEqual(
        idsIn(blocks),
        Array.from({ length: 100 }, (_, i) => 2_000 + i),
      );
    });
  }

  test("who listens before anything has happened has missed nothing", async (t) => {
    const { url, happen } = await setUp(t);
    const blocks = await readUntil(
      await open(url),
      (seen) => idsIn(seen).length === 2,
      () => happen(2),
    );
    assert.ok(!blocks.some((block) => block.includes("gap")), blocks.join("\n"));
  });

  test("an id that is none counts as none", async (t) => {
    const { url, happen } = await setUp(t);
    await happen(5);
    const response = await open(url, "x; y");
    const blocks = await readUntil(
      response,
      (seen) => idsIn(seen).length === 1,
      () => happen(1),
    );
    assert.deepEqual(idsIn(blocks), [1_005]);
  });

  test("a reader that does not read costs nothing, and then sees what it has missed", async (t) => {
    const { url, happen } = await setUp(t, { kept: 50 });
    const response = await open(url);
    response.pause();
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 200; i++) await happen(50, "x".repeat(5_000));
    // 50 MB have happened; what waits is what the sockets hold.
    assert.ok(process.memoryUsage().arrayBuffers - before < 25_000_000);
    const blocks = await readUntil(response, (seen) => idsIn(seen).at(-1) === 10_999);
    const missed = blocks.flatMap((block) => /"missed":(\d+)/.exec(block)?.[1] ?? []).map(Number);
    const total = missed.reduce((sum, count) => sum + count, 0);
    assert.ok(total > 1_000, `${total} missed`);
    assert.equal(idsIn(blocks).length + total, 10_000);
  });

  const returns: readonly (readonly [name: string, lastId: string, numbers: readonly number[]])[] =
    [
      ["from an earlier life, with what that kept and did not tell", "17 ch1:3", [4, 5, 6, 7, 8]],
      ["from an earlier life, up to date", "17 ch1:6", [7, 8]],
      ["to another chain of that name", "17 ch1:90", [7, 8]],
      ["with a channel that is not followed", "17 ch2:3", [7, 8]],
      ["from this life", "1000 ch1:7", [8]],
    ];
  for (const [name, lastId, numbers] of returns) {
    test(`a reader that returns gets each block once: ${name}`, async (t) => {
      const { url, happen, tell } = await setUp(t, {}, [0, 1, 2, 3, 4, 5, 6]);
      await tell(7);
      await happen(2);
      const read = await readUntil(
        await open(url, lastId),
        (seen) => numbersIn(seen).includes(8) && idsIn(seen).length > numbers.length,
        () => tell(8),
      );
      assert.deepEqual(numbersIn(read), numbers);
    });
  }

  test("an idle channel does not keep back what an earlier life kept", async (t) => {
    const { url } = await setUp(t, {}, [0, 1, 2, 3, 4, 5, 6]);
    const read = await readUntil(await open(url, "17 ch1:1"), (seen) => numbersIn(seen).length > 4);
    assert.deepEqual(numbersIn(read), [2, 3, 4, 5, 6]);
  });

  test("of blocks that are not kept any more, the oldest that is comes first", async (t) => {
    const { url, tell } = await setUp(t, {}, [50, 51]);
    await tell(52);
    const read = await readUntil(await open(url, "17 ch1:3"), (seen) => numbersIn(seen).length > 2);
    assert.deepEqual(numbersIn(read), [50, 51, 52]);
  });

  test("a reader that is cut off at any event gets the rest, nothing twice", async (t) => {
    const { url, happen, tell } = await setUp(t, { kept: 4 }, [0, 1, 2, 3, 4, 5, 6]);
    await tell(7, 8, 9, 10, 11);
    await happen(3);
    const numbers: number[] = [];
    let last: string | undefined = "17 ch1:0";
    while (!numbers.includes(11)) {
      const begun = last;
      const read = await readUntil(await open(url, last), (seen) => lastIdIn(seen) !== undefined);
      // As if the connection had broken after the first event.
      const first = read.slice(0, read.findIndex((block) => block.startsWith("id: ")) + 1);
      numbers.push(...numbersIn(first));
      last = lastIdIn(first);
      assert.notEqual(last, begun);
    }
    assert.deepEqual(
      numbers,
      Array.from({ length: 11 }, (_, i) => i + 1),
    );
  });

  test("a reader that has fallen behind gets the blocks that it has missed", async (t) => {
    const { url, happen, tell } = await setUp(t, { kept: 10 }, [0]);
    await tell(1, 2, 3, 4);
    await happen(50);
    await tell(5);
    const read = await readUntil(await open(url, "1000 ch1:1"), (seen) =>
      numbersIn(seen).includes(5),
    );
    assert.deepEqual(numbersIn(read), [2, 3, 4, 5]);
    assert.ok(read.includes('event: gap\ndata: {"missed":44}'), read[1]);
  });

  test("a silent stream says that it is there", async (t) => {
    const { url } = await setUp(t, { heartbeatMs: 20 });
    const blocks = await readUntil(await open(url), (seen) => seen.length === 4);
    assert.deepEqual(blocks.slice(1), Array(3).fill(": still here"));
  });

  test("readers are limited, and make room when they leave", async (t) => {
    const { url, happen } = await setUp(t, { readersMax: 2 });
    const readers = [await open(url), await open(url)];
    for (const reader of readers) await new Promise((resolve) => reader.once("data", resolve));
    const refused = await open(url);
    assert.equal(refused.statusCode, 503);
    assert.match((await readUntil(refused, () => false)).join(), /^$/);
    readers[0]?.destroy();
    for (;;) {
      await happen(1);
      const next = await open(url);
      next.destroy();
      if (next.statusCode === 200) break;
    }
  });

  test("HEAD and broken connections take no reader's place", async (t) => {
    const { url, happen } = await setUp(t, { readersMax: 1 });
    for (let i = 0; i < 5; i++) {
      (await open(url, undefined, "HEAD")).resume();
      const { port } = new URL(url);
      const socket = connect(Number(port), "127.0.0.1");
      socket.end("GET /api/v1/events HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n");
      await new Promise((resolve) => socket.once("connect", resolve));
      socket.destroy();
      await happen(1);
    }
    for (;;) {
      await happen(1);
      const { statusCode } = await open(url);
      if (statusCode === 200) break;
    }
  });

  test("ends when the node ends, after the last events", async (t) => {
    const { url, happen, close } = await setUp(t);
    const response = await open(url, "1000");
    await happen(3);
    close();
    const blocks = await readUntil(response, () => false);
    assert.ok(idsIn(blocks).includes(1_002));
  });
});
