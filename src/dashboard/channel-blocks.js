/** The newest blocks of a channel, as they come. */
import { card, make, scroller, setText } from "./dom.js";
import { age, size, timeOfDay } from "./format.js";
import { number, validationOf } from "./model-channel.js";

const BLOCKS_MAX = 50;
const HEADS = ["Block", "Made", "Transactions", "Validation", "Size", "From", "Hash"];

export function createChannelBlocks() {
  const body = make("tbody", { role: "rowgroup" });
  const heads = HEADS.map((text) => make("th", { scope: "col", role: "columnheader" }, text));
  const table = make(
    "table",
    { id: "channel-blocks", className: "rows", role: "table" },
    make("caption", { className: "hidden" }, "The newest blocks, newest first"),
    make("thead", { role: "rowgroup" }, make("tr", { role: "row" }, ...heads)),
    body,
  );
  const scroll = scroller("Newest blocks", table, "scroll tall");
  const none = make("p", { className: "soft" });
  const { section } = card("blocks-card", "Blocks", none, scroll);
  const rows = new Map();
  return {
    section,
    clear() {
      rows.clear();
      body.replaceChildren();
    },
    /** The oldest first; `blocks`: whether the member follows them. */
    update(found, { blocks, height }) {
      const isFollowed = blocks !== "none";
      scroll.hidden = rows.size + found.length === 0;
      none.hidden = !scroll.hidden;
      setText(none, isFollowed ? "No block was verified yet." : withoutBlocks(height));
      const isFirst = rows.size === 0;
      for (const block of found) {
        const known = rows.get(block.number);
        if (known?.hash === block.hash) continue;
        const row = rowOf(block, !isFirst);
        known?.row.remove();
        rows.set(block.number, { row, hash: block.hash });
        body.prepend(row);
      }
      while (body.rows.length > BLOCKS_MAX) {
        const last = body.rows[body.rows.length - 1];
        rows.delete(last.dataset.number);
        last.remove();
      }
    },
  };
}

function withoutBlocks(height) {
  return `This member follows heights only (${number(height)} blocks are proven). Set blocks: verify or keep for this channel to see its blocks.`;
}

/** The API has base64, people compare hex. */
function hexOf(base64) {
  const bytes = Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function rowOf(block, isNew) {
  const { text, level } = validationOf(block);
  const kind = block.kind === "transactions" ? "" : ` ${block.kind}`;
  const made = block.madeAt ?? block.receivedAt;
  const delay = age(block.madeAt, Date.parse(block.receivedAt));
  const cells = [
    [String(block.transactions), ""],
    [text, level],
    [size(block.bytes), ""],
    [block.from, ""],
    [hexOf(block.hash).slice(0, 12), "code"],
  ];
  const when = make("time", { dateTime: made, title: `received ${delay} later` }, timeOfDay(made));
  const first = make("th", { scope: "row", role: "rowheader" }, number(block.number));
  if (kind !== "") first.append(make("span", { className: "badge warn" }, kind.trim()));
  const row = make(
    "tr",
    { role: "row", className: isNew ? "new" : "" },
    first,
    make("td", { role: "cell" }, when),
    ...cells.map(([value, className]) =>
      make("td", { role: "cell", className, title: value }, value),
    ),
  );
  row.dataset.number = block.number;
  for (const [at, cell] of [...row.cells].entries()) cell.dataset.label = HEADS[at];
  return row;
}
