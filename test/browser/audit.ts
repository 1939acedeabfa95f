/** What a screen reader and a keyboard find in a page: checks that run in it. */
import type { Page } from "playwright-core";

/** Everything that can be reached or pressed. */
const CONTROLS =
  "a[href], button, input, select, summary, [tabindex='0'], [role=button], [role=tab]";

/**
 * What WCAG 2.2 would complain about: nameless controls, controls smaller than 24 pixels, ids that
 * are there twice or lead nowhere, a broken order of headings, tables without heads, missing or
 * repeated landmarks, signs of a state that are hard to see.
 */
export function findFaults(page: Page): Promise<string[]> {
  return page.evaluate(`(${AUDIT})(${JSON.stringify(CONTROLS)})`);
}

/** The control that has the focus, and whether that can be seen; null: none has it. */
export interface Stop {
  readonly name: string;
  readonly isVisible: boolean;
  /** Its place among all controls that are shown. */
  readonly index: number;
}

/** Presses Tab once through the whole page. Returns where the focus was. */
export async function walkByTab(page: Page): Promise<Stop[]> {
  await page.evaluate(`
    document.body.tabIndex = -1;
    document.body.focus();
    document.body.removeAttribute("tabindex");
  `);
  const stops: Stop[] = [];
  for (let presses = 0; presses < 200; presses++) {
    await page.keyboard.press("Tab");
    const stop = await focusOf(page);
    if (stop === null || stop.index === stops[0]?.index) return stops;
    stops.push(stop);
  }
  throw new Error("Tab never comes to the end of the page");
}

/** Presses the key until the focus has been everywhere it leads; returns the names. */
export async function walkByArrows(page: Page, key: string): Promise<Stop[]> {
  const stops: Stop[] = [];
  for (;;) {
    const stop = await focusOf(page);
    if (stop === null || stop.index === stops[0]?.index) return stops;
    stops.push(stop);
    await page.keyboard.press(key);
  }
}

/** Controls that are shown and in the order of the tab key, as places among all that are shown. */
export function tabStops(page: Page): Promise<number[]> {
  return page.evaluate(`(() => {
    const shown = [...document.querySelectorAll(${JSON.stringify(CONTROLS)})]
      .filter((control) => control.checkVisibility());
    return shown.flatMap((control, index) => (control.tabIndex < 0 ? [] : [index]));
  })()`);
}

function focusOf(page: Page): Promise<Stop | null> {
  return page.evaluate(`(() => {
    const focused = document.activeElement;
    if (focused === null || focused === document.body) return null;
    const shown = [...document.querySelectorAll(${JSON.stringify(CONTROLS)})]
      .filter((control) => control.checkVisibility());
    const isRinged = (element) => {
      const { outlineStyle, outlineWidth } = getComputedStyle(element);
      return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
    };
    const ring = focused.querySelector(".focus");
    const label = focused.closest("label");
    return {
      name: focused.ariaLabel ?? focused.textContent.trim() ?? focused.id,
      index: shown.indexOf(focused),
      isVisible: isRinged(focused) || (label !== null && isRinged(label)) ||
        (ring !== null && getComputedStyle(ring).stroke !== "none"),
    };
  })()`);
}

const AUDIT = `(selector) => {
  const faults = [];
  const all = (query) => [...document.querySelectorAll(query)];
  const shown = (query) => all(query).filter((element) => element.checkVisibility());
  const textOf = (ids) => (ids ?? "").split(" ")
    .map((id) => document.getElementById(id)?.textContent ?? "").join("");
  const nameOf = (element) =>
    (element.ariaLabel ?? "") || textOf(element.getAttribute("aria-labelledby")) ||
    [...(element.labels ?? [])].map((label) => label.textContent).join("") ||
    (element.matches("input, select") ? "" : element.textContent);

  const ids = all("[id]").map(({ id }) => id);
  for (const id of new Set(ids)) {
    if (ids.filter((other) => other === id).length > 1) faults.push("id twice: " + id);
  }
  for (const name of ["aria-controls", "aria-labelledby", "for"]) {
    for (const element of all("[" + name + "]")) {
      for (const id of element.getAttribute(name).split(" ")) {
        if (!ids.includes(id)) faults.push(name + " leads nowhere: " + id);
      }
    }
  }
  for (const control of shown(selector)) {
    if (nameOf(control).trim() === "") faults.push("no name: " + control.outerHTML.slice(0, 90));
    if (control.tabIndex > 0) faults.push("order of its own: " + nameOf(control));
    const { width, height } = (control.closest("label") ?? control).getBoundingClientRect();
    const isSmall = Math.min(width, height) < 24 && !control.matches(".skip, .dense *");
    if (isSmall) faults.push("small: " + nameOf(control) + " " + Math.round(width) + " x " + Math.round(height));
  }
  const levels = shown("h1, h2, h3").map(({ tagName }) => Number(tagName[1]));
  if (levels.filter((level) => level === 1).length !== 1) faults.push("not one h1");
  levels.forEach((level, at) => {
    if (level > (levels[at - 1] ?? 0) + 1) faults.push("a level of headings is left out");
  });
  for (const landmark of ["main", "header", "[role=tablist]"]) {
    if (shown(landmark).length !== 1) faults.push("not one " + landmark);
  }
  if (document.documentElement.lang === "" || document.title === "") faults.push("no language or title");
  for (const part of shown("[role=group], [role=region], [role=log], [role=tabpanel], fieldset, dialog, section")) {
    const name = nameOf(part.matches("fieldset") ? part.querySelector("legend") ?? part : part);
    if (name.trim() === "") faults.push("a part without a name: " + part.className);
  }
  for (const table of shown("table")) {
    if (table.caption === null || table.querySelector("th[scope=col]") === null) {
      faults.push("table without caption or heads: " + table.id);
    }
  }
  const luminance = (color) => {
    const [r, g, b] = color.match(/[\\d.]+/g).slice(0, 3).map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const backOf = getComputedStyle(document.querySelector(".card")).backgroundColor;
  const edges = [...shown(".dot").map((dot) => getComputedStyle(dot).borderColor),
    ...shown(".disc").map((disc) => getComputedStyle(disc).stroke)];
  for (const edge of new Set(edges)) {
    const [a, b] = [luminance(edge), luminance(backOf)];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 3) faults.push("a state's ring is faint: " + ratio.toFixed(2));
  }
  return faults;
}`;
