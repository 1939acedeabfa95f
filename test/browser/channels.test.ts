/** The page of a channel in a real browser: sixty peers, keyboard, address, phone, dark. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Browser, Locator, Page } from "playwright-core";
import type { EventContent } from "../../src/observe/events.ts";
import { findFaults, tabStops, walkByArrows, walkByTab } from "./audit.ts";
import { CRL_PENDING, LAGGING, stageChannel } from "./staged-channel.ts";
import { createCrowd, type Stage, stageMember } from "./staged-network.ts";
import {
  faintTexts,
  launchChromium,
  openPage,
  SLOW,
  skip,
  tabTo,
  takePicture,
  widthOf,
} from "./testing.ts";

const PEERS = 60;
const keyOf = (at: number) => at.toString(16).padStart(64, "0");

describe("the page of a channel", { skip }, () => {
  const state = { height: 1_240, sequence: 4 };
  let browser: Browser;
  let page: Page;
  let complaints: string[];
  let stage: Stage;
  let chosen: Locator;
  const ends: (() => unknown)[] = [];
  before(async () => {
    const crowd = createCrowd(PEERS);
    const channels = ["ch1", "supply-chain"].map((name) => stageChannel(name, crowd, state));
    stage = await stageMember({ after: (end) => ends.push(end) }, crowd, channels);
    browser = await launchChromium();
    [page, complaints] = await openPage(browser, `${stage.url}/?channel=supply-chain#channels`);
    chosen = page.locator("#channel-members tr.chosen");
  });
  after(async () => {
    await browser?.close();
    for (const end of ends) await end();
  });

  test("shows heights, who is behind, chaincodes, configuration and blocks of sixty peers", async () => {
    await page.getByRole("heading", { name: "Channel supply-chain" }).waitFor(SLOW);
    await page
      .locator("#channel-members tbody tr")
      .nth(PEERS - 1)
      .waitFor(SLOW);
    assert.equal(await page.locator("#heights .line").count(), PEERS);
    assert.equal(await page.locator("#heights .line.late").count(), 1);
    // Whom one looks at first is the one that is most behind.
    assert.match((await chosen.textContent()) ?? "", new RegExp(`^peer${LAGGING}\\.`));
    assert.match((await page.locator(".peer-details").textContent()) ?? "", /40 blocks/);
    await page.getByText("1 on 13 of 14").waitFor(SLOW);
    await page.getByText("Org4MSP has no anchor peer").waitFor(SLOW);
    const problem = "No block of supply-chain came for 10 min. Look at the orderers.";
    await page.locator(".channel-card .problems .warn", { hasText: problem }).waitFor(SLOW);
    const marked = page.locator("#channel-members tbody tr", { hasText: "problem" });
    assert.match((await marked.textContent()) ?? "", new RegExp(`^peer${CRL_PENDING}\\.`));
    assert.equal(await page.locator("#channel-blocks tbody tr").count(), 20);
    await page.getByText("1 of 3 invalid: MVCC read conflict").first().waitFor(SLOW);
  });

  test("follows what happens: marks and list have the same sentence", async () => {
    await page.locator("#stream", { hasText: "live" }).waitFor({ ...SLOW, state: "attached" });
    for (const event of happenings()) stage.happen(event);
    Object.assign(state, { height: 1_242, sequence: 5 });
    await page.locator("#channel-blocks tbody tr", { hasText: /^1,241/ }).waitFor(SLOW);
    const sentence = /^peer9\.org2.*:7051 lags on supply-chain: 40 blocks behind$/;
    const marks = page.locator("#heights .mark.bad title");
    assert.match((await marks.textContent()) ?? "", sentence);
    await page.locator("#channel-events .text", { hasText: sentence }).waitFor(SLOW);
    await page.locator(".diff ins", { hasText: "+ organisation Org5MSP" }).waitFor(SLOW);
    await page.getByText("5, of block 500").waitFor(SLOW);
    assert.deepEqual(await page.locator("#events .text").allTextContents().then(everyday), []);
    await takePicture(page, "channel");
  });

  test("looks back beyond the events: to what the member has seen in the last hour", async () => {
    await page.getByLabel("Look back").selectOption("1 hour");
    // Everybody but the one that lags was a hundred blocks lower half an hour ago.
    await page.locator("#heights text.height", { hasText: "1,150" }).waitFor(SLOW);
    await page.getByLabel("Look back").selectOption("10 minutes");
  });

  test("what is wanted is in the address, and survives a reload", async () => {
    await page.locator("#peers-filter").fill("org2msp up");
    await page.getByText("13 of 60 peers").waitFor(SLOW);
    await page.getByRole("button", { name: "Height", exact: true }).click();
    await page.locator("#channel-members button.choice").nth(2).click();
    await page.getByLabel("Look back").selectOption("2 minutes");
    const name = await chosen.locator("button").textContent();
    await page.reload();
    await page.getByText("13 of 60 peers").waitFor(SLOW);
    assert.equal(await chosen.locator("button").textContent(), name);
    assert.equal(await page.getByLabel("Look back").inputValue(), "2");
    const sorted = "#channel-members th[aria-sort=ascending]";
    await page.locator(sorted, { hasText: "Height" }).waitFor(SLOW);
    const { searchParams, hash } = new URL(page.url());
    const keys = ["channel", "peer", "peers-filter", "peers-sort", "window"];
    assert.deepEqual([...searchParams.keys()].sort(), keys);
    assert.equal(hash, "#channels");
    await page.locator("#channel-name").selectOption("ch1");
    await page.getByRole("heading", { name: "Channel ch1" }).waitFor(SLOW);
    assert.equal(await page.locator("#channel-events li").count(), 0);
  });

  test("tells who of its members is dead or back, and of nobody else", async () => {
    const [, shown] = createCrowd(2)();
    assert.ok(shown);
    const times = { lastSeen: new Date(), since: new Date(), identityExpires: null };
    const data = { metadata: new Uint8Array(0), incarnation: 1n, sequence: 1n };
    const member = { ...shown, ...times, ...data };
    const stranger = {
      ...member,
      pkiId: "f".repeat(64) as typeof member.pkiId,
      endpoint: "else:1",
    };
    for (const one of [stranger, member]) {
      stage.happen({ type: "member-dead", member: one, reason: "silent" });
      stage.happen({ type: "member-returned", member: one });
    }
    const told = page.locator("#channel-events .text", { hasText: /is dead: silent$|is back$/ });
    await told.nth(1).waitFor(SLOW);
    const name = member.endpoint;
    assert.deepEqual(await told.allTextContents(), [`${name} is back`, `${name} is dead: silent`]);
  });

  test("Tab leads to every control, arrow keys to every peer, Enter chooses", async () => {
    const stops = await walkByTab(page);
    assert.deepEqual(
      stops.map(({ index }) => index).sort((a, b) => a - b),
      await tabStops(page),
    );
    assert.deepEqual(
      stops.filter(({ isVisible }) => !isVisible),
      [],
    );
    await tabTo(page, "#channel-members button.choice");
    const peers = await walkByArrows(page, "ArrowDown");
    assert.equal(peers.length, 13);
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    const title = page.locator("#peer-details-title", { hasText: peers[1]?.name ?? "" });
    await title.waitFor(SLOW);
  });

  for (const [width, colorScheme] of [
    [1_280, "light"],
    [768, "dark"],
    [360, "light"],
  ] as const) {
    test(`everything has name, room and contrast at ${width} pixels, ${colorScheme}`, async () => {
      await page.setViewportSize({ width, height: 800 });
      await page.emulateMedia({ colorScheme });
      assert.deepEqual(await findFaults(page), []);
      assert.deepEqual(await faintTexts(page), []);
      assert.equal(await widthOf(page), width);
      await takePicture(page, `channel-${width}`);
    });
  }

  test("complained about nothing and asked nobody else", () => {
    assert.deepEqual(complaints, []);
  });
});

/** Heights and blocks have their places on the page of the channel. */
function everyday(lines: string[]): string[] {
  return lines.filter((line) => /has \d+ blocks/.test(line));
}

function happenings(): EventContent[] {
  const channel = "supply-chain";
  const heights = Array.from({ length: PEERS }, (_, at) => ({
    ...({ type: "channel-height", channel, mspId: "Org1MSP", height: 1_241n } as const),
    ...{ pkiId: keyOf(at), committedAt: new Date() },
  }));
  const lag = { mspId: "Org2MSP", height: 1_200n, behind: 40n, lagSeconds: 95 };
  return [
    ...heights.toSpliced(LAGGING, 1),
    { type: "channel-member-lagging", channel, pkiId: keyOf(LAGGING), ...lag },
    {
      ...({ type: "channel-config-changed", channel, sequence: 5n, number: 500n } as const),
      added: ["organisation Org5MSP"],
      removed: ["anchor peer0.org4.example.com:7051 of Org4MSP"],
      paths: ["/Channel/Application/Org5MSP"],
    },
  ];
}
