/** Tabs of the page; the URL fragment selects one. */
import { byId, make, moveByArrows, setTabStop } from "./dom.js";

/** `views`: `{id, title, parts, shown?(isShown)}`. */
export function createTabs(views) {
  const tabs = views.map(({ id, title }) => {
    const tab = make("button", { type: "button", className: "tab", role: "tab" }, title);
    tab.id = `tab-${id}`;
    tab.setAttribute("aria-controls", id);
    tab.addEventListener("click", () => show(id));
    return tab;
  });
  const panels = views.map(({ id, parts }) =>
    make(
      "div",
      { id, role: "tabpanel", className: "view", "aria-labelledby": `tab-${id}` },
      ...parts,
    ),
  );
  byId("tabs").append(...tabs);
  byId("main").append(...panels);
  moveByArrows(byId("tabs"), "[role=tab]");

  const show = (id) => {
    for (const [index, view] of views.entries()) {
      const isShown = view.id === id;
      tabs[index].ariaSelected = String(isShown);
      panels[index].hidden = !isShown;
      view.shown?.(isShown);
    }
    setTabStop(tabs, byId(`tab-${id}`));
    if (location.hash !== `#${id}`) history.replaceState(null, "", `#${id}`);
  };
  const fromAddress = () => {
    const wanted = views.find(({ id }) => `#${id}` === location.hash) ?? views[0];
    show(wanted.id);
  };
  addEventListener("hashchange", fromAddress);
  fromAddress();
}
