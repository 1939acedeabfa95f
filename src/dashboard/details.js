/** Details of one member and its actions. */
import { button, card, make, setText } from "./dom.js";
import { age, countdown, date, decoded } from "./format.js";

/**
 * `ask(member)` returns the explanation of its visibility; `facts(member, nowMs)` what is shown of it:
 * `[label, text, level, title]`.
 * @param {{ selection: any, actions?: any, ask: any, links: any, name?: string, title?: string, facts?: any }} options
 *   `actions`: only in a devnet.
 */
export function createDetails({
  selection,
  actions,
  ask,
  links,
  name = "details",
  title = "Member",
  facts = factsOf,
}) {
  const badge = make("span", { className: "badge" });
  const list = make("dl", { className: "facts" });
  const why = make("div", { className: "why", hidden: true });
  const foot = make("div", { className: "foot" });
  const { section, head, heading } = card(name, title, list, foot, why);
  head.append(badge);
  const parts = { heading, badge, list, foot, why, selection, actions, links, ask, factsOf: facts };
  let model;
  const show = () => {
    const member = model?.members.find(({ key }) => key === selection.shown);
    if (member !== undefined) update(parts, member);
  };
  selection.listen(show);
  return {
    section,
    update(next) {
      model = next;
      show();
    },
  };
}

function update(parts, member) {
  const { heading, badge, list } = parts;
  setText(heading, member.name);
  setText(badge, member.stateText);
  badge.className = `badge ${member.state}`;
  const facts = parts.factsOf(member, Date.now());
  const labels = facts.map(([label]) => label).join();
  if (list.dataset.labels !== labels) {
    list.dataset.labels = labels;
    list.replaceChildren(
      ...facts.map(([label]) => make("div", {}, make("dt", {}, label), make("dd"))),
    );
  }
  for (const [index, [, text, level = "", title = ""]] of facts.entries()) {
    const value = list.children[index].lastElementChild;
    setText(value, text);
    value.className = level;
    value.title = title;
  }
  updateFoot(parts, member);
}

function factsOf(member, nowMs) {
  const left = countdown(member.expires, nowMs);
  const isDead = member.status === "dead" || member.state === "dead";
  const facts = [
    ["Organisation", member.organisation],
    ["Endpoint", member.address || "none"],
    ["Certificate", `${left.text} (${date(member.expires)})`, left.level],
    [isDead ? "Dead for" : "Alive for", age(member.since, nowMs)],
  ];
  if (!member.self) facts.push(["Last heartbeat", heard(member.lastSeen, nowMs)]);
  facts.push(["Heartbeats", member.sequence ?? "–"], ["Connections", String(member.connected)]);
  if (member.pid !== undefined) {
    facts.push(["Seen by", `${member.seenBy} of ${member.observers}`]);
    facts.push(["Process", member.pid === null ? "none" : String(member.pid)]);
  }
  const tags = Object.entries(member.tags ?? {});
  if (tags.length > 0) facts.push(["Tags", tags.map((tag) => tag.join("=")).join(" ")]);
  if (member.metadata) facts.push(["Metadata", decoded(member.metadata)]);
  facts.push(["PKI-ID", member.pkiId?.slice(0, 16) ?? "unknown", "code", member.pkiId ?? ""]);
  return facts;
}

function heard(lastSeen, nowMs) {
  return lastSeen === null ? "never" : `${age(lastSeen, nowMs)} ago`;
}

/** Keeps the buttons as long as the same member is shown. */
function updateFoot(parts, member) {
  const { foot, why, actions, links, ask, selection } = parts;
  if (foot.dataset.key !== member.key) {
    foot.dataset.key = member.key;
    why.hidden = true;
    const explain = button("Why?", () => explainTo(why, ask, member), {
      ariaLabel: `Why is ${member.name} seen as it is?`,
    });
    // A hovered member disappears before the pointer could reach its buttons.
    parts.buttons = actions?.create(member, true);
    foot.replaceChildren(...(parts.buttons?.elements ?? []), explain, ...links(member));
  }
  // The explanation is outdated.
  if (why.dataset.state !== member.state) why.hidden = true;
  parts.buttons?.update(member);
  foot.classList.toggle("inert", selection.shown !== selection.key);
}

async function explainTo(place, ask, member) {
  place.hidden = false;
  place.dataset.state = member.state;
  place.replaceChildren(make("p", {}, "asking …"));
  const { from, sentences, remedy, error } = await ask(member);
  const lines = error === undefined ? sentences : [error];
  const list = lines.map((line) => make("p", {}, line));
  if (from !== undefined) list.unshift(make("p", { className: "soft" }, `${from} says:`));
  if (remedy) list.push(make("p", {}, make("strong", {}, "To do: "), remedy));
  place.replaceChildren(...list);
}
