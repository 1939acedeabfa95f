/** The share of agreeing members over time, and members' events. */
import { card, draw, make, moveByArrows, setAttributes, setTabStop } from "../../dashboard/dom.js";
import { t, w } from "./words.js";

const POINTS_MAX = 600;
const EVENTS_MAX = 150;
const [WIDTH, HEIGHT] = [600, 60];
/** The chart changes by less than a pixel from one frame to the next. */
const PAINT_MS = 250;

export function createTimeline(select) {
  const line = draw("path", { class: "share" });
  const ghosts = draw("path", { class: "ghosts" });
  const marks = draw("path", { class: "acts" });
  const chart = draw(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" },
    marks,
    ghosts,
    line,
  );
  setAttributes(chart, {
    "aria-label": t("shareTitle"),
    preserveAspectRatio: "none",
    class: "chart",
  });
  const list = make("ol", {
    className: "events",
    role: "log",
    ariaLabel: t("timeline"),
    tabIndex: 0,
  });
  moveByArrows(list, "button");
  const hint = make("p", { className: "soft" }, t("nothingYet"));
  const { section } = card("timeline-card", t("timeline"), chart, createKey(), hint, list);
  const state = { points: [], hasPresent: false, paintedMs: 0, list, hint, select };
  return {
    section,
    clear() {
      state.points = [];
      state.hasPresent = false;
      list.replaceChildren();
      hint.hidden = false;
    },
    update({ frame, isPlaying }) {
      addPoint(state, frame);
      const nowMs = performance.now();
      if (!isPlaying || nowMs - state.paintedMs > PAINT_MS) {
        state.paintedMs = nowMs;
        paint(state, { line, ghosts, marks }, frame.acts);
      }
      addEvents(state, frame);
    },
  };
}

/** What the lines of the chart are. */
function createKey() {
  const entries = ["share", "ghosts", "acts"].map((name) => {
    const swatch = draw("svg", { viewBox: "0 0 24 8", class: "chart-key", "aria-hidden": "true" });
    swatch.append(draw("path", { class: name, d: name === "acts" ? "M12 0V8" : "M0 4H24" }));
    return make("li", {}, swatch, ` ${t(`${name}Key`)}`);
  });
  return make("ul", { className: "kinds soft" }, ...entries);
}

function addPoint(state, { nowMs, agreement, shares }) {
  const { agreeing, running, expected, ghosts } = agreement;
  const present = {
    atMs: nowMs,
    agreeing: running === 0 ? 0 : agreeing / running,
    ghosts: expected === 0 ? 0 : Math.min(1, ghosts / expected),
  };
  // The present belongs to it until the next frame.
  if (state.hasPresent) state.points.pop();
  state.points.push(...shares, present);
  state.hasPresent = true;
  // Drops every second point, so that the whole run stays visible.
  if (state.points.length > POINTS_MAX) {
    state.points = state.points.filter((_, at) => at % 2 === 0);
    state.hasPresent = false;
  }
}

function paint({ points }, { line, ghosts, marks }, acts) {
  const lastMs = Math.max(1, points.at(-1).atMs);
  const across = (atMs) => ((WIDTH * atMs) / lastMs).toFixed(1);
  const path = (height) =>
    points
      .map((point, at) => {
        const y = HEIGHT - 2 - (HEIGHT - 4) * height(point);
        return `${at === 0 ? "M" : "L"}${across(point.atMs)} ${y.toFixed(1)}`;
      })
      .join("");
  setAttributes(line, { d: path((point) => point.agreeing) });
  setAttributes(ghosts, { d: path((point) => point.ghosts) });
  setAttributes(marks, { d: acts.map((atMs) => `M${across(atMs)} 0V${HEIGHT}`).join("") });
}

/** One of the many is in the tab order; the arrow keys lead to the others. */
function addEvents(state, { events, members }) {
  if (events.length === 0) return;
  const { list } = state;
  for (const event of events.slice(-EVENTS_MAX)) addEvent(state, event, members);
  while (list.childElementCount > EVENTS_MAX) list.lastElementChild.remove();
  const links = [...list.querySelectorAll("button")];
  setTabStop(links, links.find((link) => link === document.activeElement) ?? links[0]);
}

function addEvent({ list, hint, select }, { atMs, observer, type, subject, reason }, members) {
  hint.hidden = true;
  const time = make("span", { className: "soft" }, `${(atMs / 1_000).toFixed(3)} `);
  const who = make("button", { type: "button", className: "link" }, members[observer].name);
  who.addEventListener("click", () => select(observer));
  const whom = subject < 0 ? "" : ` ${members[subject].name}`;
  const why = reason === "" ? "" : ` (${w(reason)})`;
  const item = make("li", { className: classOf(type) }, time, who, `: ${w(type)}${whom}${why}`);
  list.prepend(item);
}

function classOf(type) {
  if (/dead|purged|forgotten|failed/.test(type)) return "bad";
  return /joined|returned|learnt/.test(type) ? "good" : "";
}
