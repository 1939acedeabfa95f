/** Member table with sorting by column and a text filter; both are kept in the address of the page. */
import { readAddress, writeAddress } from "./address.js";
import { button, card, make, moveByArrows, setTabStop, setText } from "./dom.js";
import { age, count, countdown, date, duration } from "./format.js";
import { number } from "./model-channel.js";

/** Maximum rows shown; the filter finds the others. */
const ROWS_MAX = 500;

/** `value(member)`: what is sorted by; `text(member, nowMs)`: what is shown. */
const COLUMNS = {
  name: { title: "Name", value: ({ name }) => name },
  organisation: { title: "Organisation", value: ({ organisation }) => organisation },
  address: { title: "Endpoint", value: ({ address }) => address },
  state: { title: "Status", value: ({ stateText }) => stateText },
  since: { title: "Since", value: ({ since }) => since ?? "", text: ageOf("since") },
  heard: { title: "Heartbeat", value: ({ lastSeen }) => lastSeen ?? "", text: heartbeat },
  expires: { title: "Certificate", value: ({ expires }) => expires ?? "", text: certificate },
  connected: { title: "Links", value: ({ connected }) => connected },
  pid: { title: "PID", value: ({ pid }) => pid ?? "–" },
  sees: { title: "Sees", value: ({ sees }) => sees, text: seesOf },
  tags: { title: "Tags", value: tagsOf },
  height: {
    title: "Height",
    value: ({ height }) => Number(height),
    text: ({ height }) => number(height),
  },
  behind: {
    title: "Behind",
    value: ({ behind }) => Number(behind),
    text: ({ behind }) => number(behind),
  },
  lag: {
    title: "Behind for",
    value: ({ lag }) => lag,
    text: ({ lag }) => (lag < 0 ? "–" : duration(lag)),
  },
  committed: {
    title: "Last commit",
    value: ({ committedAt }) => committedAt,
    text: ageOf("committedAt"),
  },
  lines: { title: "Chaincodes", value: ({ lines }) => lines || "none" },
};
/** The tables of the page. `prefix`: of what they keep in the address. */
const TABLES = {
  member: {
    ...{ id: "members", name: "members-card", title: "Members", one: "member", prefix: "" },
    columns: ["name", "organisation", "state", "since", "heard", "expires", "connected", "tags"],
  },
  devnet: {
    ...{ id: "members", name: "members-card", title: "Members", one: "member", prefix: "" },
    columns: ["name", "organisation", "address", "state", "heard", "sees", "expires", "pid"],
  },
  channel: {
    ...{ id: "channel-members", name: "peers-card", title: "Peers", one: "peer", prefix: "peers-" },
    columns: ["name", "organisation", "state", "height", "behind", "lag", "committed", "lines"],
  },
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

function tagsOf({ tags }) {
  const words = Object.entries(tags ?? {}).map((tag) => tag.join("="));
  return words.length === 0 ? "–" : words.join(" ");
}

/**
 * @param {"member" | "devnet" | "channel"} kind
 * @param {{ selection: any, actions?: any, links: any }} options `actions`: only in a devnet.
 */
export function createMembersTable(kind, { selection, actions, links }) {
  const { id, name, title, one, prefix, columns: keys } = TABLES[kind];
  const columns = keys.map((key) => [key, COLUMNS[key]]);
  const state = { ...readState(prefix, keys), model: undefined };
  const placeholder = kind === "member" ? "name, state, role=shop, …" : "name, state, …";
  const filter = make("input", { type: "search", id: `${prefix}filter`, placeholder });
  filter.value = state.filter;
  const found = make("span", { className: "soft", role: "status" });
  const search = make("label", { className: "search" }, "Filter", filter);
  // The phone layout is not a CSS table, so explicit roles keep the table semantics.
  const table = make("table", { id, className: "rows", role: "table" });
  const scroll = make("div", { className: "scroll" }, table);
  const { section, head } = card(name, title, scroll);
  head.append(found, search);
  // The members' picture is a way to choose one by keyboard; peers of a channel have this table only.
  const isChooser = kind === "channel";
  const parts = {
    state,
    columns,
    table,
    found,
    selection,
    actions,
    links,
    one,
    prefix,
    isChooser,
    rows: new Map(),
  };
  filter.addEventListener("input", () => {
    state.filter = filter.value.trim().toLowerCase();
    writeAddress({ [`${prefix}filter`]: state.filter });
    show(parts);
  });
  buildHead(parts);
  if (isChooser) {
    moveByArrows(table, "tbody button.choice");
    selection.listen(() => markChoice(parts));
  }
  return {
    section,
    update(model) {
      state.model = model;
      show(parts);
    },
  };
}

/** Sorted as `height` or, the other way round, `-height`. */
function readState(prefix, keys) {
  const sort = readAddress(`${prefix}sort`);
  const key = sort.replace("-", "");
  return {
    sort: keys.includes(key) ? key : "organisation",
    isDescending: keys.includes(key) && sort.startsWith("-"),
    filter: readAddress(`${prefix}filter`).trim().toLowerCase(),
  };
}

function buildHead(parts) {
  const { table, columns, actions, state, prefix } = parts;
  const heads = columns.map(([key, { title }]) => {
    const sort = make("button", { type: "button" }, title);
    sort.addEventListener("click", () => {
      state.isDescending = state.sort === key && !state.isDescending;
      state.sort = key;
      writeAddress({ [`${prefix}sort`]: `${state.isDescending ? "-" : ""}${key}` });
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
  const { state, table, found, rows, one } = parts;
  if (state.model === undefined || table.offsetParent === null) return;
  const { members } = state.model;
  table.classList.toggle(
    "untagged",
    !members.some(({ tags }) => Object.keys(tags ?? {}).length > 0),
  );
  const wanted = members.filter((member) => matches(member, state.filter)).sort(orderOf(state));
  const shown = wanted.slice(0, ROWS_MAX);
  const number = shown.length === members.length ? "" : `${shown.length} of `;
  setText(found, `${number}${count(members.length, one)}`);
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
  if (parts.isChooser) markChoice(parts);
}

function markChoice({ rows, table, selection }) {
  for (const [key, { element, choice }] of rows) {
    const isChosen = key === selection.key;
    element.classList.toggle("chosen", isChosen);
    choice.ariaPressed = String(isChosen);
  }
  const choices = [...table.querySelectorAll("tbody button.choice")];
  const focused = choices.find((choice) => choice === document.activeElement);
  const chosen = choices.find((choice) => choice === rows.get(selection.key)?.choice);
  setTabStop(choices, focused ?? chosen ?? choices[0]);
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

/** A word with `=` names a tag and its whole value, any other is part of a text. */
function matches({ name, organisation, address, stateText, pkiId, tags, lines }, filter) {
  const pairs = Object.entries(tags ?? {}).map((tag) => tag.join("=").toLowerCase());
  const texts = [name, organisation, address, stateText, pkiId ?? "", lines ?? "", ...pairs];
  const text = texts.join(" ").toLowerCase();
  return filter
    .split(/\s+/)
    .every((word) => (word.includes("=") ? pairs.includes(word) : text.includes(word)));
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

function buildRow({ columns, actions, links, selection, isChooser }, member) {
  const choice = isChooser
    ? button("", () => selection.select(member.key), { className: "choice" })
    : undefined;
  const cells = columns.map(([key, { title }]) => {
    const cell = key === "name" ? make("th", { role: "rowheader" }) : make("td", { role: "cell" });
    cell.dataset.label = title;
    cell.dataset.key = key;
    if (key === "name" && choice) cell.append(choice);
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
  return { element, cells, buttons, choice };
}

function updateRow({ columns }, { cells, buttons }, member, nowMs) {
  for (const [index, [key, { value, text }]] of columns.entries()) {
    const shown = String((text ?? value)(member, nowMs));
    setText(cells[index].firstElementChild ?? cells[index], shown);
    if (key === "state") cells[index].firstElementChild.className = `badge ${member.state}`;
    if (key === "expires") {
      cells[index].className = countdown(member.expires, nowMs).level;
      cells[index].title = `until ${date(member.expires)}`;
    }
  }
  buttons?.update(member);
}
