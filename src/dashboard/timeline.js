/** Event list, newest first, with a periodic screen reader summary. */
import { byId, card, make } from "./dom.js";
import { timeOfDay } from "./format.js";

const EVENTS_MAX = 200;
/** Minimum interval between screen reader announcements. */
const SPOKEN_MS = 4_000;

export function createTimeline(id = "events", title = "Events") {
  const list = make("ol", {
    id,
    className: "event-list",
    role: "log",
    "aria-live": "off",
    tabIndex: 0,
  });
  list.ariaLabel = title;
  const { section, head } = card(id, title, list);
  const unspoken = { text: "", more: 0 };
  let timer;
  let spokenMs = Number.NEGATIVE_INFINITY;
  const speak = () => {
    const { text, more } = unspoken;
    byId("announcement").textContent = more > 0 ? `${text}; and ${more} more` : text;
    unspoken.more = 0;
    timer = undefined;
    spokenMs = performance.now();
  };
  return {
    section,
    head,
    clear: () => list.replaceChildren(),
    /** `isSpoken`: whether to announce the event to screen readers. */
    report(text, level = "dull", { time = new Date().toISOString(), isSpoken = true } = {}) {
      const when = make("time", { dateTime: time }, timeOfDay(time));
      list.prepend(
        make("li", { className: level }, when, make("span", { className: "text" }, text)),
      );
      while (list.children.length > EVENTS_MAX) list.lastElementChild.remove();
      if (!isSpoken) return;
      unspoken.text = text;
      if (timer !== undefined) {
        unspoken.more++;
        return;
      }
      timer = setTimeout(speak, Math.max(200, spokenMs + SPOKEN_MS - performance.now()));
    },
  };
}
