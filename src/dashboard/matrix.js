/** Who sees whom: a row for every observer. */
import { card, make, setText } from "./dom.js";

const SIGNS = { self: "·", alive: "✓", dead: "×", unknown: "?", none: "–" };
const WORDS = { self: "self", alive: "alive", dead: "dead", unknown: "unknown", none: "none" };
/** More columns than this show signs instead of words. */
const WORDS_MAX = 8;

export function createMatrix() {
  const table = make("table", { id: "matrix" });
  const caption = make("caption", { className: "hidden" });
  caption.append("Each row is what one member says about the others");
  table.append(caption, make("thead"), make("tbody"));
  const scroll = make("div", { className: "scroll", tabIndex: 0, role: "region" }, table);
  scroll.ariaLabel = "Who sees whom";
  const { section } = card("matrix-card", "Who sees whom", scroll);
  let built = "";
  return {
    section,
    update({ members }) {
      const names = members.map(({ name }) => name).join();
      if (built !== names) build(table, members);
      built = names;
      update(table, members);
    },
  };
}

/** Makes the cells once; afterwards only their texts change. */
function build(table, members) {
  const isSmall = members.length <= WORDS_MAX;
  table.className = isSmall ? "" : "small";
  const heads = members.map(({ name }) => {
    const [peer, ...rest] = name.split(".");
    return make("th", { scope: "col" }, peer, make("span", {}, `.${rest.join(".")}`));
  });
  table.tHead.replaceChildren(make("tr", {}, make("td", {}, "sees"), ...heads));
  const rows = members.map(({ name }) => {
    const cells = members.map(() => make("td"));
    return make("tr", {}, make("th", { scope: "row" }, name), ...cells);
  });
  table.tBodies[0].replaceChildren(...rows);
}

function update(table, members) {
  const words = table.className === "" ? WORDS : SIGNS;
  const { rows } = table.tBodies[0];
  for (const [index, { relations }] of members.entries()) {
    for (const [column, relation] of relations.entries()) {
      const cell = rows[index].cells[column + 1];
      if (cell.className === relation) continue;
      setText(cell, words[relation]);
      cell.className = relation;
      cell.title = relation;
    }
  }
}
