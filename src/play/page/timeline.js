/** The share of agreeing members over time, and members' events. */
import { card, draw, make, setAttributes } from "../../dashboard/dom.js";
import { t, w } from "./words.js";

const POINTS_MAX = 600;
const EVENTS_MAX = 150;
const [WIDTH, HEIGHT] = [600, 60];
/** The chart changes by less than a pixel from one frame to the next. */
const PAINT_MS = 250;

export function createTimeline(select) {
  const line = draw("path", { class: "share" });
  const ghosts = draw("path", { class: "ghosts" });
  const marks = draw("g", { class: "acts" });
  const chart = draw(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" },
    ghosts,
    line,
    marks,
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
  const hint = make("p", { className: "soft" }, t("nothingYet"));
  const { section } = card("timeline-card", t("timeline"), chart, hint, list);
  const state = { points: [], last: -1, paintedMs: 0, list, hint, select };
  return {
    section,
    clear() {
      state.points = [];
      state.last = -1;
      list.replaceChildren();
      hint.hidden = false;
    },
    update({ frame, isPlaying }) {
      addPoint(state, frame);
      const nowMs = performance.now();
      if (!isPlaying || nowMs - state.paintedMs > PAINT_MS) {
        state.paintedMs = nowMs;
        paint(state, line, ghosts);
      }
      for (const event of frame.events.slice(-EVENTS_MAX)) addEvent(state, event, frame.members);
      while (list.childElementCount > EVENTS_MAX) list.lastElementChild.remove();
    },
  };
}

function addPoint(state, { nowMs, agreement }) {
  const { agreeing, running, expected, ghosts } = agreement;
  if (nowMs === state.last) state.points.pop();
  state.last = nowMs;
  const share = running === 0 ? 0 : agreeing / running;
  state.points.push({ nowMs, share, ghosts: expected === 0 ? 0 : Math.min(1, ghosts / expected) });
  // Drops every second point, so that the whole run stays visible.
  if (state.points.length > POINTS_MAX) state.points = state.points.filter((_, at) => at % 2 === 0);
}

function paint({ points }, line, ghosts) {
  const lastMs = Math.max(1, points.at(-1).nowMs);
  const path = (height) =>
    points
      .map((point, at) => {
        const x = (WIDTH * point.nowMs) / lastMs;
        const y = HEIGHT - 2 - (HEIGHT - 4) * height(point);
        return `${at === 0 ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`;
      })
      .join("");
  setAttributes(line, { d: path(({ share }) => share) });
  setAttributes(ghosts, { d: path(({ ghosts: share }) => share) });
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
