/** The dashboard of a devnet: asks once a second, shows the answers, passes on what is clicked. */
import { drawGraph } from "./graph.js";
import { createModel, describeChanges, STATES } from "./model.js";

const REFRESH_MS = 1_000;
const EVENTS_MAX = 100;
/** One button each; what it does depends on the state. A state that is missing disables it. */
const BUTTONS = [
  { running: "stop", silent: "stop", stopped: "start" },
  { running: "kill", silent: "kill", otherwise: "kill" },
  { running: "pause", silent: "resume", otherwise: "pause" },
  { running: "revoke", silent: "revoke", stopped: "revoke" },
  { running: "renew", silent: "renew", stopped: "renew" },
];
/** What no member's state tells. */
const DONE = { revoke: "certificate revoked", renew: "certificate renewed" };
const RELATIONS = { self: "self", alive: "alive", dead: "dead", unknown: "unknown", none: "none" };

let model;
let timer;

async function refresh() {
  clearTimeout(timer);
  try {
    const [devnet, views, connections] = await Promise.all(
      ["", "/views", "/connections"].map((path) => getJson(`/api/v1/devnet${path}`)),
    );
    show(createModel(devnet, views, connections));
    complain("");
  } catch {
    complain("The devnet does not answer. Is it still running?");
  }
  clearTimeout(timer);
  timer = setTimeout(refresh, REFRESH_MS);
}

async function getJson(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}

function show(next) {
  const isNew = model?.members.map(({ name }) => name).join() !== names(next).join();
  if (isNew) build(next);
  for (const { text, kind } of isNew ? [] : describeChanges(model, next)) report(text, kind);
  if (isNew) report(`watching ${next.members.length} members`);
  model = next;
  for (const member of next.members) updateMember(member);
  updateMatrix(next);
  updateSummary(next);
  drawGraph(byId("graph"), next);
}

function names({ members }) {
  return members.map(({ name }) => name);
}

/** Makes rows and cells once; afterwards only their texts change, so that focus is never lost. */
function build({ members }) {
  const corner = make("td", {}, "sees");
  const heads = members.map(({ name }) => make("th", { scope: "col" }, ...twoLines(name)));
  byId("matrix").tHead.replaceChildren(make("tr", {}, corner, ...heads));
  const rows = members.map(({ name }) => {
    const cells = members.map(() => make("td", {}));
    return make("tr", {}, make("th", { scope: "row" }, name), ...cells);
  });
  byId("matrix").tBodies[0].replaceChildren(...rows);
  byId("members").tBodies[0].replaceChildren(...members.map(buildMember));
}

/** Narrow columns: the organisation below the peer. */
function twoLines(name) {
  const [peer, org] = name.split(".");
  return [peer, make("span", {}, `.${org}`)];
}

function buildMember({ name, mspId, endpoint, operations }) {
  const cell = (label, ...children) => {
    const made = make("td", {}, ...children);
    made.dataset.label = label;
    return made;
  };
  const status = make("span", { className: "badge" });
  status.dataset.field = "state";
  const field = (key) => {
    const made = make("span", {});
    made.dataset.field = key;
    return made;
  };
  const buttons = BUTTONS.map(() => {
    const button = make("button", { type: "button" });
    button.addEventListener("click", () => act(name, button));
    return button;
  });
  const log = make("a", { href: `/api/v1/devnet/members/${name}/log`, target: "_blank" }, "Log");
  log.rel = "noopener";
  log.ariaLabel = `Log of ${name}`;
  const link = make("a", { href: `${operations}/api/v1/members`, target: "_blank" }, endpoint);
  link.rel = "noopener";
  return make(
    "tr",
    { id: `member-${name}` },
    make("th", { scope: "row" }, name),
    cell("MSP", mspId),
    cell("Endpoint", link),
    cell("PID", field("pid")),
    cell("Status", status),
    cell("Sees", field("sees")),
    cell("Certificate until", field("expires")),
    cell("Actions", make("div", { className: "actions" }, ...buttons, log)),
  );
}

function updateMember(member) {
  const row = byId(`member-${member.name}`);
  const set = (key, text) => setText(row.querySelector(`[data-field=${key}]`), text);
  set("pid", String(member.pid ?? "–"));
  set("state", STATES[member.state]);
  set("sees", member.state === "running" ? `${member.sees} alive` : "–");
  set("expires", member.expires?.slice(0, 10) ?? "–");
  row.querySelector("[data-field=state]").className = `badge ${member.state}`;
  for (const [index, button] of row.querySelectorAll("button").entries()) {
    const action = BUTTONS[index][member.state] ?? BUTTONS[index].otherwise;
    setText(button, `${action[0].toUpperCase()}${action.slice(1)}`);
    button.dataset.action = action;
    button.ariaLabel = `${button.textContent} ${member.name}`;
    // Not `disabled`: that would take the focus away from whoever just pressed it.
    button.ariaDisabled = String(!(member.state in BUTTONS[index]));
  }
}

function updateMatrix({ members }) {
  const rows = byId("matrix").tBodies[0].rows;
  for (const [index, { relations }] of members.entries()) {
    for (const [column, relation] of relations.entries()) {
      const cell = rows[index].cells[column + 1];
      setText(cell, RELATIONS[relation]);
      cell.className = relation;
    }
  }
}

function updateSummary({ members }) {
  const count = (state) => members.filter((member) => member.state === state).length;
  const counts = Object.entries(STATES)
    .filter(([state]) => count(state) > 0)
    .map(([state, text]) => `${count(state)} ${text}`);
  const others = members.length - count("stopped") - 1;
  const isFull = members.every(({ state, sees }) => state !== "running" || sees === others);
  const view = isFull ? "all see each other" : "not all see each other";
  const summary = byId("summary");
  setText(summary, `${counts.join(", ")}${count("running") > 1 ? `: ${view}` : ""}`);
  summary.className = `badge ${isFull && counts.length === 1 ? "running" : "silent"}`;
}

async function act(name, button) {
  const { action } = button.dataset;
  if (button.ariaDisabled === "true" || button.ariaBusy === "true") return;
  button.ariaBusy = "true";
  try {
    const path = `/api/v1/devnet/members/${name}/${action}`;
    const response = await fetch(path, { method: "POST" });
    if (!response.ok) report((await response.json()).error, "dead");
    else if (action in DONE) report(`${name}: ${DONE[action]}`);
  } catch {
    report(`${name}: ${action} did not arrive`, "dead");
  }
  button.ariaBusy = "false";
  await refresh();
}

function report(text, kind = "unknown") {
  const now = new Date();
  const time = make("time", { dateTime: now.toISOString() }, now.toLocaleTimeString("en-GB"));
  const list = byId("events");
  list.prepend(make("li", { className: kind }, time, make("span", {}, text)));
  while (list.children.length > EVENTS_MAX) list.lastElementChild.remove();
}

function complain(text) {
  const problem = byId("problem");
  setText(problem, text);
  problem.hidden = text === "";
}

/** Writes only what changed, so that screen readers and selections are left in peace. */
function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function byId(id) {
  return document.getElementById(id);
}

function make(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

await refresh();
