/** What happened, the newest first. Spoken now and then, in short. */
import { byId, card, make } from "./dom.js";
import { timeOfDay } from "./format.js";

const EVENTS_MAX = 200;
/** Screen readers hear of changes at most so often. */
const SPOKEN_MS = 4_000;

export function createTimeline() {
  const list = make("ol", { id: "events", role: "log", "aria-live": "off", tabIndex: 0 });
  list.ariaLabel = "Events";
  const { section, head } = card("events", "Events", list);
  const unspoken = [];
  let timer;
  let spokenMs = Number.NEGATIVE_INFINITY;
  const speak = () => {
    const [last] = unspoken.slice(-1);
    const more = unspoken.length > 1 ? `; and ${unspoken.length - 1} more` : "";
    byId("announcement").textContent = `${last}${more}`;
    unspoken.length = 0;
    timer = undefined;
    spokenMs = performance.now();
  };
  return {
    section,
    head,
    /** `isSpoken`: whether it is worth interrupting for. */
    report(text, level = "dull", { time = new Date().toISOString(), isSpoken = true } = {}) {
      const when = make("time", { dateTime: time }, timeOfDay(time));
      list.prepend(
        make("li", { className: level }, when, make("span", { className: "text" }, text)),
      );
      while (list.children.length > EVENTS_MAX) list.lastElementChild.remove();
      if (!isSpoken) return;
      unspoken.push(text);
      if (timer !== undefined) return;
      timer = setTimeout(speak, Math.max(200, spokenMs + SPOKEN_MS - performance.now()));
    },
  };
}
