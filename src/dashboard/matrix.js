/** Visibility matrix: one row per observer. */
import { card, make, setText } from "./dom.js";

/** Above this number of columns, and on phones, signs replace words. */
const WORDS_MAX = 8;
const PHONE = "(max-width: 479px)";

export function createMatrix() {
  const table = make("table", { id: "matrix" });
  const caption = make("caption", { className: "hidden" });
  caption.append("Each row shows one member's view of the others");
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

/** Creates the cells once, then updates only their text. */
function build(table, members) {
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
  const isSmall = members.length > WORDS_MAX || matchMedia(PHONE).matches;
  table.classList.toggle("small", isSmall);
  const { rows } = table.tBodies[0];
  for (const [index, { relations }] of members.entries()) {
    for (const [column, relation] of relations.entries()) {
      const cell = rows[index].cells[column + 1];
      if (cell.className === relation) continue;
      setText(cell, relation);
      cell.className = relation;
      cell.title = relation;
    }
  }
}
