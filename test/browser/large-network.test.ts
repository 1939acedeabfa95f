/** The dashboard where there is much to show: many members, many messages, and strange ones. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { createCrowd, LATE, messageOf, stageDevnet, stageMember } from "./staged-network.ts";
import { costOf, faintTexts, launchChromium, openPage, SLOW, skip, widthOf } from "./testing.ts";

const TABS = ["Overview", "Members", "Protocol"];

describe("the dashboard where there is much to show", { skip }, () => {
  let browser: Browser;
  before(async () => {
    browser = await launchChromium();
  });
  after(() => browser?.close());

  test("a table of 200 members is sorted, filtered and kept up to date while it is used", async (t) => {
    const { url } = await stageMember(t, createCrowd(201));
    const [page, complaints] = await openPage(browser, `${url}/#members-view`);
    const rows = page.locator("#members tbody tr");
    await rows.nth(200).waitFor(SLOW);
    await page.locator(".members-card .card-head", { hasText: "201 members" }).waitFor(SLOW);
    t.diagnostic(`201 rows: ${await costOf(page)}`);
    await page.getByRole("button", { name: "Certificate" }).click();
    assert.match((await rows.first().textContent()) ?? "", /expired 2 days ago/);
    await page.getByRole("button", { name: "Certificate" }).click();
    await page.locator("#members th[aria-sort=descending]").waitFor(SLOW);
    assert.match((await rows.first().textContent()) ?? "", /^peer200\.org1/);
    await page.getByLabel("Filter").fill("org3msp dead");
    await page.getByText("0 of 201 members").waitFor(SLOW);
    await page.getByLabel("Filter").fill("dead org4");
    await page.getByText("5 of 201 members").waitFor(SLOW);
    assert.equal(await rows.count(), 5);
    await page.getByLabel("Filter").fill("role=shop");
    await page.getByText("20 of 201 members").waitFor(SLOW);
    assert.match((await rows.first().textContent()) ?? "", /role=shop http=10\.0\.0\.\d+:80/);
    await page.getByLabel("Filter").fill("org2 Role=Shop http=10.0.0.13:80");
    await page.getByText("1 of 201 members").waitFor(SLOW);
    await page.getByLabel("Filter").fill("role=sho");
    await page.getByText("0 of 201 members").waitFor(SLOW);
    assert.deepEqual(complaints, []);
    await page.close();
  });

  for (const width of [1_280, 360]) {
    test(`a picture of 200 members fits ${width} pixels`, async (t) => {
      const { url } = await stageMember(t, createCrowd(201));
      const [page] = await openPage(browser, url, { width });
      await page.locator("#summary", { hasText: "195 alive, 1 overdue, 5 dead" }).waitFor(SLOW);
      assert.equal(await page.locator("#graph .node").count(), 201);
      assert.equal(await page.locator("#graph .node.dead").count(), 5);
      assert.equal(await page.locator("#graph .link").count(), 8);
      assert.equal(await page.locator(`.node.quiet[data-name^="peer${LATE}."]`).count(), 1);
      assert.equal(await widthOf(page), width);
      assert.deepEqual(await faintTexts(page), []);
      t.diagnostic(`201 members drawn: ${await costOf(page)}`);
      await page.close();
    });
  }

  test("a devnet of 100 members has its picture and its matrix", async (t) => {
    const [page, complaints] = await openPage(browser, await stageDevnet(t, 100));
    await page.locator("#summary", { hasText: "100 running: all see each other" }).waitFor(SLOW);
    assert.equal(await page.locator("#graph .node.alive").count(), 100);
    assert.equal(await page.locator("#matrix td.alive").count(), 9_900);
    assert.equal(await widthOf(page), 1_280);
    t.diagnostic(`a devnet of 100: ${await costOf(page)}`);
    assert.deepEqual(complaints, []);
    await page.close();
  });

  test("as many messages as a member tells of are shown, and the oldest go", async (t) => {
    const { url, pass } = await stageMember(t, createCrowd(8));
    const [page] = await openPage(browser, `${url}/#protocol`);
    await page.locator("#watching", { hasText: /^0 messages/ }).waitFor(SLOW);
    let id = 0;
    const batch = () =>
      Array.from({ length: 50 }, () => messageOf(++id, { remote: `10.0.0.${id % 6}:7051` }));
    const timer = setInterval(() => pass(batch()), 200);
    await page.locator("#watching", { hasText: /^\d{4,} messages/ }).waitFor(SLOW);
    t.diagnostic(`250 messages a second: ${await costOf(page)}`);
    clearInterval(timer);
    assert.equal(await page.locator("#messages li").count(), 150);
    assert.equal(await page.locator(".lane").count(), 6);
    await page.close();
  });

  test("a lane in which nothing moves any more makes room for a new peer", async (t) => {
    const { url, pass } = await stageMember(t, createCrowd(8));
    const [page] = await openPage(browser, `${url}/#protocol`);
    await page.locator("#watching", { hasText: /^0 messages/ }).waitFor(SLOW);
    const time = new Date(Date.now() - 120_000);
    const past = (id: number) => messageOf(id, { time, remote: `10.0.0.${id}:7051` });
    pass(Array.from({ length: 15 }, (_, index) => past(index)));
    await page.locator(".lane[data-peer=others]").waitFor(SLOW);
    await page
      .locator(".lane .mark")
      .first()
      .waitFor({ ...SLOW, state: "detached" });
    pass([messageOf(20, { remote: "10.0.1.1:7051" })]);
    await page.locator(".lane[data-peer='10.0.1.1:7051']").waitFor(SLOW);
    assert.equal(await page.locator(".lane").count(), 1);
    await page.close();
  });

  test("a page in the background asks nothing, and does not grow", async (t) => {
    const { url, happen, pass } = await stageMember(t, createCrowd(8));
    const [page, complaints] = await openPage(browser, `${url}/#protocol`);
    await page.locator("#watching", { hasText: /^0 messages/ }).waitFor(SLOW);
    await setHidden(page, true);
    await page.locator("#watching", { hasText: /^0 messages$/ }).waitFor(SLOW);
    const asked: string[] = [];
    page.on("request", (request) => asked.push(request.url()));
    const flood = async (count: number) => {
      for (let number = 0; number < count; number++) {
        happen({
          type: "contact-failed",
          endpoint: `c${number}:1`,
          code: "unreachable",
          reason: "unreachable",
          remedy: null,
        });
        pass([messageOf(number)]);
        if (number % 100 === 0) await page.waitForTimeout(20);
      }
      const last = page.locator("#events li", { hasText: `c${count - 1}:1` });
      await last.waitFor({ ...SLOW, state: "attached" });
    };
    await flood(1_000);
    const nodes = await page.evaluate("document.querySelectorAll('*').length");
    await flood(3_000);
    assert.equal(await page.locator("#events li").count(), 200);
    assert.equal(await page.locator("#messages li").count(), 0);
    assert.equal(await page.evaluate("document.querySelectorAll('*').length"), nodes);
    assert.deepEqual(asked, []);
    await setHidden(page, false);
    const timer = setInterval(() => pass([messageOf(1)]), 100);
    await page.locator("#watching", { hasText: /^[1-9]\d* message/ }).waitFor(SLOW);
    clearInterval(timer);
    assert.deepEqual(complaints, []);
    await page.close();
  });

  test("what strangers write is shown as text, and as wide as there is room", async (t) => {
    const markup = `<img src="/x" onerror="document.title='no longer ours'">`;
    const strange = [
      markup,
      `"'><script>document.title='no longer ours'</script>`,
      "w".repeat(512),
      "\u202egnp.elttil\u0000\u200b\u0085\u009b2J\u2066\ufeff\u2028\u3164\u2800:7051",
    ];
    const { url, happen, pass } = await stageMember(t, () =>
      createCrowd(9)().map((member, index) => {
        const text = strange[index - 1];
        if (text === undefined) return member;
        const mspId = text.startsWith("\u202e") ? text : member.mspId;
        const metadata = Buffer.from(text).toString("base64");
        return { ...member, mspId, endpoint: text, metadata };
      }),
    );
    const [page, complaints] = await openPage(browser, url, { width: 360 });
    await page.locator("#summary", { hasText: "sees 7 alive" }).waitFor(SLOW);
    for (const [index, text] of strange.entries()) {
      happen({
        type: "contact-failed",
        endpoint: text,
        code: "timeout",
        reason: text,
        remedy: text,
      });
      await page.locator("#graph .node").nth(index).press("Enter");
    }
    await page.getByRole("log").getByText(markup).waitFor(SLOW);
    await page.locator("#graph .node[data-name^='<img']").click();
    await page.locator(".facts", { hasText: `Metadata${markup}` }).waitFor(SLOW);
    await page.locator("#graph .node[data-name^='\\\\u202egnp']").waitFor(SLOW);
    await page.getByRole("tab", { name: "Protocol" }).click();
    await page.locator("#watching", { hasText: /^0 messages/ }).waitFor(SLOW);
    pass(strange.map((text, id) => messageOf(id, { remote: text, envelope: { message: text } })));
    await page.locator("#messages button", { hasText: markup }).click();
    await page.getByRole("region", { name: "Decoded envelope" }).getByText("<img").waitFor(SLOW);
    for (const width of [360, 768, 1_280]) {
      await page.setViewportSize({ width, height: 800 });
      for (const name of TABS) {
        await page.getByRole("tab", { name }).click();
        assert.equal(await widthOf(page), width, name);
      }
    }
    assert.equal(await page.locator("img").count(), 0);
    assert.equal(await page.locator("script").count(), 1);
    assert.match(await page.title(), /^peer0.* – fabric-gossip$/);
    const text = (await page.locator("body").textContent()) ?? "";
    const invisible = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u3164\u2800]/u;
    assert.doesNotMatch(text.replaceAll("\n", ""), invisible);
    assert.deepEqual(complaints, []);
    await page.close();
  });
});

/** What the browser does when another tab is looked at. */
function setHidden(page: Page, isHidden: boolean): Promise<void> {
  return page.evaluate(`
    Object.defineProperty(document, "hidden", { configurable: true, get: () => ${isHidden} });
    document.dispatchEvent(new Event("visibilitychange"));
  `);
}
