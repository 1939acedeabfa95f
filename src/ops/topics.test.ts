/** Messages among members over HTTP, in front of a node that is alone in a network in memory. */
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { GossipNode } from "../node/node.ts";
import { testParts } from "../node/testing.ts";
import { createLog } from "../observe/log.ts";
import type { Query } from "../observe/topics.ts";
import { createMemoryHub } from "../transport/memory.ts";
import { createVirtualClock } from "../transport/testing.ts";
import { startOperations } from "./http.ts";

const NO_TLS = {
  ...{ enabled: false, clientAuthRequired: false, certFile: undefined, keyFile: undefined },
  clientRootCaFiles: [],
} as const;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

async function setUp(t: TestContext) {
  const clock = createVirtualClock();
  const hub = createMemoryHub({ clock });
  const parts = testParts("n", { clock, hub });
  const node = await GossipNode.create({ ...parts, tags: { role: "shop" } });
  const log = createLog({ stream: { write: () => true } });
  const listen = { host: "127.0.0.1", port: 0 };
  const operations = await startOperations({ listen, tls: NO_TLS, node, log });
  t.after(async () => {
    await operations.close();
    await node.close();
  });
  const ask = async (path: string, init?: RequestInit) => {
    const response = await fetch(operations.url + path, init);
    return { status: response.status, body: JSON.parse(await response.text()) };
  };
  const post = (
    path: string,
    body: string | Uint8Array<ArrayBuffer>,
    headers: Record<string, string> = {},
  ) => ask(path, { method: "POST", body, headers });
  return { clock, node, ask, post, url: operations.url };
}

describe("topics over HTTP", () => {
  test("an event is said and heard, its topic and bytes as they are", async (t) => {
    const { node, post, url } = await setUp(t);
    const topic = "a/b ü?";
    const response = await fetch(`${url}/api/v1/events/${encodeURIComponent(topic)}`);
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    assert.ok(reader);
    assert.equal((await reader.read()).value, ": events follow\n\n");
    const own = node.subscribe(topic).next();
    const payload = Uint8Array.of(0, 255, 128, 10);
    const { status, body } = await post(`/api/v1/events/${encodeURIComponent(topic)}`, payload);
    assert.equal(status, 200);
    const { value: event } = await own;
    assert.deepEqual([event.id, event.payload], [body.id, payload]);
    const told = JSON.parse((await reader.read()).value?.slice("data: ".length) ?? "");
    assert.deepEqual([told.id, told.topic, told.payload], [body.id, topic, "AP+ACg=="]);
    assert.equal(told.from.pkiId, node.self().pkiId);
    await reader.cancel();
  });

  test("a query is answered; audience and timeout are parameters", async (t) => {
    const { node, post } = await setUp(t);
    node.answer("q", ({ payload }) => payload);
    const found = await post("/api/v1/queries/q?tag=role=shop&timeoutMs=1000", "hello");
    assert.equal(found.status, 200);
    assert.equal(Buffer.from(found.body.answers[0].payload, "base64").toString(), "hello");
    assert.deepEqual(found.body.unanswered, []);
    const none = await post("/api/v1/queries/q?organisation=Z", "hello");
    assert.deepEqual(none.body, { answers: [], unanswered: [] });
    const silent = await post("/api/v1/queries/other", "");
    assert.equal(silent.body.unanswered[0].reason, "no-answerer");
  });

  test("a query ends when its client is gone, and its place is free", async (t) => {
    const { node, url } = await setUp(t);
    node.answer("q", () => new Promise(() => {}));
    const bodies = [
      () => new Uint8Array([1]),
      () => new Blob(["of a length not told"]).stream(), // Sent in chunks.
    ];
    for (const body of bodies) {
      const asked = Promise.withResolvers<Query>();
      const original = node.query.bind(node);
      t.mock.method(node, "query", (...what: Parameters<typeof original>) => {
        const query = original(...what);
        asked.resolve(query);
        return query;
      });
      const client = new AbortController();
      const answer = fetch(`${url}/api/v1/queries/q?timeoutMs=300000`, {
        ...{ method: "POST", body: body(), signal: client.signal, duplex: "half" },
      });
      const query = await asked.promise;
      assert.equal(query.unanswered.length, 1);
      client.abort();
      await assert.rejects(answer, { name: "AbortError" });
      // Would wait for an answer or for the timeout, both of which never come.
      for await (const _ of query) assert.fail();
      t.mock.restoreAll();
    }
  });

  test("who asks for the head of a stream only takes no place among its listeners", async (t) => {
    const { url } = await setUp(t);
    for (let i = 0; i < 65; i++) {
      const { status } = await fetch(`${url}/api/v1/events/t`, { method: "HEAD" });
      assert.equal(status, 200, `request ${i}`);
    }
  });

  test("members and services are shown by their tags", async (t) => {
    const { ask } = await setUp(t);
    assert.equal((await ask("/api/v1/members?tag=role=shop")).body.length, 1);
    assert.deepEqual((await ask("/api/v1/members?tag=role=bill")).body, []);
    assert.deepEqual((await ask("/api/v1/members?tag=role=shop&tag=x=y")).body, []);
    assert.deepEqual((await ask("/api/v1/services")).body[0].name, "shop");
  });

  test("what cannot be sent is explained", async (t) => {
    const { node, post, ask } = await setUp(t);
    const wrong: [string, string | Uint8Array<ArrayBuffer>, RegExp, number][] = [
      ["/api/v1/events/t", new Uint8Array(16_385), /16385 bytes: at most 16384/, 400],
      ["/api/v1/events/t", new Uint8Array(30_000), /at most 20480 bytes/, 413],
      [`/api/v1/events/${"x".repeat(129)}`, "", /1 to 128 bytes/, 400],
      ["/api/v1/events/a%0Ab", "", /control characters/, 400],
      ["/api/v1/events/t?tag=role", "", /has no value: write NAME=VALUE/, 400],
      ["/api/v1/events/t?tag=a&tag=b", "", /"a" has no value.*"b" has no value/s, 400],
      ["/api/v1/events/t?tag=a=1&tag=a=1&tag=a=2", "", /the tag "a" has two values/, 400],
      ["/api/v1/events/*", "", /the topic "\*" cannot be used/, 400],
      ["/api/v1/events/t?tags=role=shop", "", /no parameter "tags": use tag, organisation\./, 400],
      ["/api/v1/events/t?organization=Z&tag=a=b", "", /no parameter "organization"/, 400],
      ["/api/v1/events/t?timeoutMs=5", "", /no parameter "timeoutMs"/, 400],
      ["/api/v1/queries/t?timeout=5", "", /no parameter "timeout": use .*, timeoutMs\./, 400],
      ["/api/v1/queries/t?timeoutMs=soon", "", /timeoutMs is "soon": .* from 1 to 300000/, 400],
      ["/api/v1/queries/t?timeoutMs=12345678901", "", /is 12345678901: .* from 1 to 300000/, 400],
      ["/api/v1/queries/t?timeoutMs=1e3", "", /timeoutMs is "1e3"/, 400],
      ["/api/v1/queries/t?timeoutMs=5&timeoutMs=6", "", /is there 2 times/, 400],
      ["/api/v1/events/t?organisation=", "", /none of them empty/, 400],
      ["/api/v1/queries/t?timeoutMs=300001", "", /from 1 to 300000/, 400],
    ];
    for (const [path, body, sentence, status] of wrong) {
      const found = await post(path, body);
      assert.deepEqual(
        [found.status, sentence.test(found.body.error)],
        [status, true],
        found.body.error,
      );
    }
    assert.equal((await ask("/api/v1/members?tag=role")).status, 400);
    for (let i = 0; i < 1_000; i++) await node.broadcast("t", bytes("")).catch(() => undefined);
    assert.equal((await post("/api/v1/events/t", "")).status, 429);
  });

  test("another page may neither say nor ask", async (t) => {
    const { node, post } = await setUp(t);
    const heard: unknown[] = [];
    const listening = (async () => {
      for await (const event of node.subscribe()) heard.push(event);
    })();
    for (const path of ["/api/v1/events/t", "/api/v1/queries/t"]) {
      for (const headers of [
        { origin: "http://evil.example" },
        { "sec-fetch-site": "cross-site" },
      ]) {
        assert.equal((await post(path, "x", headers)).status, 403);
      }
    }
    await node.close();
    await listening;
    assert.deepEqual(heard, []);
  });
});
