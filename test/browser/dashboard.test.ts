import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { type DevnetProcess, startDevnet } from "../devnet-process.ts";
import { findChromium, launchChromium } from "./testing.ts";

const BASE_PORT = 19_460;
const NAMES = ["peer0.org1", "peer1.org1", "peer0.org2", "peer1.org2"];
const SLOW = { timeout: 15_000 };
const executable = findChromium();
const skip =
  executable === undefined && "no chromium, chromium-browser or google-chrome on the PATH";

/** A page on which any complaint and any foreign address is noted. */
async function openPage(browser: Browser, url: string): Promise<[Page, string[]]> {
  const page = await browser.newPage({ viewport: { width: 1_280, height: 800 } });
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() !== "log") complaints.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", ({ message }) => complaints.push(message));
  page.on("request", (request) => {
    const { protocol, host } = new URL(request.url());
    if (protocol !== "data:" && `http://${host}` !== url) complaints.push(request.url());
  });
  await page.goto(url);
  return [page, complaints];
}

function matrixText(page: Page): Promise<string[][]> {
  return page
    .locator("#matrix tbody tr")
    .evaluateAll((rows) =>
      rows.map((row) => [...row.querySelectorAll("td")].map((cell) => cell.textContent)),
    );
}

/** Waits until the matrix is `wanted`, row by row; a failure shows what the devnet has printed. */
async function awaitMatrix(
  page: Page,
  wanted: readonly string[],
  devnet: DevnetProcess,
): Promise<void> {
  const deadlineMs = performance.now() + SLOW.timeout;
  let actual: string[] = [];
  while (performance.now() < deadlineMs) {
    actual = (await matrixText(page)).map((row) => row.join(" "));
    if (actual.join() === wanted.join()) return;
    await page.waitForTimeout(100);
  }
  assert.deepEqual(actual, wanted, `${JSON.stringify({ actual, wanted })}\n${devnet.output()}`);
}

/** Picks the member in the graph, with the keyboard, so that its buttons show. */
async function choose(page: Page, name: string): Promise<void> {
  await page.locator(`#graph .node[data-name="${name}"]`).focus();
  await page.keyboard.press("Enter");
}

const ALL_ALIVE = [
  "self alive alive alive",
  "alive self alive alive",
  "alive alive self alive",
  "alive alive alive self",
];

describe("the dashboard of a devnet", { skip }, () => {
  let devnet: DevnetProcess;
  let browser: Browser;
  let page: Page;
  let complaints: string[];

  before(async () => {
    devnet = await startDevnet(["--peers", "2", "--fast", "--base-port", String(BASE_PORT)]);
    browser = await launchChromium(executable ?? "");
    [page, complaints] = await openPage(browser, devnet.url);
  });

  after(async () => {
    await browser?.close();
    await devnet?.stop();
  });

  test("shows that all members see each other", async () => {
    await awaitMatrix(page, ALL_ALIVE, devnet);
    await page.getByText("4 running: all see each other").waitFor(SLOW);
    assert.deepEqual(await page.locator("#matrix tbody th").allTextContents(), NAMES);
  });

  test("draws every member and a line for every connection", async () => {
    await page.locator("#graph .node").first().waitFor(SLOW);
    assert.equal(await page.locator("#graph .node.alive").count(), 4);
    const links = await page.locator("#graph .link").count();
    assert.ok(links >= 3 && links <= 6, String(links));
  });

  test("fits its width, from a desktop to a phone", async () => {
    const folder = process.env["SCREENSHOTS"];
    if (folder) mkdirSync(folder, { recursive: true });
    for (const width of [1_280, 820, 390]) {
      await page.setViewportSize({ width, height: 800 });
      if (folder) await page.screenshot({ path: join(folder, `${width}.png`), fullPage: true });
      const scrolled = await page.evaluate("document.documentElement.scrollWidth");
      assert.equal(scrolled, width);
    }
    await page.setViewportSize({ width: 1_280, height: 800 });
  });

  test("kills a member and starts it again, by keyboard", async () => {
    await choose(page, "peer1.org2");
    const kill = page.getByRole("button", { name: "Kill peer1.org2" });
    await kill.focus();
    await page.keyboard.press("Enter");
    const others = ["self alive alive dead", "alive self alive dead", "alive alive self dead"];
    await awaitMatrix(page, [...others, "none none none none"], devnet);
    await page.getByRole("button", { name: "Start peer1.org2" }).click();
    await awaitMatrix(page, ALL_ALIVE, devnet);
  });

  test("divides the network, and makes it whole again", async () => {
    await page.getByRole("button", { name: "Split organisations" }).click();
    const divided = [
      "self alive dead dead",
      "alive self dead dead",
      "dead dead self alive",
      "dead dead alive self",
    ];
    await awaitMatrix(page, divided, devnet);
    await page.getByRole("button", { name: "Heal" }).click();
    await awaitMatrix(page, ALL_ALIVE, devnet);
  });

  test("complained about nothing and asked nobody else", () => {
    assert.deepEqual(complaints, []);
  });

  test("says so when the devnet is gone", async () => {
    await devnet.stop();
    await page.getByRole("alert").getByText("The devnet does not answer").waitFor(SLOW);
  });
});
