/** One member, and one message: its changes, content and handler. */
import { button, card, make } from "../../dashboard/dom.js";
import { kindOf } from "../../dashboard/message-types.js";
import { typeOf } from "./flights.js";
import { changesOf, sectionsOf } from "./rows.js";
import { t, w } from "./words.js";

const HOUR = 3_600;

export function createMemberCard({ act, step }) {
  const actions = make("div", { className: "actions" });
  const content = make("div", { className: "state" });
  const { section, heading } = card("member-card", t("member"), actions, content);
  let shown = "";
  return {
    section,
    update({ frame, selected }) {
      const member = frame.members[selected];
      heading.textContent = member ? `${member.name} · ${t(member.state)}` : t("member");
      const isolated = frame.members.flatMap(({ isCutOff }, index) => (isCutOff ? [index] : []));
      const key = member ? `${selected} ${member.state} ${isolated}` : "";
      if (key !== shown) {
        shown = key;
        actions.replaceChildren(
          ...(member ? buttonsFor(member, selected, isolated, { act, step }) : []),
        );
      }
      showWhatIsKnown(content, member, frame.state);
    },
  };
}

function showWhatIsKnown(content, member, state) {
  const say = (key) => content.replaceChildren(make("p", { className: "soft" }, t(key)));
  if (member === undefined) say("noMember");
  else if (!isRunning(member)) say("notRunning");
  else if (state !== undefined) showState(content, state);
}

function isRunning({ state }) {
  return state !== "stopped" && state !== "waiting";
}

/** Keeps sections open that the reader opened. */
function showState(content, state) {
  const open = new Set(
    [...content.querySelectorAll("details[open]")].map(({ dataset }) => dataset.name),
  );
  const isFirst = content.querySelector("details") === null;
  const { scrollTop, scrollLeft } = content;
  content.replaceChildren(
    ...sectionsOf(state).map(({ name, table, count }) => {
      const details = make("details", { open: isFirst ? name === "members" : open.has(name) });
      details.dataset.name = name;
      details.append(
        make("summary", {}, `${t(name === "waiting" ? "waitingRows" : name)} (${count})`),
      );
      details.append(table);
      return details;
    }),
  );
  Object.assign(content, { scrollTop, scrollLeft });
}

/** `isolated`: the members inside the partition. */
function buttonsFor(view, member, isolated, { act, step }) {
  const { name, state } = view;
  const change = (key, type, more = {}) => button(t(key), () => act({ type, member, ...more }));
  const cut = (key, members) => button(t(key), () => act({ type: "cut", members }));
  return [
    isRunning(view) ? change("crash", "crash") : change("start", "start"),
    ...(isRunning(view)
      ? [state === "stalled" ? change("resume", "resume") : change("stall", "stall")]
      : []),
    view.isCutOff
      ? cut(
          "rejoin",
          isolated.filter((one) => one !== member),
        )
      : cut("isolate", [...isolated, member]),
    change("revoke", "revoke"),
    change("renew", "renew"),
    change("expire", "expire", { seconds: 20 }),
    change("clockAhead", "clock", { seconds: HOUR }),
    change("clockBehind", "clock", { seconds: -HOUR }),
    change("clockRight", "clock", { seconds: 0 }),
    button(t("stepMember", { name }), () => step({ to: member })),
  ];
}

export function createMessageCard() {
  const hint = make("p", { className: "soft" }, t("noMessage"));
  const content = make("div", { className: "step" }, hint);
  const { section, heading } = card("message-card", t("message"), content);
  return {
    section,
    /** `key`: the text in place of a message. */
    clear(key = "noMessage") {
      heading.textContent = t("message");
      hint.textContent = t(key);
      content.replaceChildren(hint);
    },
    show(step, members) {
      const [from, to] = [members[step.from].name, members[step.to].name];
      const { name, sentence } = kindOf(typeOf(step.kind));
      heading.textContent = t("from", { kind: w(name), from, to });
      const time = (step.atMs / 1_000).toFixed(3);
      content.replaceChildren(
        make("p", { className: "soft" }, t("arrived", { time, bytes: step.bytes })),
        make("p", {}, w(sentence)),
        make("p", {}, `${t("handledBy")} `, linkTo(step.handler)),
        make("h3", {}, t("effects")),
        listOf(step.effects),
        make("h3", {}, t("changes", { name: to })),
        changesOf(step.before, step.after),
        make("h3", {}, t("decoded")),
        decoded(step.message),
      );
    },
  };
}

/** The source file that runs here, at the function. */
function linkTo({ name, file }) {
  const { href } = new URL(`${file.replace(/\.ts$/, ".html")}#${name}`, document.baseURI);
  const link = make("a", { href, target: "_blank", rel: "noopener" }, name);
  return make("span", {}, link, make("span", { className: "soft" }, ` ${file}`));
}

function listOf(effects) {
  if (effects.length === 0) return make("p", { className: "soft" }, t("noEffects"));
  return make("ol", { className: "effects" }, ...effects.map((text) => make("li", {}, w(text))));
}

function decoded(message) {
  if (message === null) return make("p", {}, t("decodedNot"));
  const text = JSON.stringify(message, null, 2);
  return make("pre", { tabIndex: 0, role: "region", ariaLabel: t("decoded") }, text);
}
