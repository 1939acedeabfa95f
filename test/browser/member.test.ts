/** The dashboard of one member in a real browser. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { parseBlock } from "../../src/channel/rules/read-block.ts";
import type { MemberRow } from "../../src/devnet/supervisor.ts";
import { type DevnetProcess, eventually, startDevnet } from "../devnet-process.ts";
import { faintTexts, launchChromium, openPage, SLOW, skip, tabTo, takePicture } from "./testing.ts";

const BASE_PORT = 19_490;

describe("the dashboard of a member", { skip }, () => {
  let devnet: DevnetProcess;
  let browser: Browser;
  let page: Page;
  let complaints: string[];
  let api: string;

  before(async () => {
    // Its heartbeats and pulls come as often as in a real network.
    devnet = await startDevnet([
      "--peers",
      "2",
      "--channel",
      "ch1",
      "--base-port",
      String(BASE_PORT),
    ]);
    await eventually(
      "all members see each other",
      async () => devnet.output().includes("SEEN BY") || undefined,
    );
    const { members } = JSON.parse(await (await fetch(`${devnet.url}/api/v1/devnet`)).text());
    const [first]: readonly MemberRow[] = members;
    api = `${first?.operations}/api/v1`;
    browser = await launchChromium();
    [page, complaints] = await openPage(browser, `${first?.operations}/`);
  });

  after(async () => {
    await browser?.close();
    await devnet?.stop();
  });

  test("shows itself, whom it sees, and what has happened before the page was opened", async () => {
    await page.locator("#summary", { hasText: "sees 3 alive" }).waitFor(SLOW);
    await page.locator("#subtitle", { hasText: "127.0.0.1:19491 of Org1MSP" }).waitFor(SLOW);
    await page.locator("#graph .node").nth(3).waitFor(SLOW);
    assert.equal(await page.locator("#graph .node.dead").count(), 0);
    await page.getByRole("log").getByText("127.0.0.1:19497 joined").waitFor(SLOW);
    await page.locator(".node:not(.me)[data-beats]").first().waitFor(SLOW);
  });

  test("tells all about the member that is pointed at, and about the selected one afterwards", async () => {
    const title = page.locator("#details-title");
    await page.locator("#graph .node[data-name='127.0.0.1:19497']").hover();
    await title.getByText("127.0.0.1:19497").waitFor(SLOW);
    await page.locator(".facts", { hasText: /Certificate\d.* days left \(/ }).waitFor(SLOW);
    await page.mouse.move(5, 5);
    await title.getByText("127.0.0.1:19491").waitFor(SLOW);
  });

  test("explains, by keyboard alone, why a member is visible", async () => {
    await tabTo(page, "#graph .node");
    await page.keyboard.press("End");
    await page.keyboard.press("Enter");
    await page.locator("#details-title", { hasText: "127.0.0.1:19497" }).waitFor(SLOW);
    await tabTo(page, ".foot button");
    await page.keyboard.press("Enter");
    await page.locator(".why", { hasText: "alive" }).waitFor(SLOW);
  });

  test("opens a whole pull, from hello to its answer, by keyboard alone", async () => {
    await tabTo(page, "[role=tab]");
    await page.keyboard.press("End");
    await page.keyboard.press("Enter");
    await page.locator("#messages li").nth(50).waitFor(SLOW);
    await page.locator("#messages .what", { hasText: "digest" }).first().waitFor(SLOW);
    // So that the rows stay where they are.
    await tabTo(page, "#pause");
    await page.keyboard.press("Enter");
    await page.locator("#watching", { hasText: /^paused/ }).waitFor(SLOW);
    await tabTo(page, "#messages button");
    for (let rows = 0; rows < 150; rows++) {
      const focused = await page.locator("#messages button:focus").textContent();
      if (focused?.includes("digest")) break;
      await page.keyboard.press("ArrowDown");
    }
    await page.keyboard.press("Enter");
    await page.locator("#inspector-title", { hasText: /^digest (from|to) 127/ }).waitFor(SLOW);
    const steps = await page.locator(".exchange button").allTextContents();
    assert.deepEqual(steps.map((text) => text.slice(2)).slice(0, 2), ["hello", "digest"]);
    await tabTo(page, ".exchange button[aria-pressed=false]");
    await page.keyboard.press("Enter");
    await page.locator("#inspector-title", { hasText: /^hello/ }).waitFor(SLOW);
    const envelope = page.getByRole("region", { name: "Decoded envelope" });
    assert.equal(
      JSON.parse((await envelope.textContent()) ?? "").message.hello.msg_type,
      "IDENTITY_MSG",
    );
    assert.deepEqual(await faintTexts(page), []);
    await takePicture(page, "protocol");
    await page.emulateMedia({ colorScheme: "dark" });
    assert.deepEqual(await faintTexts(page), []);
    await page.emulateMedia({ colorScheme: "light" });
  });

  test("answers for the blocks of its channel: as JSON, as bytes, and in its events", async () => {
    const get = async (path: string) => {
      const response = await fetch(`${api}/channels/${path}`);
      return { status: response.status, body: JSON.parse(await response.text()) };
    };
    const [first, { number, hash }, second] = await eventually("blocks were verified", async () => {
      const { body } = await get("ch1/blocks?limit=3");
      return body.length === 3 ? body : undefined;
    });
    const [latest] = (await get("ch1/blocks?limit=1")).body;
    assert.ok(BigInt(first.number) + 2n <= BigInt(latest.number), "the newest one, not of ten");
    assert.equal(second.previousHash, hash);
    assert.equal(BigInt(second.number), BigInt(number) + 1n);
    assert.equal(second.signedBy[0].mspId, "OrdererMSP");
    const one = await get(`ch1/blocks/${number}`);
    assert.deepEqual([one.status, one.body.hash], [200, hash]);
    const accept = { headers: { accept: "application/octet-stream" } };
    const raw = await fetch(`${api}/channels/ch1/blocks/${number}`, accept);
    const bytes = new Uint8Array(await raw.arrayBuffer());
    const parsed = parseBlock(bytes);
    assert.ok(parsed.ok);
    assert.equal(String(parsed.value.header.number), number);
    assert.equal(bytes.length, one.body.bytes);
    const wrong = [
      ["ch1/blocks?limit=0", 400, /limit one from 1 to 100/],
      ["ch1/blocks?limit=101", 400, /limit one from 1 to 100/],
      ["ch1/blocks?from=-1", 400, /from is a number/],
      ["ch1/blocks?from=18446744073709551616", 400, /from is a number/],
      ["ch1/blocks/x", 400, /a block has a number/],
      ["ch1/blocks/18446744073709551615", 404, /is not here/],
      ["ch2/blocks", 404, /ch2 is not followed/],
      ["Ch1/blocks", 404, /"Ch1" is no name of a channel/],
      ["ch1/blocks?form=1", 400, /no parameter "form": use from, limit/],
      ["ch1/transactions/00", 404, /no block that can be read/],
      ["ch2/transactions/00", 404, /ch2 is not followed/],
    ] as const;
    for (const [path, status, sentence] of wrong) {
      const answer = await get(path);
      assert.deepEqual([path, answer.status], [path, status]);
      assert.match(answer.body.error, sentence);
    }
    assert.match(await eventOfType(`${api}/events`, "block"), /"channel":"ch1"/);
  });

  test("has a page of its channel, whose blocks come from other members", async () => {
    await page.getByRole("tab", { name: "Channels" }).click();
    await page.getByRole("heading", { name: "Channel ch1" }).waitFor(SLOW);
    await page.locator("#channel-blocks tbody tr").nth(1).waitFor(SLOW);
    await page
      .locator("#heights .line")
      .nth(2)
      .waitFor({ ...SLOW, state: "attached" });
    await page.locator(".config-card", { hasText: "etcdraft, 1 consenter" }).waitFor(SLOW);
    // With the member itself, once it has published a height.
    await page.locator("#channel-members tbody tr").nth(3).waitFor(SLOW);
  });

  test("shows a member that has fallen silent as dead", async () => {
    await page.getByRole("tab", { name: "Overview" }).click();
    const url = `${devnet.url}/api/v1/devnet/members/peer1.org2/pause`;
    assert.equal((await fetch(url, { method: "POST" })).status, 200);
    const node = page.locator(".node.dead[data-name='127.0.0.1:19497']");
    await node.waitFor(SLOW);
    await page.getByRole("log").getByText("127.0.0.1:19497 is dead").first().waitFor(SLOW);
    await takePicture(page, "member");
  });

  test("says so when the member itself does not answer, and when it does again", async () => {
    const url = `${devnet.url}/api/v1/devnet/members/peer0.org1`;
    assert.equal((await fetch(`${url}/pause`, { method: "POST" })).status, 200);
    const alert = page.getByRole("alert");
    await alert.getByText("The member does not answer. Is it still running?").waitFor(SLOW);
    assert.equal((await fetch(`${url}/resume`, { method: "POST" })).status, 200);
    await alert.waitFor({ ...SLOW, state: "hidden" });
  });

  test("complained about nothing and asked nobody else", () => {
    assert.deepEqual(complaints, []);
  });
});

/** The next event of this type, as it is sent. */
async function eventOfType(url: string, type: string): Promise<string> {
  const response = await fetch(url);
  let text = "";
  for await (const part of (response.body ?? assert.fail()).pipeThrough(new TextDecoderStream())) {
    text += part;
    const line = text.split("\n").find((one) => one.includes(`"type":"${type}"`));
    if (line !== undefined) return line;
  }
  return "";
}
