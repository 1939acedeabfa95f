import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { addDashboard } from "./dashboard.ts";
import { createApp, serve } from "./http-server.ts";

async function setUp(t: TestContext): Promise<string> {
  const listen = { host: "127.0.0.1", port: 0 };
  const app = createApp(listen);
  addDashboard(app, "member");
  const server = await serve(app, listen, undefined, { what: "the test", remedy: "none" });
  t.after(() => server.close());
  return server.url;
}

describe("the dashboard's files", () => {
  test("are all there, of the right type, and may load nothing from elsewhere", async (t) => {
    const url = await setUp(t);
    const found = new Set<string>();
    const waiting = ["/", "/dashboard/main-member.js", "/dashboard/main-devnet.js"];
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
      if (found.has(path)) continue;
      found.add(path);
      const response = await fetch(url + path);
      assert.equal(response.status, 200, path);
      const policy = response.headers.get("content-security-policy") ?? "";
      assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self'; /);
      const ending = path.split(".")[1] ?? "html";
      const type = { html: "text/html", css: "text/css", js: "text/javascript" }[ending];
      assert.equal(response.headers.get("content-type"), `${type}; charset=utf-8`, path);
      const text = await response.text();
      assert.doesNotMatch(text, /https?:\/\/(?!www\.w3\.org\/2000\/svg)/, path);
      const html = text.matchAll(/(?:href|src)="(\/[^"]+)"/g);
      const imports = text.matchAll(/from "\.\/([^"]+)"/g);
      waiting.push(...[...html].map(([, target = ""]) => target));
      waiting.push(...[...imports].map(([, target]) => `/dashboard/${target}`));
    }
    assert.ok(found.size > 25, [...found].join());
  });

  const strange = ["/dashboard/index.html", "/dashboard/none.js", "/dashboard/..%2fops%2fhttp.ts"];
  for (const path of strange) {
    test(`${path} is not found`, async (t) => {
      assert.equal((await fetch((await setUp(t)) + path)).status, 404);
    });
  }
});
