/** A browser for the tests of the dashboard, and what they look for in every page. */
import { accessSync, constants, mkdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];

/** The machine may be busy: a page gets so long for whatever it has to do. */
export const SLOW = { timeout: 60_000 };

/** The browser on this machine; undefined if there is none. */
export function findChromium(): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const candidates = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  return candidates.find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Why tests are skipped; false if they are not. */
export const skip =
  findChromium() === undefined && "no chromium, chromium-browser or google-chrome on the PATH";

/** Starts it without window, sandbox and its own traffic. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: findChromium() ?? "",
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

export interface PageOptions {
  readonly width?: number;
  readonly colorScheme?: "light" | "dark";
  readonly reducedMotion?: "reduce" | "no-preference";
}

/** A page on which any complaint and any foreign address is noted. */
export async function openPage(
  browser: Browser,
  url: string,
  { width = 1_280, colorScheme = "light", reducedMotion = "no-preference" }: PageOptions = {},
): Promise<[Page, string[]]> {
  const viewport = { width, height: 800 };
  const page = await browser.newPage({ viewport, colorScheme, reducedMotion });
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() !== "log") complaints.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", ({ message }) => complaints.push(message));
  page.on("request", (request) => {
    const { protocol, host } = new URL(request.url());
    if (protocol !== "data:" && host !== new URL(url).host) complaints.push(request.url());
  });
  await page.goto(url);
  return [page, complaints];
}

/** Writes a picture of the whole page, if the variable SCREENSHOTS names a folder. */
export async function takePicture(page: Page, name: string): Promise<void> {
  const folder = process.env["SCREENSHOTS"];
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

/** The width that the page takes: wider than the window, it would have to be pushed sideways. */
export function widthOf(page: Page): Promise<number> {
  return page.evaluate("document.documentElement.scrollWidth");
}

/**
 * What the page costs in three seconds: time a second in scripts, in all its work, and the longest
 * for which it could not react. For people: machines differ.
 */
export async function costOf(page: Page): Promise<string> {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  const read = async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    return new Map(metrics.map(({ name, value }) => [name, value]));
  };
  const before = await read();
  const longest = await longestPause(page);
  const after = await read();
  const spent = (name: string) => (after.get(name) ?? 0) - (before.get(name) ?? 0);
  const share = (name: string) => Math.round((spent(name) / spent("Timestamp")) * 1_000);
  await session.detach();
  const script = `${share("ScriptDuration")} ms/s of scripts`;
  return `${script}, ${share("TaskDuration")} ms/s of all work, longest pause ${longest} ms`;
}

/** The longest time, in milliseconds, for which the page could not react in three seconds. */
function longestPause(page: Page): Promise<number> {
  return page.evaluate(`new Promise((resolve) => {
    let last = performance.now();
    let longest = 0;
    const end = last + 3_000;
    const beat = () => {
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
      if (now < end) setTimeout(beat, 10);
      else resolve(Math.round(longest - 10));
    };
    beat();
  })`);
}

/** Presses Tab until the focus is on something that fits the selector. */
export async function tabTo(page: Page, selector: string): Promise<void> {
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press("Tab");
    const isThere = await page.evaluate(
      `document.activeElement.matches(${JSON.stringify(selector)})`,
    );
    if (isThere) return;
  }
  throw new Error(`no way by Tab to ${selector}`);
}

/** Waits until the page has drawn what follows from a new size. */
export async function nextFrame(page: Page): Promise<void> {
  await page.evaluate(`new Promise((drawn) => {
    requestAnimationFrame(() => requestAnimationFrame(drawn));
  })`);
}

/** Texts whose contrast with what is behind them is less than AA of WCAG 2 asks for. */
export function faintTexts(page: Page): Promise<string[]> {
  return page.evaluate(FAINT);
}

/** Texts and labels in which two English words stand side by side; code and what says its language is left out. */
export function englishTexts(page: Page): Promise<string[]> {
  return page.evaluate(ENGLISH);
}

const ENGLISH = `(() => {
  const found = [];
  const note = (text) => {
    if (/[a-z]{2,}[ :,;]+[a-z]{2,}/i.test(text)) found.push(text.trim());
  };
  note(document.title.replace("fabric-gossip", ""));
  for (const element of document.body.querySelectorAll("*")) {
    if (element.closest("pre, script, noscript, [lang=en]")) continue;
    for (const { nodeType, data } of element.childNodes) if (nodeType === 3) note(data);
    for (const name of ["aria-label", "aria-valuetext", "alt", "placeholder", "title"]) {
      note(element.getAttribute(name) ?? "");
    }
  }
  return [...new Set(found)];
})()`;

/** Runs in the page. Signs on members have a disc of their own behind them, and are not text. */
const FAINT = `(() => {
  const channels = (text) => text.match(/[\\d.]+/g).map(Number);
  const luminance = (color) => {
    const [r, g, b] = channels(color).slice(0, 3).map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const isSolid = (color) => (channels(color)[3] ?? 1) === 1;
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if (isSolid(color)) return color;
    }
    return "rgb(255, 255, 255)";
  };
  const hasText = (element) =>
    [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== "");
  const found = [];
  for (const element of document.body.querySelectorAll("*")) {
    if (!hasText(element) || !element.checkVisibility() || element.matches(".sign, .division")) continue;
    const style = getComputedStyle(element);
    const color = element.closest("svg") ? style.fill : style.color;
    const [a, b] = [luminance(color), luminance(behind(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const size = Number.parseFloat(style.fontSize);
    if (size > 0 && ratio < (size >= 24 ? 3 : 4.5)) {
      found.push(element.textContent.trim().slice(0, 40) + " " + ratio.toFixed(2));
    }
  }
  return found;
})()`;
