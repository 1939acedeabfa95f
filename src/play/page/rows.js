/** A member's state as tables, and a message's changes in them. */
import { make } from "../../dashboard/dom.js";
import { t, w } from "./words.js";

/** Headings after the first column. */
const HEADS = {
  self: ["value"],
  members: ["state", "started", "sequence", "seen", "heard"],
  identities: ["learnt", "used"],
  timers: ["due"],
  waiting: ["who", "what", "until"],
  connections: ["dialled", "use", "queued"],
};
const NAMES = ["self", "members", "identities", "timers", "waiting", "connections"];

export function sectionsOf(state) {
  return NAMES.map((name) => ({ name, count: state[name].length, table: tableOf(name, state) }));
}

function tableOf(name, state) {
  const rows = state[name];
  if (rows.length === 0) return make("p", { className: "soft" }, t("none"));
  const body = make("tbody");
  for (const row of rows) body.append(rowOf(labelled(name, row)));
  const caption = make("caption", { className: "hidden" }, captionOf(name));
  return make("table", {}, caption, headOf(name), body);
}

function captionOf(name) {
  return t(name === "waiting" ? "waitingRows" : name);
}

function headOf(name, ...more) {
  const row = make("tr", {}, make("td"));
  for (const key of [...HEADS[name], ...more]) row.append(make("th", { scope: "col" }, t(key)));
  return make("thead", {}, row);
}

/** Rows of a fixed kind have their key as their first cell. */
function labelled(name, { key, cells }) {
  return name === "self" || name === "timers" ? [key, ...cells] : cells;
}

function rowOf([first, ...rest], className = "") {
  const head = make("th", { scope: "row" }, textOf(first));
  return make("tr", { className }, head, ...rest.map((cell) => make("td", {}, textOf(cell))));
}

function textOf(cell) {
  if (cell === null) return t("never");
  if (typeof cell === "object") return (cell.ms / 1_000).toFixed(3);
  return w(String(cell));
}

/** Rows that are new, removed or different. */
export function changesOf(before, after) {
  const blank = Object.fromEntries(NAMES.map((name) => [name, []]));
  const parts = NAMES.flatMap((name) => {
    const rows = changedRows(name, (before ?? blank)[name], (after ?? blank)[name]);
    if (rows.length === 0) return [];
    const caption = make("caption", {}, captionOf(name));
    const body = make("tbody", {}, ...rows);
    return [make("table", { className: "changes" }, caption, headOf(name), body)];
  });
  if (parts.length === 0) return make("p", { className: "soft" }, t("noChanges"));
  return make("div", {}, ...parts);
}

function changedRows(name, before, after) {
  const old = new Map(before.map((row) => [row.key, row]));
  const rows = [];
  for (const row of after) {
    const known = old.get(row.key);
    old.delete(row.key);
    if (known === undefined) rows.push(marked("added", labelled(name, row)));
    else if (!isSame(known, row)) rows.push(comparison(labelled(name, known), labelled(name, row)));
  }
  for (const row of old.values()) rows.push(marked("removed", labelled(name, row)));
  return rows;
}

function marked(what, cells) {
  const row = rowOf(cells, what);
  row.firstChild.append(" ", make("span", { className: "badge" }, t(what)));
  return row;
}

function comparison(before, after) {
  const row = make("tr", { className: "changed" });
  row.append(make("th", { scope: "row" }, textOf(after[0])));
  after.slice(1).forEach((cell, place) => {
    const [old, now] = [textOf(before[place + 1]), textOf(cell)];
    const parts = old === now ? [now] : [make("del", {}, old), " ", make("ins", {}, now)];
    row.append(make("td", {}, ...parts));
  });
  return row;
}

function isSame(a, b) {
  return JSON.stringify(a.cells) === JSON.stringify(b.cells);
}
