/** The kinds of messages: colour, letter, count; each can be hidden. */
import { make, setText } from "../../dashboard/dom.js";
import { kindOf } from "../../dashboard/message-types.js";
import { letterOf, typeOf } from "./flights.js";
import { t, w } from "./words.js";

const KINDS = [
  "alive",
  "membership-request",
  "membership-response",
  "hello",
  "digest",
  "request",
  "update",
  "handshake",
  "other",
];

const NUMBERS = new Intl.NumberFormat("en-GB");

export function createLegend() {
  const hidden = new Set();
  const counts = new Map();
  const shown = new Map();
  const swatches = new Map();
  const element = make("ul", { className: "kinds", "aria-label": t("legend") });
  for (const kind of KINDS) {
    const swatch = make("span", { className: `swatch ${kind}`, "aria-hidden": "true" });
    swatch.textContent = letterOf(kind);
    const count = make("span", { className: "soft" }, "0");
    const box = make("input", { type: "checkbox", checked: true });
    box.addEventListener("change", () => {
      if (box.checked) hidden.delete(kind);
      else hidden.add(kind);
    });
    const { name, sentence } = kindOf(typeOf(kind));
    const label = make("label", { title: w(sentence) }, box, swatch, ` ${w(name)} `, count);
    element.append(make("li", {}, label));
    counts.set(kind, count);
    swatches.set(kind, swatch);
  }
  const line = make("span", { className: "swatch line", "aria-hidden": "true" });
  const cut = make("span", { className: "swatch cutline", "aria-hidden": "true" });
  element.append(make("li", { className: "hidden" }, line, cut));
  return {
    element,
    isShown: (kind) => !hidden.has(kind),
    update(frame) {
      for (const [kind, node] of counts) {
        if (shown.get(kind) === frame.counts[kind]) continue;
        shown.set(kind, frame.counts[kind]);
        setText(node, NUMBERS.format(frame.counts[kind]));
      }
    },
    /** The current theme's colours, for the canvas. */
    colours() {
      const colourOf = (node) => getComputedStyle(node).backgroundColor;
      const own = Object.fromEntries([...swatches].map(([kind, node]) => [kind, colourOf(node)]));
      const letter = getComputedStyle(swatches.get("alive")).color;
      return { ...own, "state-info": own.other, letter, link: colourOf(line), cut: colourOf(cut) };
    },
  };
}
