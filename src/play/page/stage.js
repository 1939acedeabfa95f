/** The picture: members as buttons in SVG; links and flying messages on a canvas behind them. */
import {
  card,
  draw,
  make,
  moveByArrows,
  setAttributes,
  setTabStop,
  setText,
} from "../../dashboard/dom.js";
import { arrange } from "../../dashboard/layout.js";
import { createFlights } from "./flights.js";
import { createLasso } from "./lasso.js";
import { t } from "./words.js";

/** The sign carries the same information as the colour. */
const SIGNS = { waiting: "", running: "", stalled: "‖", stopped: "×", revoked: "!" };
const CLASSES = {
  waiting: "dull",
  running: "good",
  stalled: "warn",
  stopped: "bad",
  revoked: "bad",
};
/** Below this width in pixels, a page is narrow. */
const NARROW = 520;
/** Height of the picture in pixels: on narrow pages, and otherwise. */
const HEIGHTS = [480, 520];
/** Size of names in units of the picture, and at least in pixels. */
const NAME_UNITS = 13;
const NAME_PIXELS = 11;

export function createStage({ select, cut, legend }) {
  const canvas = make("canvas", { "aria-hidden": "true" });
  const layers = ["groups", "nodes", "names"].map((name) => draw("g", { class: name }));
  const svg = draw("svg", { id: "stage", role: "group" }, ...layers);
  const frame = make("div", { className: "stage" }, canvas, svg);
  const { section, head } = card("network-card", t("network"), frame);
  /** Its elements, and what they show. @type {any} */
  const parts = {
    ...{ canvas, svg, layers, frame, select, nodes: [], selected: -1 },
    ...{ arranged: 0, organisations: [], width: 0, height: 0 },
  };
  // Asking for a size makes the browser lay out the page: not in every frame.
  new ResizeObserver(() => {
    measure(parts);
    if (parts.model !== undefined) update(parts.model);
  }).observe(frame);
  const flights = createFlights(canvas, legend);
  const lasso = createLasso(svg, {
    places: () => parts.places ?? [],
    toPlane: (event) => toPlane(svg, event),
    done: cut,
  });
  moveByArrows(svg, ".node");
  const update = (model) => {
    arrangeAll(parts, model);
    for (const [index, member] of model.frame.members.entries()) updateNode(parts, member, index);
  };
  return {
    section,
    head,
    lasso,
    update(model, isFresh) {
      parts.model = model;
      update(model);
      if (isFresh) flights.take(model.frame);
    },
    /** Draws the current moment; returns whether anything is still moving. */
    paint(model, elapsedMs) {
      if (parts.places === undefined) return false;
      return flights.paint(parts, model, elapsedMs);
    },
    mark: (index) => mark(parts, index),
  };
}

function toPlane(svg, { clientX, clientY }) {
  const point = new DOMPoint(clientX, clientY).matrixTransform(svg.getScreenCTM().inverse());
  return { x: point.x, y: point.y };
}

function measure(parts) {
  parts.width = parts.frame.clientWidth;
  parts.height = parts.frame.clientHeight;
}

/** Members come in one order and stay in their organisation, until another run begins. */
function isArranged({ arranged, width, organisations }, members) {
  return (
    arranged === width &&
    organisations.length === members.length &&
    members.every(({ organisation }, index) => organisation === organisations[index])
  );
}

/** As large as it gets: organisations in a column or, also on a narrow page, beside each other. */
function fit(members, width) {
  const heightMax = HEIGHTS[width < NARROW ? 0 : 1];
  const [first, second] = [width, Math.max(width, NARROW)].map((assumed) => {
    const arrangement = arrange(members, assumed);
    const [x, y, w, h] = arrangement.bounds.split(" ").map(Number);
    const height = Math.min((width * h) / w, heightMax);
    const scale = Math.min(width / w, height / h);
    return { arrangement, box: { x, y, w, h }, height, scale };
  });
  return second.scale > first.scale ? second : first;
}

function arrangeAll(parts, { frame }) {
  const { svg, frame: box } = parts;
  if (parts.width === 0) measure(parts);
  const { width } = parts;
  if (width === 0 || isArranged(parts, frame.members)) return;
  parts.arranged = width;
  parts.organisations = frame.members.map(({ organisation }) => organisation);
  const named = frame.members.map((member, key) => ({ ...member, key }));
  const { arrangement, box: seen, height, scale } = fit(named, width);
  const { groups, places, isDense, bounds } = arrangement;
  const { x, y, w, h } = seen;
  parts.places = named.map(({ key }) => places.get(key));
  parts.isDense = isDense;
  box.style.height = `${height}px`;
  svg.style.setProperty("--name", `${Math.max(NAME_UNITS, NAME_PIXELS / scale)}px`);
  parts.height = Math.round(height);
  parts.scale = scale;
  parts.offset = {
    x: (width - w * scale) / 2 - x * scale,
    y: (height - h * scale) / 2 - y * scale,
  };
  setAttributes(svg, { viewBox: bounds, class: isDense ? "dense" : "" });
  setAttributes(svg, { "aria-label": t("graph", { count: named.length }) });
  build(parts, named, groups);
}

function build(parts, members, groups) {
  const [groupLayer, nodeLayer, nameLayer] = parts.layers;
  groupLayer.replaceChildren(
    ...groups.map(({ x, y, radius }) =>
      draw("circle", { class: "group", cx: x, cy: y, r: radius }),
    ),
  );
  nameLayer.replaceChildren(
    ...groups.map(({ x, y, radius, name }) =>
      draw("text", { class: "group-name", x, y: y - radius + 5 }, name),
    ),
  );
  parts.nodes = members.map((member, index) => drawNode(parts, member, index));
  nodeLayer.replaceChildren(...parts.nodes.map(({ root }) => root));
  mark(parts, parts.selected);
}

function drawNode({ places, isDense, select }, { name }, index) {
  const { x, y } = places[index];
  const radius = isDense ? 7 : 16;
  const sign = draw("text", { class: "sign", y: 5 });
  const label = draw("text", { class: "name", y: radius + 16 }, name.split(".")[0]);
  const root = draw("g", { role: "button", transform: `translate(${x} ${y})` });
  root.append(draw("circle", { class: "disc", r: radius }), sign, label);
  root.append(draw("circle", { class: "focus", r: radius + 4 }));
  root.dataset.index = String(index);
  root.addEventListener("click", () => select(index));
  root.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    event.stopPropagation();
    select(index);
  });
  return { root, sign, shown: "" };
}

function updateNode({ nodes, selected }, member, index) {
  const { name, organisation, state, sees, isCutOff } = member;
  const node = nodes[index];
  if (node === undefined) return;
  const shown = `${state} ${sees} ${isCutOff} ${index === selected}`;
  if (node.shown === shown) return;
  node.shown = shown;
  const condition = isCutOff ? `${t(state)}, ${t("cutOff")}` : t(state);
  const words = { name, organisation, state: condition, count: sees };
  const isSelected = index === selected;
  setAttributes(node.root, {
    class: `node ${CLASSES[state]} ${state}${isCutOff ? " cutoff" : ""}${isSelected ? " selected" : ""}`,
    "aria-label": t("sees", words),
    "aria-pressed": isSelected,
  });
  setText(node.sign, SIGNS[state]);
}

function mark(parts, index) {
  parts.selected = index;
  parts.nodes.forEach(({ root }, place) => {
    root.classList.toggle("selected", place === index);
    setAttributes(root, { "aria-pressed": place === index });
  });
  const roots = parts.nodes.map(({ root }) => root);
  const focused = roots.find((root) => root === document.activeElement);
  if (roots.length > 0) setTabStop(roots, focused ?? roots[index] ?? roots[0]);
}
