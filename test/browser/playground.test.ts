/** The playground in a real browser: from our own server, and from a plain one that knows nothing of it. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import type { HttpServer } from "../../src/ops/http-server.ts";
import { writeFiles } from "../../src/play/files.ts";
import { servePlayground } from "../../src/play/serve.ts";
import { TOURS, type Tour } from "../../src/play/tours.ts";
import { findFaults, tabStops, walkByTab } from "./audit.ts";
import {
  englishTexts,
  faintTexts,
  launchChromium,
  nextFrame,
  openPage,
  SLOW,
  skip,
  takePicture,
  widthOf,
} from "./testing.ts";

const SMALL = "seed=5&members=6&organisations=2&lang=en";
const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".css": "text/css",
  ".js": "text/javascript",
};
/** Of the page, which has no types: name, language, texts. */
const { TOUR_TEXTS }: { TOUR_TEXTS: Record<string, Record<string, readonly string[]>> } =
  await import(new URL("../../src/play/page/tour-texts.js", import.meta.url).href);

/** Serves a folder under a path of its own. */
async function serveFolder(folder: string): Promise<{ server: Server; url: string }> {
  const server = createServer(async ({ url = "" }, response) => {
    const path = url.replace(/^\/gossip\//, "").replace(/[?#].*/, "") || "index.html";
    try {
      const text = await readFile(join(folder, path));
      response.writeHead(200, { "content-type": TYPES[extname(path)] ?? "text/plain" }).end(text);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  return { server, url: `http://127.0.0.1:${port}/gossip/` };
}

async function takeTour(page: Page, { name, steps }: Tour, language: string): Promise<void> {
  await page.locator(`[data-tour=${name}]`).click();
  for (const [place, { doings }] of steps.entries()) {
    if (place > 0) await page.locator("#tour-next").click();
    const last = doings.at(-1);
    const isMessage = last !== undefined && "wait" in last && last.wait.event === undefined;
    await page.locator(`body[data-step="${name} ${place} ${isMessage}"]`).waitFor(SLOW);
    const text = await page.locator("#tour-text").textContent();
    assert.equal(text, TOUR_TEXTS[name]?.[language]?.[place + 1]);
  }
  await takePicture(page, `playground-${name}-${language}`);
}

function labelsOf(page: Page): Promise<(string | null)[]> {
  const nodes = page.locator("#stage .node");
  return nodes.evaluateAll((all) => all.map((node) => node.getAttribute("aria-label")));
}

describe("the playground", { skip }, () => {
  let browser: Browser;
  let server: HttpServer;
  let page: Page;
  let complaints: string[];

  before(async () => {
    [browser, server] = await Promise.all([launchChromium(), servePlayground(0)]);
    [page, complaints] = await openPage(browser, `${server.url}/#${SMALL}`);
  });
  after(async () => {
    await browser?.close();
    await server?.close();
  });

  /** Follows a link in the page that is there. */
  async function follow(hash: string): Promise<void> {
    await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
    const seconds = Number(/at=(\d+)/.exec(hash)?.[1] ?? 0) / 1_000;
    await page.locator("#time", { hasText: `${seconds.toFixed(3)} s` }).waitFor(SLOW);
  }

  test("plays by itself, and pauses by keyboard", async () => {
    await page.locator("#stage .node.running").nth(3).waitFor(SLOW);
    await page.keyboard.press(" ");
    await page.getByRole("button", { name: "Play", exact: true }).waitFor(SLOW);
    await page.waitForURL(/at=\d+/, SLOW);
  });

  test("steps by messages, and shows what one changes and who handled it, by keyboard", async () => {
    await follow(`${SMALL}&at=1500`);
    await page.keyboard.press("n");
    const title = page.locator("#message-card-title");
    await title.filter({ hasText: / from peer\d\.org\d to peer\d\.org\d/ }).waitFor(SLOW);
    assert.doesNotMatch((await page.locator("#time").textContent()) ?? "", /^1\.500/);
    const link = page.locator(".message-card a");
    const [source] = await Promise.all([page.waitForEvent("popup", SLOW), link.click()]);
    const name = await link.textContent();
    const place = source.locator(`mark#${name}`, { hasText: `function ${name}(` });
    await place.waitFor(SLOW);
    const { y } = (await place.boundingBox()) ?? assert.fail("no place");
    assert.ok(y >= 0 && y < 800, `at ${y} of 800 pixels`);
    await source.close();
    assert.match((await page.locator(".message-card pre").textContent()) ?? "", /"message": \{/);
    await page.locator("#stage .node[aria-label^='peer1.org1']").press("Enter");
    await page.locator("#member-card-title", { hasText: "peer1.org1" }).waitFor(SLOW);
    await page.locator(".member-card summary", { hasText: "Members (" }).waitFor(SLOW);
    await takePicture(page, "playground-step");
  });

  test("does faults by mouse, and its address leads to the same run", async () => {
    await follow(`${SMALL}&at=8000`);
    await page.locator("#stage .node[aria-label^='peer0.org2']").click();
    await page.getByRole("button", { name: "Crash" }).click();
    await page.locator("#stage .node.stopped").waitFor(SLOW);
    const stage = page.locator("#stage");
    await stage.scrollIntoViewIfNeeded();
    const { x, y, width, height } = (await stage.boundingBox()) ?? assert.fail("no picture");
    await page.mouse.move(x + 3, y + 3); // Around the organisation to the left.
    await page.mouse.down();
    for (const [right, down] of [
      [0.5, 0.01],
      [0.5, 0.99],
      [0.01, 0.99],
    ] as const) {
      await page.mouse.move(x + right * width, y + down * height, { steps: 3 });
    }
    await page.mouse.up();
    await page.locator("#stage .node.cutoff").nth(2).waitFor(SLOW);
    await page.getByRole("button", { name: "Join Org2MSP" }).click();
    await page.locator("#stage .node").nth(6).waitFor(SLOW);
    await page.keyboard.press("n");
    await page.locator("#message-card-title", { hasText: " from " }).waitFor(SLOW);
    await page.waitForURL(/do=8000\.crash\.1,8000\.cut(\.[024]){3},8000\.join\.1/, SLOW);
    const { hash } = new URL(page.url());
    await follow(`${SMALL}&at=8000`);
    const before = await labelsOf(page);
    await follow(hash.slice(1));
    const labels = await labelsOf(page);
    assert.notDeepEqual(labels, before);
    assert.equal(labels.length, 7);
    assert.match(labels[1] ?? "", /peer0\.org2, Org2MSP, stopped/);
    assert.equal(labels.filter((label) => /cut off/.test(label ?? "")).length, 3);
    await takePicture(page, "playground-partition");
  });

  test("shows somebody else the same message by its address", async () => {
    await follow(`${SMALL}&at=3000`);
    await page.keyboard.press("n");
    await page.waitForURL(/at=[\d.]+&message=\d+$/, SLOW);
    const [other, problems] = await openPage(browser, `${page.url()}&lang=en`);
    const title = other.locator("#message-card-title", { hasText: " from " });
    await title.waitFor(SLOW);
    for (const selector of [".message-card", ".member-card", "#time", ".kinds >> nth=0"]) {
      const [mine, theirs] = [page, other].map((one) => one.locator(selector).textContent());
      assert.equal(await theirs, await mine, selector);
    }
    assert.deepEqual(problems, []);
    await other.close();
  });

  test("says so when no message comes", async () => {
    await follow(`${SMALL}&at=8000&do=7000.crash.1`);
    await page.locator("#stage .node").nth(1).click();
    await page.getByRole("button", { name: "Next message of peer0.org2" }).click();
    const card = page.locator(".message-card", { hasText: "No such message came" });
    await card.waitFor(SLOW);
    assert.equal(await page.locator("#time").textContent(), "68.000 s");
  });

  test("shows loss, delay and partition of a link, and cuts off one member after the other", async () => {
    await follow(`${SMALL}&at=9000&do=8000.loss.30,8000.delay.200,8500.cut.0`);
    assert.equal(await page.locator("#loss").inputValue(), "30");
    assert.equal(await page.locator("#delay").inputValue(), "200");
    await page.locator("#stage .node").nth(2).press("Enter");
    await page.getByRole("button", { name: "Cut off", exact: true }).click();
    await page.waitForURL(/,9000\.cut\.0\.2$/, SLOW);
    await page.locator("#stage .node").first().press("Enter");
    await page.getByRole("button", { name: "Let back in" }).click();
    await page.waitForURL(/,9000\.cut\.2$/, SLOW);
    await follow(`${SMALL}&at=9500`);
    assert.equal(await page.locator("#loss").inputValue(), "0");
    assert.equal(await page.locator("#delay").inputValue(), "40");
  });

  test("tells how far a long run is, and gives it up for another", async () => {
    await page.evaluate("location.hash = 'lang=en&members=200&at=86400000'");
    await page.locator("#time", { hasText: "on the way to 86400.0 s" }).waitFor(SLOW);
    await follow(`${SMALL}&at=2000`);
    assert.equal(await page.locator("#stage .node").count(), 6);
  });

  for (const tour of TOURS) {
    test(`leads through a tour: ${tour.name}`, () => takeTour(page, tour, "en"));
  }

  const windows = [
    { width: 1_280, colorScheme: "light" },
    { width: 768, colorScheme: "dark" },
    { width: 360, colorScheme: "light" },
    { width: 360, colorScheme: "dark" },
  ] as const;
  for (const { width, colorScheme } of windows) {
    test(`has names, room and contrast at ${width} pixels, ${colorScheme}`, async () => {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 800 });
      await nextFrame(page); // Members are arranged anew when the page has its new size.
      // There is one view, hence no tabs.
      const faults = (await findFaults(page)).filter((fault) => !fault.endsWith("tablist]"));
      assert.deepEqual(faults, []);
      assert.deepEqual(await faintTexts(page), []);
      assert.equal(await widthOf(page), width);
      await takePicture(page, `playground-${width}-${colorScheme}`);
    });
  }

  test("breaks no name on a phone, and draws those of the members large enough", async () => {
    await page.setViewportSize({ width: 360, height: 800 });
    await follow("seed=5&members=12&organisations=3&lang=en&at=9000");
    await page.locator("#stage .node").nth(11).waitFor(SLOW);
    await nextFrame(page);
    const pixels: readonly number[] = await page.evaluate(`
      [...document.querySelectorAll("#stage :is(.name, .group-name)")].map((one) =>
        one.getScreenCTM().a * parseFloat(getComputedStyle(one).fontSize))`);
    assert.equal(pixels.length, 12 + 3);
    assert.ok(Math.min(...pixels) > 10.5, `names of ${pixels.join(", ")} pixels`);
    // Two lines: the name, and what it is.
    const { height } = (await page.locator("h1").boundingBox()) ?? assert.fail();
    assert.ok(height < 60, `a title of ${height} pixels`);
  });

  test("shows every column of a member's state on a phone, and stays where one scrolls to", async () => {
    await follow(`${SMALL}&at=8000`);
    await page.setViewportSize({ width: 360, height: 800 });
    await page.locator("#stage .node").first().press("Enter");
    await page.locator(".member-card details[open] th").last().waitFor(SLOW);
    await page.evaluate("document.querySelector('.state').scrollLeft = 999");
    await page.keyboard.press("n");
    await page.locator("#time").filter({ hasNotText: "8.000 s" }).waitFor(SLOW);
    const last = page.locator(".member-card details[open] thead th").last();
    const { x, width } = (await last.boundingBox()) ?? assert.fail("no column");
    assert.ok(x > 0 && x + width <= 360, `from ${x} to ${x + width}`);
  });

  test("leads by Tab to every control, and the focus can be seen", async () => {
    await follow(`${SMALL}&at=7000`);
    const stops = await walkByTab(page);
    const places = stops.map(({ index }) => index).sort((a, b) => a - b);
    assert.deepEqual(places, await tabStops(page));
    const inEvents = await page.locator(".events button[tabindex='0']").count();
    assert.equal(inEvents, 1, "not through every event");
    const first = page.locator(".events button").first();
    await first.focus();
    await page.keyboard.press("ArrowDown");
    await page.locator(".events li:nth-child(2) button:focus").waitFor(SLOW);
    assert.deepEqual(
      stops.filter(({ isVisible }) => !isVisible),
      [],
    );
  });

  test("refuses a link that cannot be used with a sentence", async () => {
    await page.evaluate("location.hash = 'members=1000'");
    const alert = page.getByRole("alert");
    await alert.getByText("members must be a whole number from 3 to 200").waitFor(SLOW);
    await page.setViewportSize({ width: 1_280, height: 800 });
    await page.locator("input[name=members]").fill("3");
    await page.locator("input[name=organisations]").fill("9");
    await page.getByRole("button", { name: "Start again" }).click();
    await alert.getByText("at least as many members as organisations").waitFor(SLOW);
    const { y, width } = (await alert.boundingBox()) ?? assert.fail("no alert");
    assert.ok(y >= 0 && y < 800, `at ${y} of 800 pixels`);
    assert.ok(width > 1_000, `${width} pixels wide`);
    await page.getByRole("button", { name: "Start again" }).scrollIntoViewIfNeeded();
  });

  test("keeps a refused link in the address, to be corrected", async () => {
    const [other, problems] = await openPage(browser, `${server.url}/#members=1000&lang=en`);
    await other.getByRole("alert").getByText("members must be").waitFor(SLOW);
    await other.locator("#stage .node").nth(8).waitFor(SLOW);
    assert.equal(new URL(other.url()).hash, "#members=1000&lang=en");
    assert.equal(await other.locator("input[name=members]").inputValue(), "9");
    assert.equal(await other.locator("#play").textContent(), "Play");
    await other.getByRole("button", { name: "Start again" }).click();
    await other.waitForURL((url) => url.hash === "" || url.hash === "#", SLOW);
    assert.ok(await other.getByRole("alert").isHidden());
    assert.deepEqual(problems, []);
    await other.close();
  });

  test("complained about nothing and asked nobody else, under its strict policy", () => {
    assert.deepEqual(complaints, []);
  });

  test("runs from a folder of any web server, under any path, in Chinese", async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "playground-"));
    await writeFiles(folder);
    const site = await serveFolder(folder);
    t.after(async () => {
      site.server.close();
      site.server.closeAllConnections();
      await rm(folder, { recursive: true, force: true });
    });
    const [other, problems] = await openPage(browser, `${site.url}#lang=zh&at=1`);
    const [tour] = TOURS;
    assert.ok(tour);
    await takeTour(other, tour, "zh");
    assert.equal(await other.locator("html").getAttribute("lang"), "zh");
    await other.locator("#stage .node").first().press("Enter");
    await other.evaluate(
      "document.querySelectorAll('.member-card details').forEach((one) => { one.open = true; })",
    );
    await takePicture(other, "playground-zh");
    assert.deepEqual(await englishTexts(other), []);
    await other.evaluate("location.hash = 'lang=zh&members=1000'");
    await other.getByRole("alert").getByText("整数").waitFor(SLOW);
    assert.deepEqual(problems, []);
    await other.close();
  });

  test("runs from disk, without a server", async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "playground-"));
    t.after(() => rm(folder, { recursive: true, force: true }));
    await writeFiles(folder);
    const { href } = pathToFileURL(join(folder, "index.html"));
    const [other, problems] = await openPage(browser, `${href}#${SMALL}&at=3000`);
    await other.locator("#stage .node").nth(5).waitFor(SLOW);
    await other.keyboard.press("n");
    await other.waitForURL(/message=\d+$/, SLOW);
    const link = other.locator(".message-card a");
    const [source] = await Promise.all([other.waitForEvent("popup", SLOW), link.click()]);
    await source.locator(`mark#${await link.textContent()}`).waitFor(SLOW);
    assert.deepEqual(problems, []);
    await other.close();
  });
});
