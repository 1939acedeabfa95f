/** The dashboard without a mouse, and for those who hear it. */
import assert from "node:assert/strict";
import { after, before, describe, type TestContext, test } from "node:test";
import type { Browser } from "playwright-core";
import { findFaults, tabStops, walkByArrows, walkByTab } from "./audit.ts";
import { createCrowd, messageOf, stageDevnet, stageMember } from "./staged-network.ts";
import { faintTexts, launchChromium, openPage, SLOW, skip, tabTo, widthOf } from "./testing.ts";

const VIEWS = ["Overview", "Members", "Protocol"];
const WINDOWS = [
  { width: 1_280, colorScheme: "light" },
  { width: 768, colorScheme: "dark" },
  { width: 360, colorScheme: "light" },
] as const;

const PAGES = [
  { kind: "member", serve: async (t: TestContext) => (await stageMember(t, crowd())).url },
  { kind: "devnet", serve: (t: TestContext) => stageDevnet(t, 6) },
] as const;

function crowd() {
  return createCrowd(9);
}

describe("the dashboard without a mouse, and for those who hear it", { skip }, () => {
  let browser: Browser;
  before(async () => {
    browser = await launchChromium();
  });
  after(() => browser?.close());

  for (const { kind, serve } of PAGES) {
    for (const { width, colorScheme } of WINDOWS) {
      test(`${kind}: everything has name, room and contrast at ${width} pixels, ${colorScheme}`, async (t) => {
        const [page] = await openPage(browser, await serve(t), { width, colorScheme });
        await page.locator("#summary:not(:text('loading'))").waitFor(SLOW);
        for (const name of VIEWS) {
          await page.getByRole("tab", { name }).click();
          assert.deepEqual(await findFaults(page), [], name);
          assert.deepEqual(await faintTexts(page), [], name);
          assert.equal(await widthOf(page), width, name);
        }
        await page.close();
      });
    }

    test(`${kind}: Tab leads to every control of every view, and the focus can be seen`, async (t) => {
      const [page] = await openPage(browser, await serve(t));
      await page.locator("#summary:not(:text('loading'))").waitFor(SLOW);
      for (const name of VIEWS) {
        await page.getByRole("tab", { name }).click();
        const stops = await walkByTab(page);
        const places = stops.map(({ index }) => index).sort((a, b) => a - b);
        assert.deepEqual(places, await tabStops(page), name);
        assert.deepEqual(
          stops.filter(({ isVisible }) => !isVisible),
          [],
          name,
        );
      }
      await page.close();
    });
  }

  test("arrow keys lead to every view, member and message, and round again", async (t) => {
    const { url, pass } = await stageMember(t, crowd());
    const [page] = await openPage(browser, url);
    await page.locator("#graph .node").first().waitFor(SLOW);
    await tabTo(page, "[role=tab]");
    assert.deepEqual(
      (await walkByArrows(page, "ArrowRight")).map(({ name }) => name),
      VIEWS,
    );
    await tabTo(page, "#graph .node");
    const members = await walkByArrows(page, "ArrowRight");
    assert.equal(members.length, 9);
    assert.match(members[0]?.name ?? "", /^peer0\.org1.*:7051, Org1MSP, alive, this member$/);
    assert.match(members[7]?.name ?? "", /, Org4MSP, dead$/);
    assert.deepEqual(
      members.filter(({ isVisible }) => !isVisible),
      [],
    );
    await page.getByRole("tab", { name: "Protocol" }).click();
    await page.locator("#watching", { hasText: /^0 messages/ }).waitFor(SLOW);
    pass([1, 2, 3, 4].map((id) => messageOf(id)));
    await page.locator("#messages li").nth(3).waitFor(SLOW);
    await tabTo(page, "#messages button");
    assert.equal((await walkByArrows(page, "ArrowDown")).length, 4);
    await page.close();
  });

  test("the picture, the matrix and the table are read out as what they are", async (t) => {
    const [page] = await openPage(browser, await stageDevnet(t, 6));
    await page.locator("#matrix td.alive").first().waitFor(SLOW);
    const graph = await page.locator("#graph").ariaSnapshot();
    assert.match(graph, /group "6 members, 12 connections\. Arrow keys move, Enter selects\."/);
    assert.match(graph, /button "peer0\.org2, Org2MSP, alive"/);
    const matrix = await page.locator("#matrix").ariaSnapshot();
    assert.match(matrix, /rowheader "peer0\.org1"\n\s+- cell "self"\n\s+- cell "alive"/);
    for (const width of [1_280, 360]) {
      await page.setViewportSize({ width, height: 800 });
      await page.getByRole("tab", { name: "Members" }).click();
      const table = await page.locator("#members").ariaSnapshot();
      assert.match(table, /rowheader "peer0\.org1"\n\s+- cell "Org1MSP"/, `${width}`);
      assert.match(table, /button "Stop peer0\.org1"/, `${width}`);
    }
    await page.close();
  });

  test("what can be done to members of a channel is whole on a phone", async (t) => {
    const [page] = await openPage(browser, await stageDevnet(t, 6), { width: 360 });
    await page.getByRole("tab", { name: "Channel" }).click();
    const buttons = page.getByRole("button", { name: /^Let it (lag|catch up): / });
    await buttons.first().waitFor(SLOW);
    const isWhole = await page.evaluate(`
      [...document.querySelectorAll("button[aria-label^='Let it']")].map((one) =>
        one.getBoundingClientRect().right <= one.closest(".scroll").getBoundingClientRect().right)`);
    assert.deepEqual(isWhole, Array(6).fill(true));
    await page.close();
  });

  test("on a phone the matrix shows signs and says words", async (t) => {
    const [page] = await openPage(browser, await stageDevnet(t, 6), { width: 360 });
    const cell = page.locator("#matrix td.alive").first();
    await cell.waitFor(SLOW);
    assert.equal(await cell.textContent(), "alive");
    const sign = await page.evaluate(
      "getComputedStyle(document.querySelector('#matrix td.alive'), '::before').content",
    );
    assert.match(`${sign}`, /^"✓"/);
    await page.close();
  });

  test("on a phone the name of the page of a member stays in one line", async (t) => {
    const [page] = await openPage(browser, (await stageMember(t, crowd())).url, { width: 360 });
    await page.locator("#summary", { hasText: "sees" }).waitFor(SLOW);
    const lines = await page.evaluate(`
      const range = document.createRange();
      range.selectNode(document.querySelector("h1").firstChild);
      new Set([...range.getClientRects()].map(({ top }) => top)).size`);
    assert.equal(lines, 1);
    await page.close();
  });

  test("what matters is spoken, and what comes all the time is not", async (t) => {
    const { url, happen } = await stageMember(t, crowd());
    const [page] = await openPage(browser, url);
    await page.locator("#stream", { hasText: "live" }).waitFor(SLOW);
    const spoken = page.locator("p#announcement[role=status]");
    const [, shown] = crowd()();
    assert.ok(shown);
    const times = { lastSeen: new Date(), since: new Date(), identityExpires: null };
    const member = {
      ...shown,
      ...times,
      metadata: new Uint8Array(0),
      incarnation: 1n,
      sequence: 1n,
    };
    happen({
      type: "connection-closed",
      pkiId: member.pkiId,
      code: "idle",
      reason: "not used any more",
    });
    happen({ type: "member-dead", member, reason: "silent" });
    await spoken.getByText("peer1.org2.example.com:7051 is dead: silent").waitFor(SLOW);
    const log = page.getByRole("log", { name: "Events" });
    await log.getByText(/connection with peer1\.org2.* closed/).waitFor(SLOW);
    assert.doesNotMatch((await spoken.textContent()) ?? "", /more|connection/);
    await page.close();
  });

  test("the dialog takes the focus, keeps it, and gives it back", async (t) => {
    const [page] = await openPage(browser, await stageDevnet(t, 6));
    await page.locator("#matrix td.alive").first().waitFor(SLOW);
    const opener = page.getByRole("button", { name: "Partition…" });
    await opener.press("Enter");
    const dialog = page.getByRole("dialog", { name: "Partition the network" });
    await dialog.waitFor(SLOW);
    const isInside = "document.activeElement.closest('dialog') !== null";
    assert.equal(await page.evaluate(isInside), true);
    for (const control of [/radio/, /radio/]) {
      await page.keyboard.press("Tab");
      assert.match(await page.evaluate("document.activeElement.type"), control);
    }
    await page.keyboard.press("ArrowRight");
    assert.equal(await page.evaluate("document.activeElement.value"), "1");
    assert.deepEqual(await findFaults(page), []);
    await page.keyboard.press("Escape");
    await dialog.waitFor({ ...SLOW, state: "hidden" });
    assert.equal(await opener.evaluate((button) => button.matches(":focus")), true);
    await page.close();
  });
});
