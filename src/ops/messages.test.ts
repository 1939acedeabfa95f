/** Messages as server-sent events over real HTTP. */
import assert from "node:assert/strict";
import { get, type IncomingMessage } from "node:http";
import { describe, type TestContext, test } from "node:test";
import type { MessageBatch } from "../observe/message-tap.ts";
import { createApp, serve } from "./http-server.ts";
import { addMessages, type MessageLimits } from "./messages.ts";

const BATCH: MessageBatch = {
  messages: [
    {
      id: 7,
      time: new Date("2026-01-01T00:00:00.000Z"),
      direction: "sent",
      pkiId: null,
      remote: "a:1",
      type: "hello",
      bytes: 9,
      envelope: { message: { hello: {} } },
    },
  ],
  skipped: 3,
};

async function setUp(t: TestContext, limits: Partial<MessageLimits> = {}) {
  const signals: AbortSignal[] = [];
  async function* messages(signal: AbortSignal): AsyncGenerator<MessageBatch, undefined> {
    signals.push(signal);
    yield BATCH;
    await new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => resolve());
    });
    return undefined;
  }
  const listen = { host: "127.0.0.1", port: 0 };
  const app = createApp(listen);
  addMessages(app, { messages }, { readersMax: 2, heartbeatMs: 60_000, ...limits });
  const server = await serve(app, listen, undefined, { what: "the test", remedy: "none" });
  t.after(() => server.close());
  return { url: `${server.url}/api/v1/messages`, signals };
}

function open(url: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false }, resolve).once("error", reject);
  });
}

async function readUntil(response: IncomingMessage, isEnough: (text: string) => boolean) {
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) {
    text += chunk;
    if (isEnough(text)) break;
  }
  return text;
}

describe("GET /api/v1/messages", () => {
  test("is a stream of messages, and tells how many are missing before them", async (t) => {
    const { url } = await setUp(t);
    const response = await open(url);
    assert.equal(response.headers["content-type"], "text/event-stream; charset=utf-8");
    const text = await readUntil(response, (found) => found.includes("id: 7\n"));
    assert.match(text, /event: skipped\ndata: \{"skipped":3\}\n\nid: 7\ndata: \{"id":7,.*\}\n\n$/);
  });

  test("stops the watching when the reader is gone, and makes room for the next one", async (t) => {
    const { url, signals } = await setUp(t, { readersMax: 1 });
    const response = await open(url);
    await readUntil(response, (found) => found.includes("id: 7\n"));
    const [signal] = signals;
    assert.ok(signal);
    if (!signal.aborted) {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
    }
    const again = await open(url);
    assert.equal(again.statusCode, 200);
    again.destroy();
  });

  test("answers 503 with a reason when too many watch", async (t) => {
    const { url } = await setUp(t);
    const readers = [await open(url), await open(url)];
    for (const reader of readers) await new Promise((resolve) => reader.once("data", resolve));
    const third = await fetch(url);
    assert.equal(third.status, 503);
    assert.match(await third.text(), /2 readers watch already/);
    for (const reader of readers) reader.destroy();
  });

  test("says now and then that it is there", async (t) => {
    const { url } = await setUp(t, { heartbeatMs: 5 });
    const response = await open(url);
    const text = await readUntil(response, (found) => found.split(": still here\n\n").length > 3);
    assert.match(text, /: still here\n\n: still here\n\n/);
  });
});
