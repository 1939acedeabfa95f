/** Creates and updates DOM elements. */

import { visible } from "./format.js";

const SVG = "http://www.w3.org/2000/svg";

/** Sets all page text, which may come from other members, so it is escaped. Line breaks are allowed. */
function shown(child) {
  return typeof child === "string" ? child.split("\n").map(visible).join("\n") : child;
}

/** An element of the page as it is delivered, or made before: one that is missing is a bug. */
export function byId(id) {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no element "${id}"`);
  return found;
}

/** An HTML element; properties whose name has a dash or is `role` are attributes. */
export function make(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "role") made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children.map(shown));
  return made;
}

/** An SVG element with these attributes. */
export function draw(tag, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, tag);
  setAttributes(made, attributes);
  made.append(...children.map(shown));
  return made;
}

export function setAttributes(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
  }
}

/** Writes only changes, to avoid disturbing screen readers and selections. */
export function setText(node, text) {
  const seen = shown(text);
  if (node.textContent !== seen) node.textContent = seen;
}

/** A page section with a heading. */
export function card(name, title, ...children) {
  const heading = make("h2", { id: `${name}-title` }, title);
  const head = make("div", { className: "card-head" }, heading);
  const section = make(
    "section",
    { className: `card ${name}`, "aria-labelledby": heading.id },
    head,
    ...children,
  );
  return { section, head, heading };
}

/** Room for a table that may be too wide or too long; the keyboard can move it. */
export function scroller(name, table, className = "scroll") {
  return make("div", { className, tabIndex: 0, role: "region", "aria-label": name }, table);
}

export function button(text, click, properties = {}) {
  const made = make("button", { type: "button", ...properties }, text);
  made.addEventListener("click", click);
  return made;
}

/** Lets the arrow keys move between children; only one of them is in the tab order. */
export function moveByArrows(parent, selector) {
  parent.addEventListener("keydown", (event) => {
    const items = [...parent.querySelectorAll(selector)];
    const at = items.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowRight: at + 1, ArrowUp: at - 1, ArrowLeft: at - 1 };
    const ends = { Home: 0, End: items.length - 1 };
    const index = to[event.key] ?? ends[event.key];
    if (at < 0 || index === undefined) return;
    event.preventDefault();
    items[(index + items.length) % items.length].focus();
  });
}

/** Makes one child reachable by the tab key. */
export function setTabStop(items, stop) {
  for (const item of items) {
    const value = item === stop ? "0" : "-1";
    if (item.getAttribute("tabindex") !== value) item.setAttribute("tabindex", value);
  }
}
