/** Picture of the heights of a channel's members over time, with marks for what went wrong. */

import { readAddress, writeAddress } from "./address.js";
import { card, draw, make, setAttributes, setText } from "./dom.js";
import { clip, count, timeOfDay } from "./format.js";
import { createHistory, rangeOf, ticksOf } from "./height-history.js";

const HEIGHT = 280;
const MARGIN = { left: 64, right: 16, top: 26, bottom: 26 };
const WINDOWS = { 2: "2 minutes", 10: "10 minutes", 60: "1 hour" };
const DEFAULT_WINDOW = "10";
const COLOURS = 6;
const MARKS_MAX = 200;
const NARROW = 520;

/** `selection`: the member whose line stands out. */
export function createHeightChart(selection) {
  const layers = ["grid", "lines", "marks"].map((name) => draw("g", { class: name }));
  const svg = draw("svg", { id: "heights", role: "img" }, ...layers);
  const legend = make("ul", { className: "legend", "aria-label": "Legend" });
  const below = make("p", { className: "soft", id: "heights-below" });
  const { section, head } = card("heights-card", "Heights over time", svg, legend, below);
  const span = make("select", { id: "heights-window" });
  for (const [minutes, text] of Object.entries(WINDOWS))
    span.append(make("option", { value: minutes }, text));
  const wanted = readAddress("window");
  span.value = wanted in WINDOWS ? wanted : DEFAULT_WINDOW;
  head.append(make("label", { className: "search" }, "Look back", span));
  const parts = {
    svg,
    layers,
    legend,
    below,
    span,
    selection,
    lines: new Map(),
    history: createHistory(),
    /** @type {{ text: string, level: string, atMs: number }[]} */
    marks: [],
  };
  let model;
  const show = () => model && update(parts, model);
  span.addEventListener("change", () => {
    writeAddress({ window: span.value === DEFAULT_WINDOW ? "" : span.value });
    show();
  });
  selection.listen(show);
  return {
    section,
    /** A member had this height at that time. */
    add: (key, height, atMs) => parts.history.add(key, Number(height), atMs),
    /** What heights members had before: `{ pkiId, points }` each. */
    addEarlier(series) {
      for (const { pkiId, points } of series) parts.history.addEarlier(pkiId, points);
    },
    /** `level`: bad, warn or good. */
    mark(text, level, atMs) {
      parts.marks.push({ text, level, atMs });
      if (parts.marks.length > MARKS_MAX) parts.marks.shift();
    },
    clear() {
      parts.history.clear();
      parts.marks.length = 0;
      model = undefined;
    },
    update(next, nowMs) {
      model = { ...next, nowMs };
      for (const { key, height } of next.members) parts.history.add(key, Number(height), nowMs);
      show();
    },
  };
}

function update(parts, model) {
  const { svg, span, history } = parts;
  const width = svg.clientWidth;
  if (width === 0) return; // Another view is active.
  const { nowMs, top } = model;
  const fromMs = nowMs - Number(span.value) * 60_000;
  const range = rangeOf(history.points, { top, fromMs });
  const right = width - MARGIN.right;
  const floor = HEIGHT - MARGIN.bottom;
  const x = (atMs) =>
    MARGIN.left + ((Math.max(atMs, fromMs) - fromMs) / (nowMs - fromMs)) * (right - MARGIN.left);
  const y = (height) => {
    const within = Math.min(Math.max(height, range.bottom), range.top);
    return (
      floor - ((within - range.bottom) / (range.top - range.bottom || 1)) * (floor - MARGIN.top)
    );
  };
  setAttributes(svg, {
    viewBox: `0 0 ${width} ${HEIGHT}`,
    height: HEIGHT,
    "aria-label": describe(model, span),
  });
  drawGrid(parts, { range, x, y, fromMs, nowMs, width });
  drawLines(parts, model, { x, y, fromMs, right });
  drawMarks(parts, { x, fromMs });
  describeBelow(parts, model, range);
}

function describe({ members, top }, span) {
  const behind = members.filter((member) => member.behind !== "0").length;
  const minutes = WINDOWS[span.value];
  return `Heights of ${count(members.length, "peer")} over ${minutes}, up to ${top}; ${behind} behind. The table has the numbers.`;
}

function drawGrid({ layers: [grid] }, { range, x, y, fromMs, nowMs, width }) {
  const right = width - MARGIN.right;
  const heights = ticksOf(range.bottom, range.top, 5).flatMap((tick) => [
    draw("line", { x1: MARGIN.left, x2: right, y1: y(tick), y2: y(tick) }),
    draw(
      "text",
      { x: MARGIN.left - 8, y: y(tick) + 4, class: "height" },
      tick.toLocaleString("en-GB"),
    ),
  ]);
  const steps = width < NARROW ? 2 : 5;
  const times = Array.from({ length: steps + 1 }, (_, at) => {
    const atMs = fromMs + ((nowMs - fromMs) * at) / steps;
    const place = at === 0 ? "first" : at === steps ? "last" : "time";
    const text = at === steps ? "now" : timeOfDay(new Date(atMs).toISOString()).slice(0, 5);
    return draw("text", { x: x(atMs), y: HEIGHT - 6, class: place }, text);
  });
  grid.replaceChildren(...heights, ...times);
}

function drawLines(parts, { members, organisations }, { x, y, fromMs, right }) {
  const { layers, lines, history, selection, legend } = parts;
  const ids = organisations.map(({ mspId }) => mspId);
  const keys = new Set(members.map(({ key }) => key));
  for (const [key, line] of lines) {
    if (keys.has(key)) continue;
    line.remove();
    lines.delete(key);
  }
  for (const member of members) {
    const points = history.points.get(member.key);
    if (points === undefined) continue;
    const line = lines.get(member.key) ?? createLine(parts, member);
    const isChosen = member.key === selection.shown;
    const colour = `c${Math.max(0, ids.indexOf(member.organisation)) % COLOURS}`;
    setAttributes(line, {
      d: pathOf(points, { x, y, fromMs, right }),
      class: `line ${colour}${member.lagging ? " late" : ""}${isChosen ? " chosen" : ""}`,
    });
    setText(line.firstElementChild, `${member.name}, ${member.organisation}: ${member.height}`);
  }
  const chosen = lines.get(selection.shown);
  if (chosen !== undefined && layers[1].lastElementChild !== chosen) layers[1].append(chosen);
  fillLegend(legend, ids, members);
}

function createLine({ layers, lines, selection }, { key }) {
  const line = draw("path", {}, draw("title"));
  line.addEventListener("click", () => selection.select(key));
  lines.set(key, line);
  layers[1].append(line);
  return line;
}

/** Steps: a height holds until the next one. Points closer than a pixel are left out. */
function pathOf(points, { x, y, fromMs, right }) {
  const first = Math.max(
    0,
    points.findLastIndex(({ atMs }) => atMs <= fromMs),
  );
  let path = "";
  let lastX = Number.NEGATIVE_INFINITY;
  for (const { atMs, height } of points.slice(first)) {
    const at = x(atMs);
    if (path === "") path = `M${at.toFixed(1)} ${y(height).toFixed(1)}`;
    else if (at - lastX >= 1) path += `H${at.toFixed(1)}V${y(height).toFixed(1)}`;
    else continue;
    lastX = at;
  }
  const last = points.at(-1);
  return `${path}V${y(last.height).toFixed(1)}H${right.toFixed(1)}`;
}

function fillLegend(legend, ids, members) {
  const isLate = members.some(({ lagging }) => lagging);
  const wanted = [
    ...ids.map((id, at) => [`c${at % COLOURS}`, id]),
    ...(isLate ? [["late", "dashed: lagging"]] : []),
  ];
  const text = wanted.join();
  if (legend.dataset.wanted === text) return;
  legend.dataset.wanted = text;
  legend.replaceChildren(
    ...wanted.map(([name, id]) =>
      make(
        "li",
        {},
        make("span", { className: `stroke ${name}`, "aria-hidden": "true" }),
        clip(id, 40),
      ),
    ),
  );
}

function drawMarks({ layers, marks }, { x, fromMs }) {
  const shown = marks.filter(({ atMs }) => atMs >= fromMs);
  layers[2].replaceChildren(
    ...shown.map(({ text, level, atMs }) => {
      const at = x(atMs);
      const sign = draw("path", { d: `M${at - 6} 6h12l-6 11z` });
      const line = draw("line", { x1: at, x2: at, y1: 17, y2: HEIGHT - MARGIN.bottom });
      return draw("g", { class: `mark ${level}` }, draw("title", {}, text), line, sign);
    }),
  );
}

function describeBelow({ below }, { members }, { bottom }) {
  const lower = members.filter(
    ({ height, leftChannel }) => !leftChannel && Number(height) < bottom,
  );
  const names = lower.slice(0, 3).map(({ name }) => name);
  if (lower.length > 3) names.push(`${lower.length - 3} more`);
  below.hidden = lower.length === 0;
  setText(below, `Below the picture: ${names.join(", ")}`);
}
