/** Member table with sorting by column and a text filter. */
import { card, make, setText } from "./dom.js";
import { age, count, countdown, date } from "./format.js";

/** Maximum rows shown; the filter finds the others. */
const ROWS_MAX = 500;

/** `value(member)`: what is sorted by; `text(member, nowMs)`: what is shown. */
const COLUMNS = {
  name: { title: "Member", value: ({ name }) => name },
  organisation: { title: "Organisation", value: ({ organisation }) => organisation },
  address: { title: "Endpoint", value: ({ address }) => address },
  state: { title: "Status", value: ({ stateText }) => stateText },
  since: { title: "Since", value: ({ since }) => since ?? "", text: ageOf("since") },
  heard: { title: "Heartbeat", value: ({ lastSeen }) => lastSeen ?? "", text: heartbeat },
  expires: { title: "Certificate", value: ({ expires }) => expires ?? "", text: certificate },
  connected: { title: "Links", value: ({ connected }) => connected },
  pid: { title: "PID", value: ({ pid }) => pid ?? "–" },
  sees: { title: "Sees", value: ({ sees }) => sees, text: seesOf },
};
const SHOWN = {
  member: ["name", "organisation", "state", "since", "heard", "expires", "connected"],
  devnet: ["name", "organisation", "address", "state", "heard", "sees", "expires", "pid"],
};

function ageOf(key) {
  return (member, nowMs) => age(member[key], nowMs);
}

function heartbeat({ lastSeen, self }, nowMs) {
  return self || lastSeen === null ? "–" : `${age(lastSeen, nowMs)} ago`;
}

function certificate({ expires }, nowMs) {
  return countdown(expires, nowMs).text;
}

function seesOf({ isAnswering, sees }) {
  return isAnswering ? `${sees} alive` : "–";
}

/**
 * @param {"member" | "devnet"} kind
 * @param {{ selection: any, actions?: any, links: any }} options `actions`: only in a devnet.
 */
export function createMembersTable(kind, { selection, actions, links }) {
  const columns = SHOWN[kind].map((key) => [key, COLUMNS[key]]);
  const state = { sort: "organisation", isDescending: false, filter: "", model: undefined };
  const filter = make("input", { type: "search", id: "filter", placeholder: "name, state, …" });
  const found = make("span", { className: "soft", role: "status" });
  const search = make("label", { className: "search" }, "Filter", filter);
  // The phone layout is not a CSS table, so explicit roles keep the table semantics.
  const table = make("table", { id: "members", role: "table" });
  const scroll = make("div", { className: "scroll" }, table);
  const { section, head } = card("members-card", "Members", scroll);
  head.append(found, search);
  const parts = { state, columns, table, found, selection, actions, links, rows: new Map() };
  filter.addEventListener("input", () => {
    state.filter = filter.value.trim().toLowerCase();
    show(parts);
  });
  buildHead(parts);
  return {
    section,
    update(model) {
      state.model = model;
      show(parts);
    },
  };
}

function buildHead(parts) {
  const { table, columns, actions, state } = parts;
  const heads = columns.map(([key, { title }]) => {
    const sort = make("button", { type: "button" }, title);
    sort.addEventListener("click", () => {
      state.isDescending = state.sort === key && !state.isDescending;
      state.sort = key;
      show(parts, true);
    });
    const head = make("th", { scope: "col", role: "columnheader" }, sort);
    head.dataset.key = key;
    return head;
  });
  const last = actions ? "Actions" : "";
  const end = make("th", { scope: "col", role: "columnheader" }, last);
  table.append(
    make("caption", { className: "hidden" }, "Members. The buttons in the header sort the table."),
    make("thead", { role: "rowgroup" }, make("tr", { role: "row" }, ...heads, end)),
    make("tbody", { role: "rowgroup" }),
  );
}

/** `isAsked`: the user requested another order. */
function show(parts, isAsked = false) {
  const { state, table, found, rows } = parts;
  if (state.model === undefined || table.offsetParent === null) return;
  const { members } = state.model;
  const wanted = members.filter((member) => matches(member, state.filter)).sort(orderOf(state));
  const shown = wanted.slice(0, ROWS_MAX);
  const number = shown.length === members.length ? "" : `${shown.length} of `;
  setText(found, `${number}${count(members.length, "member")}`);
  const nowMs = Date.now();
  const elements = shown.map((member) => {
    const row = rows.get(member.key) ?? buildRow(parts, member);
    rows.set(member.key, row);
    updateRow(parts, row, member, nowMs);
    return row.element;
  });
  arrangeRows(parts, elements, isAsked);
  const keys = new Set(members.map(({ key }) => key));
  for (const key of rows.keys()) if (!keys.has(key)) rows.delete(key);
  for (const head of table.tHead.rows[0].cells) {
    const order = state.isDescending ? "descending" : "ascending";
    head.ariaSort = head.dataset.key === state.sort ? order : null;
  }
}

/** Keeps rows in place while focused; updates only their text. */
function arrangeRows({ table }, elements, isAsked) {
  const body = table.tBodies[0];
  const isSame =
    elements.length === body.rows.length && elements.every((row, at) => row === body.rows[at]);
  if (isSame) return;
  const isUsed = body.contains(document.activeElement) && elements.length === body.rows.length;
  if (!isUsed || isAsked) body.replaceChildren(...elements);
}

function matches({ name, organisation, address, stateText, pkiId }, filter) {
  const text = `${name} ${organisation} ${address} ${stateText} ${pkiId ?? ""}`.toLowerCase();
  return filter.split(/\s+/).every((word) => text.includes(word));
}

function orderOf({ sort, isDescending }) {
  const { value } = COLUMNS[sort];
  const sign = isDescending ? -1 : 1;
  const names = new Intl.Collator("en", { numeric: true });
  return (a, b) => {
    const [left, right] = [value(a), value(b)];
    const isNumber = typeof left === "number" && typeof right === "number";
    const order = isNumber ? left - right : names.compare(left, right);
    return sign * order || names.compare(a.name, b.name);
  };
}

function buildRow({ columns, actions, links, selection }, member) {
  const cells = columns.map(([key, { title }]) => {
    const cell = key === "name" ? make("th", { role: "rowheader" }) : make("td", { role: "cell" });
    cell.dataset.label = title;
    if (key === "name") Object.assign(cell, { scope: "row", title: member.name });
    if (key === "state") cell.append(make("span", { className: "badge" }));
    return cell;
  });
  const buttons = actions?.create(member, false);
  const last = make("div", { className: "actions" }, ...(buttons?.elements ?? []));
  last.append(...links(member));
  const element = make("tr", { role: "row" }, ...cells);
  element.append(make("td", { className: "last", role: "cell" }, last));
  element.dataset.name = member.name;
  element.addEventListener("click", () => selection.select(member.key));
  return { element, cells, buttons };
}

function updateRow({ columns }, { cells, buttons }, member, nowMs) {
  for (const [index, [key, { value, text }]] of columns.entries()) {
    const shown = String((text ?? value)(member, nowMs));
    setText(key === "state" ? cells[index].firstElementChild : cells[index], shown);
    if (key === "state") cells[index].firstElementChild.className = `badge ${member.state}`;
    if (key === "expires") {
      cells[index].className = countdown(member.expires, nowMs).level;
      cells[index].title = `until ${date(member.expires)}`;
    }
  }
  buttons?.update(member);
}
