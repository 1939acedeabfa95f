/** Messages as moving marks, one lane per peer. */
import { make, setText } from "./dom.js";
import { kindOf } from "./message-types.js";

const LANES_MAX = 10;
const OTHERS = "others";
/** Pixels per second. */
const SECOND_PX = 30;
/** Minimum distance of marks with a letter; closer ones become ticks. */
const MARK_PX = 19;

export function createLanes(select) {
  const rows = make("div", { className: "lanes" });
  const axis = make("div", { className: "axis", "aria-hidden": "true" });
  axis.append(make("span"), make("span", {}, "now"));
  // The list below has the same content and is accessible by keyboard.
  rows.setAttribute("aria-hidden", "true");
  const isShown = () => true;
  const parts = { rows, axis, lanes: new Map(), originMs: Date.now(), isMoving: false, isShown };
  rows.addEventListener("click", ({ target }) => {
    const { id } = target.closest(".mark")?.dataset ?? {};
    if (id !== undefined) select(Number(id));
  });
  return {
    elements: [rows, axis],
    add: (message, peer) => add(parts, message, peer),
    /** Draws the current moment, repeatedly while `isMoving`. */
    move(isMoving) {
      const isNew = isMoving && !parts.isMoving;
      parts.isMoving = isMoving;
      if (isNew) requestAnimationFrame(() => step(parts));
    },
    clear() {
      parts.lanes.clear();
      rows.replaceChildren();
    },
    mark(id) {
      rows.querySelector(".mark.selected")?.classList.remove("selected");
      rows.querySelector(`[data-id="${id}"]`)?.classList.add("selected");
    },
    /** Filters messages by kind from now on. */
    filter(isKindShown) {
      parts.isShown = isKindShown;
      for (const lane of parts.lanes.values()) refit(lane, isKindShown);
    },
  };
}

/** One row for sent and one for received messages. */
function laneOf({ lanes, rows }, peer) {
  if (!lanes.has(peer) && lanes.size >= LANES_MAX) removeEmptyLanes(lanes);
  const name = lanes.has(peer) || lanes.size < LANES_MAX ? peer : OTHERS;
  const known = lanes.get(name);
  if (known !== undefined) return known;
  const lane = { sent: make("div", { className: "marks sent" }) };
  lane.received = make("div", { className: "marks received" });
  const track = make("div", { className: "track" }, lane.sent, lane.received);
  const label = make("span", { className: "lane-name", title: name }, name);
  const row = make("div", { className: "lane" }, label, track);
  row.dataset.peer = name;
  const after = [...rows.children].find(({ dataset }) => order(dataset.peer) > order(name));
  rows.insertBefore(row, after ?? null);
  lanes.set(name, { ...lane, row });
  return lanes.get(name);
}

/** Removes lanes of peers without messages in the visible period. */
function removeEmptyLanes(lanes) {
  for (const [name, { row, sent, received }] of lanes) {
    if (sent.firstChild !== null || received.firstChild !== null) continue;
    row.remove();
    lanes.delete(name);
  }
}

/** Sorts by organisation; unnamed peers come last. */
function order(peer) {
  return `${/^[\d.[]/.test(peer) ? 1 : 0}${peer.split(".").reverse().join(".")}`;
}

function add(parts, { id, type, direction, time }, peer) {
  const { letter, family, name } = kindOf(type);
  const title = `${name}, ${direction}`;
  const mark = make("i", { className: `mark ${family} ${direction}`, title }, letter);
  const x = ((Date.parse(time) - parts.originMs) / 1_000) * SECOND_PX;
  mark.dataset.id = id;
  mark.dataset.kind = name;
  mark.dataset.x = x;
  mark.style.left = `${x}px`;
  const lane = laneOf(parts, peer);
  lane[direction].append(mark);
  fit(mark, lane, direction, parts.isShown);
}

/** `lane` stores the position of its last visible mark. */
function fit(mark, lane, direction, isShown) {
  mark.hidden = !isShown(mark.dataset.kind);
  if (mark.hidden) return;
  const last = `${direction}X`;
  const x = Number(mark.dataset.x);
  mark.classList.toggle("tick", x - (lane[last] ?? Number.NEGATIVE_INFINITY) < MARK_PX);
  lane[last] = x;
}

function refit(lane, isShown) {
  for (const direction of ["sent", "received"]) {
    lane[`${direction}X`] = undefined;
    for (const mark of lane[direction].children) fit(mark, lane, direction, isShown);
  }
}

/** With reduced motion, the marks move once a second. */
function step(parts) {
  if (!parts.isMoving) return;
  show(parts);
  const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (isStill) setTimeout(() => step(parts), 1_000);
  else requestAnimationFrame(() => step(parts));
}

function show({ rows, axis, lanes, originMs }) {
  const width = rows.querySelector(".track")?.clientWidth ?? 0;
  const nowX = ((Date.now() - originMs) / 1_000) * SECOND_PX;
  setText(axis.firstElementChild, `${Math.round(width / SECOND_PX)} s ago`);
  const oldestX = nowX - width;
  const shift = `translateX(${(width - nowX - 4).toFixed(1)}px)`;
  for (const lane of lanes.values()) {
    for (const marks of [lane.sent, lane.received]) {
      marks.style.transform = shift;
      while (Number(marks.firstElementChild?.dataset.x ?? oldestX) < oldestX) {
        marks.firstElementChild.remove();
      }
    }
  }
}
