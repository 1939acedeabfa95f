/** The dashboard of a devnet in a real browser: what it shows, and what its buttons do. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { type DevnetProcess, eventually, startDevnet } from "../devnet-process.ts";
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

const BASE_PORT = 19_460;
const NAMES = ["peer0.org1", "peer1.org1", "peer2.org1", "peer0.org2", "peer1.org2", "peer2.org2"];

/** `picture`: what the documents show. */
const WINDOWS = [
  { width: 1_280, colorScheme: "light", picture: undefined },
  { width: 768, colorScheme: "light", picture: undefined },
  { width: 360, colorScheme: "light", picture: "dashboard-360" },
  { width: 1_280, colorScheme: "dark", picture: undefined },
  { width: 768, colorScheme: "dark", picture: "dashboard-768-dark" },
  { width: 360, colorScheme: "dark", picture: undefined },
] as const;

function matrixText(page: Page): Promise<string[]> {
  return page
    .locator("#matrix tbody tr")
    .evaluateAll((rows) =>
      rows.map((row) => [...row.querySelectorAll("td")].map((cell) => cell.textContent).join(" ")),
    );
}

/** Rows of the matrix: what an observer says of a member. */
function matrixOf(relation: (observer: number, member: number) => string): string[] {
  return NAMES.map((_, row) =>
    NAMES.map((_, column) => (row === column ? "self" : relation(row, column))).join(" "),
  );
}

const ALL_ALIVE = matrixOf(() => "alive");

/** Waits until the matrix is `wanted`, row by row; a failure shows what the devnet has printed. */
async function awaitMatrix(
  page: Page,
  wanted: readonly string[],
  devnet: DevnetProcess,
): Promise<void> {
  const deadlineMs = performance.now() + SLOW.timeout;
  let actual: string[] = [];
  while (performance.now() < deadlineMs) {
    actual = await matrixText(page);
    if (actual.join() === wanted.join()) return;
    await page.waitForTimeout(100);
  }
  assert.deepEqual(actual, wanted, devnet.output());
}

function nodeOf(page: Page, name: string) {
  return page.locator(`#graph .node[data-name="${name}"]`);
}

/** The member as the picture shows it. */
async function awaitNode(page: Page, name: string, state: string): Promise<void> {
  await page.locator(`#graph .node.${state}[data-name="${name}"]`).waitFor(SLOW);
}

describe("the dashboard of a devnet", { skip }, () => {
  let devnet: DevnetProcess;
  let browser: Browser;
  let page: Page;
  let complaints: string[];

  before(async () => {
    devnet = await startDevnet(["--fast", "--base-port", String(BASE_PORT)]);
    browser = await launchChromium();
    [page, complaints] = await openPage(browser, devnet.url);
  });

  after(async () => {
    await browser?.close();
    await devnet?.stop();
  });

  test("shows that all members see each other", async () => {
    await awaitMatrix(page, ALL_ALIVE, devnet);
    await page.locator("#summary", { hasText: "6 running: all see each other" }).waitFor(SLOW);
    for (const name of NAMES) await awaitNode(page, name, "alive");
    assert.deepEqual(await page.locator("#graph .group-name").allTextContents(), [
      "Org1MSP",
      "Org2MSP",
    ]);
  });

  test("draws a line for every connection, and a pulse for every heartbeat", async () => {
    await page
      .locator("#graph .link")
      .nth(4)
      .waitFor({ ...SLOW, state: "attached" });
    const lines = await page.locator("#graph .link").count();
    const label = await page.locator("#graph").getAttribute("aria-label");
    assert.match(label ?? "", new RegExp(`^6 members, ${lines} connections`));
    for (const name of NAMES) {
      await page.locator(`.node[data-name="${name}"][data-beats]`).waitFor(SLOW);
    }
  });

  test("stops a member by keyboard alone, and shows it dead in picture, matrix and events", async () => {
    await page.reload();
    await awaitMatrix(page, ALL_ALIVE, devnet);
    await tabTo(page, "#graph .node");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Enter");
    await page.locator("#details-title", { hasText: NAMES[1] ?? "" }).waitFor(SLOW);
    await tabTo(page, "[data-action=stop]");
    await page.keyboard.press("Enter");
    await awaitNode(page, "peer1.org1", "dead");
    const dead = matrixOf((_, member) => (member === 1 ? "dead" : "alive"));
    dead[1] = NAMES.map(() => "none").join(" ");
    await awaitMatrix(page, dead, devnet);
    await page.getByRole("log").getByText("peer1.org1 is dead for").first().waitFor(SLOW);
    await page
      .locator("#announcement", { hasText: "peer1.org1" })
      .waitFor({ ...SLOW, state: "attached" });
    await takePicture(page, "dashboard");
    const start = page.getByRole("button", { name: "Start peer1.org1" }).first();
    assert.equal(await start.evaluate((button) => button.matches(":focus")), true);
    const kill = page.getByRole("button", { name: "Kill peer1.org1" }).first();
    assert.equal(await kill.getAttribute("aria-disabled"), "true");
    await page.keyboard.press("Enter");
    await awaitMatrix(page, ALL_ALIVE, devnet);
  });

  test("tells a paused member from a stopped one", async () => {
    await nodeOf(page, "peer0.org2").click();
    await page.getByRole("button", { name: "Pause peer0.org2" }).first().click();
    await page.locator("#summary", { hasText: "5 running, 1 no answer" }).waitFor(SLOW);
    await awaitNode(page, "peer0.org2", "silent");
    await page.getByRole("button", { name: "Resume peer0.org2" }).first().click();
    await awaitMatrix(page, ALL_ALIVE, devnet);
  });

  test("takes the network apart between organisations, and heals it", async () => {
    await page.getByRole("button", { name: "Split organisations" }).click();
    await page.getByText("Partitioned: no traffic between").waitFor(SLOW);
    const isTogether = (a: number, b: number) => a < 3 === b < 3;
    const divided = matrixOf((a, b) => (isTogether(a, b) ? "alive" : "dead"));
    await awaitMatrix(page, divided, devnet);
    await awaitNode(page, "peer0.org1", "partial");
    await takePicture(page, "dashboard-partition");
    await page.getByRole("button", { name: "Heal" }).click();
    await awaitMatrix(page, ALL_ALIVE, devnet);
    await page.locator("#split").waitFor({ ...SLOW, state: "hidden" });
  });

  test("divides it in groups that are chosen in a dialog", async () => {
    await page.getByRole("button", { name: "Partition…" }).click();
    const dialog = page.getByRole("dialog", { name: "Partition the network" });
    await dialog.getByRole("group", { name: "peer2.org2" }).getByLabel("Group 2").check();
    await dialog.getByRole("button", { name: "Partition" }).click();
    const isAlone = (a: number, b: number) => a === 5 || b === 5;
    await awaitMatrix(
      page,
      matrixOf((a, b) => (isAlone(a, b) ? "dead" : "alive")),
      devnet,
    );
    await page.getByRole("button", { name: "Heal" }).click();
    await awaitMatrix(page, ALL_ALIVE, devnet);
  });

  test("cuts off a single member by its button", async () => {
    await nodeOf(page, "peer2.org1").click();
    await page.getByRole("button", { name: "Isolate peer2.org1" }).click();
    await page.locator("#details-title", { hasText: "peer2.org1" }).waitFor(SLOW);
    await page.locator(".details .badge", { hasText: "seen by 0 of 5" }).waitFor(SLOW);
    await page.getByRole("button", { name: "Heal" }).click();
    await awaitMatrix(page, ALL_ALIVE, devnet);
  });

  test("revokes a member, which all others forget, and gives it a new certificate", async () => {
    await nodeOf(page, "peer2.org1").click();
    await page.getByRole("button", { name: "Revoke peer2.org1" }).first().click();
    await page.getByRole("log").getByText("peer2.org1: certificate revoked").waitFor(SLOW);
    await page.getByRole("log").getByText("peer2.org1 is unknown to").first().waitFor(SLOW);
    await awaitNode(page, "peer2.org1", "partial");
    await page.locator(".details .badge", { hasText: "seen by 0 of 5" }).waitFor(SLOW);
    const opinions = (await matrixText(page)).map((row) => row.split(" ")[2]);
    assert.deepEqual(opinions.toSpliced(2, 1), Array(5).fill("unknown"));
    await page.getByRole("button", { name: "Renew peer2.org1" }).first().click();
    await awaitMatrix(page, ALL_ALIVE, devnet);
  });

  test("explains why a member is seen as it is", async () => {
    await nodeOf(page, "peer1.org2").click();
    await page.getByRole("button", { name: "Why is peer1.org2 seen as it is?" }).click();
    await page.locator(".why", { hasText: /says:.*alive/s }).waitFor(SLOW);
  });

  test("shows messages as they flow, and any of them decoded", async () => {
    await page.getByRole("tab", { name: "Protocol" }).click();
    await page.getByLabel("Messages of").selectOption("peer0.org1");
    await page
      .locator(".lane .mark")
      .first()
      .waitFor({ ...SLOW, state: "attached" });
    // By script and at once: the rows move while messages flow.
    const open = `(() => {
      const rows = [...document.querySelectorAll("#messages button")];
      const row = rows.find(({ textContent }) => textContent.includes("digest"));
      row?.click();
      return row !== undefined;
    })()`;
    await eventually(
      "a row is opened",
      async () => (await page.evaluate(open)) === true || undefined,
    );
    await page.getByRole("button", { name: "Resume" }).waitFor(SLOW);
    const envelope = await page.getByRole("region", { name: "Decoded envelope" }).textContent();
    const { message } = JSON.parse(envelope ?? "");
    assert.ok(
      "data_dig" in message || "alive_msg" in message || "hello" in message,
      envelope ?? "",
    );
    const before = await page.locator("#watching").textContent();
    assert.match(before ?? "", /^paused: \d+ messages/);
    await page.waitForTimeout(1_500); // While it is paused, nothing is watched.
    assert.equal(await page.locator("#watching").textContent(), before);
    await page.getByRole("button", { name: "Resume" }).click();
    await page.locator("#watching", { hasText: /^\d+ messages/ }).waitFor(SLOW);
  });

  test("hides the kinds of messages that are switched off", async () => {
    await page.getByRole("checkbox", { name: /alive/ }).uncheck();
    await page.locator("#messages button", { hasText: "hello" }).first().waitFor(SLOW);
    assert.equal(await page.locator("#messages button", { hasText: /alive/ }).count(), 0);
    await page.getByRole("checkbox", { name: /alive/ }).check();
  });

  test("kills a member by its button in the table and starts it again, keeping the focus", async () => {
    await page.getByRole("tab", { name: "Members" }).click();
    assert.deepEqual(await page.locator("#members tbody th").allTextContents(), NAMES);
    const row = page.locator("#members tr[data-name='peer1.org2']");
    const kill = row.getByRole("button", { name: "Kill peer1.org2" });
    await kill.focus();
    await page.keyboard.press("Enter");
    await row.getByText("dead", { exact: true }).waitFor(SLOW);
    assert.equal(await kill.evaluate((button) => button.matches(":focus")), true);
    await row.getByRole("button", { name: "Start peer1.org2" }).click();
    await row.getByText("alive", { exact: true }).waitFor(SLOW);
  });

  for (const { width, colorScheme, picture } of WINDOWS) {
    test(`is readable and as wide as its window: ${width} pixels, ${colorScheme}`, async () => {
      const [view] = await openPage(browser, devnet.url, { width, colorScheme });
      await awaitMatrix(view, ALL_ALIVE, devnet);
      await view.getByRole("tab", { name: "Protocol" }).click();
      await view.locator("#messages li").nth(20).waitFor(SLOW);
      for (const tab of ["Protocol", "Members", "Overview"]) {
        await view.getByRole("tab", { name: tab }).click();
        assert.equal(await widthOf(view), width, tab);
        assert.deepEqual(await faintTexts(view), [], tab);
      }
      if (picture !== undefined) await takePicture(view, picture);
      await view.close();
    });
  }

  test("can be switched to dark by hand, and remembers it", async () => {
    const background = () => page.evaluate("getComputedStyle(document.body).backgroundColor");
    const light = await background();
    await page.getByRole("button", { name: "Theme: system" }).click();
    await page.getByRole("button", { name: "Theme: light" }).click();
    await page.getByRole("button", { name: "Theme: dark" }).waitFor(SLOW);
    const dark = await background();
    assert.notEqual(dark, light);
    await page.reload();
    assert.equal(await background(), dark);
  });

  test("moves nothing where motion is unwelcome, and shows heartbeats all the same", async () => {
    const [still] = await openPage(browser, devnet.url, { reducedMotion: "reduce" });
    await still.locator(".node[data-beats='2']").first().waitFor(SLOW);
    assert.equal(await still.evaluate("document.getAnimations().length"), 0);
    await still.locator(".node[data-beats='4']").first().waitFor(SLOW);
    assert.equal(await still.evaluate("document.getAnimations().length"), 0);
    await still.close();
  });

  test("complained about nothing and asked nobody else", () => {
    assert.deepEqual(complaints, []);
  });

  test("says so when the devnet is gone", async () => {
    await devnet.stop();
    await page.getByRole("alert").getByText("The devnet does not answer").waitFor(SLOW);
  });
});
