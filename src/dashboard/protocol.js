/** Protocol view: messages in lanes and in a list, with an inspector. */
import { button, card, make, moveByArrows, setTabStop, setText } from "./dom.js";
import { count, size, timeOfDay } from "./format.js";
import { createInspector } from "./inspector.js";
import { createLanes } from "./lanes.js";
import { KINDS, kindOf, nonceOf } from "./message-types.js";
import { readStream } from "./stream.js";

const KEPT_MAX = 600;
const ROWS_MAX = 150;

/**
 * `urlOf()`: where the messages are, if that is known; `peerOf(message)`: the other side's name.
 * @param {{ urlOf: any, peerOf: any, chooser?: HTMLElement }} options `chooser`: only in a devnet.
 */
export function createProtocol({ urlOf, peerOf, chooser }) {
  const parts = {
    messages: [],
    hidden: new Set(),
    counts: new Map(KINDS.map(({ name }) => [name, 0])),
    skipped: 0,
    isPaused: false,
    isShown: false,
    selected: undefined,
    stop: undefined,
    urlOf,
    peerOf,
  };
  const select = (id) => choose(parts, id);
  parts.lanes = createLanes(select);
  parts.inspector = createInspector(select);
  parts.list = make("ol", { id: "messages" });
  parts.list.ariaLabel = "Messages, the newest first";
  moveByArrows(parts.list, "button");
  parts.status = make("p", { className: "soft", id: "watching" });
  parts.pause = button("Pause", () => setPaused(parts, !parts.isPaused), { id: "pause" });
  const tools = make("div", { className: "tools" }, ...(chooser ? [labelled(chooser)] : []));
  tools.append(parts.pause, parts.status);
  chooser?.addEventListener("change", () => restart(parts));
  const flow = card("flow", "Flow", tools, buildFilter(parts), ...parts.lanes.elements);
  const split = make("div", { className: "split" }, parts.list, parts.inspector.element);
  const opened = card("opened", "Inspect", split);
  document.addEventListener("visibilitychange", () => follow(parts));
  return {
    sections: [flow.section, opened.section],
    /** The message URL may have become known. */
    update: () => follow(parts),
    shown(isShown) {
      parts.isShown = isShown;
      follow(parts);
    },
  };
}

function labelled(chooser) {
  return make("label", { className: "watched" }, "Messages of", chooser);
}

/** One switch for every kind of message. */
function buildFilter(parts) {
  const { hidden, lanes } = parts;
  const switches = KINDS.map(({ name, letter, family }) => {
    const input = make("input", { type: "checkbox", checked: true });
    const number = make("span", { className: "number" }, "0");
    number.dataset.kind = name;
    input.addEventListener("change", () => {
      hidden[input.checked ? "delete" : "add"](name);
      lanes.filter((kind) => !hidden.has(kind));
      showList(parts);
    });
    const mark = make("i", { className: `mark ${family} sent`, "aria-hidden": "true" }, letter);
    return make("label", {}, input, mark, name, number);
  });
  const legend = make("legend", { className: "hidden" }, "Kinds of messages");
  const ends = make("span", { className: "soft directions" });
  for (const direction of ["sent", "received"]) {
    const mark = make("i", { className: `mark other ${direction}`, "aria-hidden": "true" });
    ends.append(mark, `${direction} `);
  }
  parts.filter = make("fieldset", { className: "kinds" }, legend, ...switches, ends);
  return parts.filter;
}

/** Streams messages only while visible, because the stream costs the member CPU. */
function follow(parts) {
  const url = parts.urlOf();
  const isWanted = parts.isShown && !parts.isPaused && !document.hidden && url !== undefined;
  parts.lanes.move(isWanted);
  if (isWanted === (parts.stop !== undefined)) return;
  parts.stop?.abort();
  parts.stop = undefined;
  if (!isWanted) {
    showStatus(parts, parts.isPaused ? "paused" : "");
    return;
  }
  parts.stop = new AbortController();
  showStatus(parts, "connecting …");
  void readStream(url, {
    signal: parts.stop.signal,
    onEvent: (type, value) => receive(parts, type, value),
    onOpen: () => showStatus(parts),
    onLost: (reason) => showStatus(parts, `no messages (${reason}); trying again`),
  });
}

/** Switches to another member. */
function restart(parts) {
  parts.stop?.abort();
  parts.stop = undefined;
  parts.messages.length = 0;
  parts.skipped = 0;
  for (const name of parts.counts.keys()) parts.counts.set(name, 0);
  parts.lanes.clear();
  showList(parts);
  setPaused(parts, false);
}

function setPaused(parts, isPaused) {
  parts.isPaused = isPaused;
  setText(parts.pause, isPaused ? "Resume" : "Pause");
  if (!isPaused) showList(parts);
  follow(parts);
}

function receive(parts, type, value) {
  const { messages, counts, lanes, hidden, peerOf } = parts;
  if (type === "skipped") parts.skipped += value.skipped;
  if (type !== "message") return;
  const { name } = kindOf(value.type);
  const message = { ...value, peer: peerOf(value) };
  messages.push(message);
  if (messages.length > KEPT_MAX) messages.shift();
  counts.set(name, counts.get(name) + 1);
  if (!hidden.has(name)) lanes.add(message, message.peer);
  // Messages arrive in batches; render each batch once.
  parts.turn ??= setTimeout(() => {
    parts.turn = undefined;
    showList(parts);
    showStatus(parts, parts.isPaused ? "paused" : "");
  });
}

function showStatus(parts, problem) {
  const total = [...parts.counts.values()].reduce((sum, number) => sum + number, 0);
  const gap = parts.skipped === 0 ? "" : `, ${parts.skipped} skipped`;
  setText(parts.status, [problem, `${count(total, "message")}${gap}`].filter(Boolean).join(": "));
  for (const number of parts.filter.querySelectorAll(".number")) {
    setText(number, String(parts.counts.get(number.dataset.kind)));
  }
}

function showList(parts) {
  const { messages, hidden, list, selected } = parts;
  const shown = messages.filter(({ type }) => !hidden.has(kindOf(type).name)).slice(-ROWS_MAX);
  const known = new Map([...list.children].map((row) => [Number(row.dataset.id), row]));
  const rows = shown.reverse().map((message) => known.get(message.id) ?? buildRow(parts, message));
  const focused = document.activeElement?.closest?.("#messages li");
  const wanted = new Set(rows);
  for (const row of known.values()) if (!wanted.has(row)) row.remove();
  // Prepend new entries so that existing ones keep their focus.
  for (const [at, row] of rows.entries()) {
    if (list.children[at] !== row) list.insertBefore(row, list.children[at] ?? null);
  }
  const buttons = rows.map((row) => row.firstElementChild);
  const stop = focused ?? rows.find((row) => Number(row.dataset.id) === selected) ?? rows[0];
  setTabStop(buttons, stop?.firstElementChild);
}

function buildRow(parts, { id, time, direction, type, bytes, peer }) {
  const { letter, family, name } = kindOf(type);
  const row = make(
    "button",
    { type: "button" },
    make("time", { dateTime: time }, timeOfDay(time, true)),
    make("i", { className: `mark ${family} ${direction}`, "aria-hidden": "true" }, letter),
    make("span", { className: "what" }, name),
    make("span", { className: "whom" }, `${direction === "sent" ? "to" : "from"} ${peer}`),
    make("span", { className: "soft" }, size(bytes)),
  );
  row.addEventListener("click", () => choose(parts, id));
  const item = make("li", {}, row);
  item.dataset.id = id;
  return item;
}

function choose(parts, id) {
  const message = parts.messages.find((each) => each.id === id);
  if (message === undefined) return;
  parts.selected = id;
  if (!parts.isPaused) setPaused(parts, true);
  const nonce = nonceOf(message);
  const isRelated = (each) => each.peer === message.peer && nonceOf(each) === nonce;
  parts.inspector.show(message, message.peer, parts.messages.filter(isRelated));
  parts.lanes.mark(id);
  for (const row of parts.list.children) {
    row.classList.toggle("selected", Number(row.dataset.id) === id);
  }
  showList(parts);
}
