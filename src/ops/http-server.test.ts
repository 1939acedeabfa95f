/** What our HTTP servers do when a request fails or its client leaves. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { type TestContext, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { createApp, serve } from "./http-server.ts";

async function setUp(t: TestContext) {
  const listen = { host: "127.0.0.1", port: 0 };
  const app = createApp(listen);
  const reading = Promise.withResolvers<void>();
  const failed = Promise.withResolvers<void>();
  app.post("/upload", async (context) => {
    reading.resolve();
    await context.req.arrayBuffer().catch((error) => {
      failed.resolve();
      throw error;
    });
    return context.text("complete");
  });
  app.get("/bug", () => {
    throw new Error("ours");
  });
  const server = await serve(app, listen, undefined, { what: "the test", remedy: "none" });
  t.after(() => server.close());
  const written: string[] = [];
  t.mock.method(process.stderr, "write", (text: string) => written.push(text));
  return { url: server.url, reading: reading.promise, failed: failed.promise, written };
}

test("a client that leaves in the middle of its request leaves no stack trace", async (t) => {
  const { url, reading, failed, written } = await setUp(t);
  const client = connect(Number(new URL(url).port), "127.0.0.1");
  client.write("POST /upload HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 100\r\n\r\nabc");
  await reading;
  client.destroy();
  await failed;
  await turn();
  assert.deepEqual(written, []);
});

test("a path or parameter that is no UTF-8 is refused, not taken as it is written", async (t) => {
  const { url } = await setUp(t);
  for (const path of ["/bug/%E9", "/upload?tag=%E9", "/100%", "/%C3%A9/%zz"]) {
    const response = await fetch(url + path, { method: "POST" });
    assert.equal(response.status, 400, path);
    assert.match(JSON.stringify(await response.json()), /write é as %C3%A9, and .* as %25/);
  }
  assert.equal((await fetch(`${url}/%C3%A9?tag=100%25`)).status, 404);
});

test("a failure of ours is written with its stack, and its client learns no more than that", async (t) => {
  const { url, written } = await setUp(t);
  const response = await fetch(`${url}/bug`);
  assert.equal(response.status, 500);
  assert.deepEqual(await response.json(), { error: "this request failed unexpectedly" });
  assert.match(written.join(""), /^Error: ours\n {4}at /);
});

test("a client that may not ask is told so before its body is read", async () => {
  let read = 0;
  const body = new ReadableStream(
    {
      pull(controller) {
        read += 1;
        controller.enqueue(new Uint8Array(10));
      },
    },
    { highWaterMark: 0 },
  );
  const app = createApp({ host: "127.0.0.1", port: 0 }, (_env, path) =>
    path === "/private" ? "show a certificate" : undefined,
  );
  const request = new Request("http://127.0.0.1/private", {
    method: "POST",
    headers: { host: "127.0.0.1" },
    body,
    duplex: "half",
  });
  const response = await app.request(request, undefined, { incoming: { socket: {} } });
  assert.equal(response.status, 401);
  assert.deepEqual(await response.json(), { error: "show a certificate" });
  assert.equal(read, 0);
});

/** What a client gets that never ends its body. */
async function answerTo(t: TestContext, head: string, piece: string): Promise<string> {
  const { url } = await setUp(t);
  const client = connect(Number(new URL(url).port), "127.0.0.1");
  client.on("error", () => {}); // It is cut while it writes.
  const more = (): void => {
    while (!client.destroyed && client.write(piece));
  };
  client.on("drain", more);
  client.write(`POST /upload HTTP/1.1\r\nhost: 127.0.0.1\r\n${head}\r\n\r\n`, more);
  let answer = "";
  client.setEncoding("utf8").on("data", (text: string) => {
    answer += text;
  });
  await new Promise((resolve) => client.once("close", resolve));
  return answer;
}

for (const [name, head] of [
  ["announces more than is taken", "content-length: 100000000"],
  ["sends more than is taken", "transfer-encoding: chunked"],
] as const) {
  test(`a client that ${name} has its answer, and its connection is ended before its body is read`, async (t) => {
    const answer = await answerTo(t, head, `1000\r\n${"x".repeat(4_096)}\r\n`);
    assert.match(answer, /^HTTP\/1\.1 413 /);
    assert.match(answer, /^connection: close\r$/im);
  });
}
