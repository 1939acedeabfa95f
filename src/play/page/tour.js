/** Guided tours: selection, and the text of the current step. */
import { button, card, make, setAttributes } from "../../dashboard/dom.js";
import { scriptOf, TOURS } from "../tours.js";
import { TOUR_TEXTS } from "./tour-texts.js";
import { languageOf, t } from "./words.js";

/** `ask` sends a request to the worker; `opened`: a tour began or ended. */
export function createTours(ask, opened) {
  const list = make("div", { className: "actions tours" });
  const text = make("p", { id: "tour-text", "aria-live": "polite" });
  const place = make("span", { className: "soft" });
  /** @type {{ tour: import("../tours.js").Tour | undefined, at: number }} */
  const state = { tour: undefined, at: 0 };
  const go = (tour, at) => {
    state.tour = tour;
    state.at = at;
    const { link, doings } = scriptOf(tour, at);
    const { member } = tour.steps[at];
    opened(member);
    ask({ type: "tour", link, doings, member });
    show();
  };
  const move = (by) => {
    if (state.tour?.steps[state.at + by] !== undefined) go(state.tour, state.at + by);
  };
  const back = button(t("back"), () => move(-1), { id: "tour-back" });
  const next = button(t("next"), () => move(1), { id: "tour-next", className: "primary" });
  const end = () => {
    state.tour = undefined;
    show();
  };
  const leave = button(t("leave"), end);
  const steps = make("div", { className: "tour", hidden: true }, text);
  steps.append(make("div", { className: "actions" }, back, next, place, leave));
  for (const tour of TOURS) {
    const choice = button(textsOf(tour)[0], () => go(tour, 0));
    choice.dataset.tour = tour.name;
    list.append(choice);
  }
  const { section } = card("tour-card", t("tours"), list, steps);
  function show() {
    const { tour, at } = state;
    steps.hidden = tour === undefined;
    for (const choice of list.children) {
      setAttributes(choice, { "aria-pressed": choice.dataset.tour === tour?.name });
    }
    if (tour === undefined) return;
    const count = tour.steps.length;
    text.textContent = textsOf(tour)[at + 1];
    place.textContent = t("place", { place: at + 1, count });
    setAttributes(back, { "aria-disabled": at === 0 });
    setAttributes(next, { "aria-disabled": at === count - 1 });
  }
  return {
    section,
    /** Another run begins. */
    leave: end,
    /** The step is complete. `hasMessage`: a message is shown. */
    arrived(isFound, hasMessage) {
      const { tour, at } = state;
      if (tour === undefined) return;
      if (!isFound) text.textContent = t("lost");
      document.body.dataset.step = `${tour.name} ${at} ${hasMessage}`;
    },
  };
}

function textsOf({ name }) {
  return TOUR_TEXTS[name][languageOf()];
}
