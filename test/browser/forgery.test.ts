/** What changes a devnet has to come from its own page or from a program; other pages get nowhere. */
import assert from "node:assert/strict";
import { request } from "node:http";
import { after, before, describe, test } from "node:test";
import type { Browser } from "playwright-core";
import type { MemberRow } from "../../src/devnet/supervisor.ts";
import { type DevnetProcess, eventually, startDevnet } from "../devnet-process.ts";
import { launchChromium, openPage, SLOW, skip } from "./testing.ts";

const BASE_PORT = 19_530;
const HOST = `127.0.0.1:${BASE_PORT}`;
const CHANGES = [
  "members/peer0.org1/stop",
  "members/peer0.org1/kill",
  "members/peer0.org1/start",
  "members/peer0.org1/pause",
  "members/peer0.org1/resume",
  "members/peer0.org1/revoke",
  "members/peer0.org1/renew",
  "partition",
];
const FORGED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "another site": { origin: "http://elsewhere.example" },
  "a sandbox or a file": { origin: "null" },
  "another port of this machine": { origin: `http://127.0.0.1:${BASE_PORT + 2}` },
  "the same origin, which the browser denies": {
    origin: `http://${HOST}`,
    "sec-fetch-site": "cross-site",
  },
  "another page that hides its origin": { "sec-fetch-site": "same-site" },
  "a name that leads here": { host: `elsewhere.example:${BASE_PORT}` },
  "a page under a name that leads here": {
    host: `elsewhere.example:${BASE_PORT}`,
    origin: `http://elsewhere.example:${BASE_PORT}`,
    "sec-fetch-site": "same-origin",
  },
};

function post(path: string, headers: Readonly<Record<string, string>>): Promise<number> {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port: BASE_PORT, method: "POST", headers };
    const asked = request({ ...options, path: `/api/v1/devnet/${path}` }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    asked.once("error", reject).end(path === "partition" ? '{"groups":[["peer0.org1"]]}' : "");
  });
}

describe("a devnet is changed by its own page and by programs only", { skip }, () => {
  let devnet: DevnetProcess;
  let browser: Browser;
  let untouched: string;

  const readState = async (): Promise<string> => {
    const read = async (path: string) => (await fetch(`${devnet.url}/api/v1/devnet${path}`)).text();
    return (await read("")) + (await read("/partition"));
  };

  before(async () => {
    const size = ["--orgs", "1", "--peers", "2"];
    devnet = await startDevnet([...size, "--fast", "--base-port", String(BASE_PORT)]);
    browser = await launchChromium();
    await eventually(
      "all members see each other",
      async () => devnet.output().includes("SEEN BY") || undefined,
    );
    untouched = await readState();
  });
  after(async () => {
    await browser?.close();
    await devnet?.stop();
  });

  for (const [name, headers] of Object.entries(FORGED)) {
    test(`every change is refused to ${name}`, async () => {
      for (const path of CHANGES) assert.equal(await post(path, headers), 403, path);
      assert.equal(await readState(), untouched);
    });
  }

  test("nothing is changed by reading", async () => {
    for (const path of CHANGES.filter((change) => change !== "partition")) {
      assert.equal((await fetch(`${devnet.url}/api/v1/devnet/${path}`)).status, 405, path);
    }
    assert.equal(await readState(), untouched);
  });

  test("a page of a member, next door, can neither change nor read it", async () => {
    const { members }: { members: readonly MemberRow[] } = JSON.parse(
      await (await fetch(`${devnet.url}/api/v1/devnet`)).text(),
    );
    const [page] = await openPage(browser, `${members[0]?.operations}/version`);
    for (const path of CHANGES) {
      await page.evaluate(`fetch("${devnet.url}/api/v1/devnet/${path}", {
        method: "POST", mode: "no-cors", body: '{"groups":[["peer0.org1"]]}',
      })`);
    }
    const read = await page.evaluate(
      `fetch("${devnet.url}/api/v1/devnet").then(() => "read", () => "refused")`,
    );
    assert.equal(read, "refused");
    await page.close();
    assert.equal(await readState(), untouched);
  });

  test("a form elsewhere is refused", async () => {
    const [page] = await openPage(browser, "data:text/html,<title>elsewhere</title>");
    const answer = page.waitForResponse((response) => response.url().endsWith("/kill"));
    await page.evaluate(`{
      const form = document.createElement("form");
      Object.assign(form, { method: "post", action: "${devnet.url}/api/v1/devnet/members/peer0.org1/kill" });
      document.body.append(form);
      form.submit();
    }`);
    assert.equal((await answer).status(), 403);
    await page.close();
    assert.equal(await readState(), untouched);
  });

  test("the page runs no script but its own, and cannot be framed", async () => {
    const [page] = await openPage(browser, devnet.url);
    await page.locator("#summary", { hasText: "2 running" }).waitFor(SLOW);
    await page.evaluate(`{
      const script = document.createElement("script");
      script.textContent = "document.title = 'no longer ours'";
      document.body.append(script);
      document.body.insertAdjacentHTML("beforeend",
        '<p id="probe" style="color: red" onclick="document.title = 0">probe</p>');
    }`);
    await page.locator("#probe").click();
    assert.equal(await page.title(), "devnet – fabric-gossip");
    const colour = (id: string) => `getComputedStyle(document.querySelector("${id}")).color`;
    assert.equal(await page.evaluate(colour("#probe")), await page.evaluate(colour("body")));
    const abroad = await page.evaluate(
      `fetch("http://127.0.0.1:${BASE_PORT + 2}/version").then(() => "asked", () => "refused")`,
    );
    assert.equal(abroad, "refused");
    await page.close();
    const policy = (await fetch(devnet.url)).headers.get("content-security-policy") ?? "";
    assert.doesNotMatch(policy, /unsafe/);
    assert.match(policy, /frame-ancestors 'none'/);
  });

  test("a program may, and so may the page itself", async () => {
    assert.equal(await post("members/peer0.org1/pause", {}), 200);
    const own = { origin: `http://${HOST}`, "sec-fetch-site": "same-origin" };
    assert.equal(await post("members/peer0.org1/resume", own), 200);
    assert.equal(await readState(), untouched);
  });
});
