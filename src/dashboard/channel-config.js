/** The configuration of a channel, what is wrong with it, and how it changed; who has which chaincode. */
import { card, make, scroller, setText } from "./dom.js";
import { timeOfDay } from "./format.js";
import { configFacts, configRows } from "./model-channel.js";

const CHANGES_MAX = 50;
const LINES_MAX = 40;
const HEADS = [
  "Organisation",
  "Has",
  "Anchor peers or addresses",
  "First certificate ends",
  "Revoked",
];

export function createChannelConfig() {
  const problems = make("ul", { className: "problems" });
  const facts = make("dl", { className: "facts" });
  const { table, body } = createOrganisations();
  const none = make("p", { className: "soft" }, "No change since this page can look back.");
  const changes = make("ol", { className: "changes" });
  const scroll = scroller("Organisations", table);
  const parts = [problems, facts, scroll, make("h3", {}, "Changes"), none, changes];
  const { section } = card("config-card", "Configuration", ...parts);
  return {
    section,
    clear() {
      changes.replaceChildren();
      none.hidden = false;
    },
    /** Undefined: it is not known yet. */
    update(configuration) {
      const found = configuration?.problems ?? [];
      problems.replaceChildren(...found.map((text) => make("li", {}, text)));
      const lines = configuration ? configFacts(configuration) : [["In force", "not found yet"]];
      facts.replaceChildren(...lines.map(([label, text]) => factOf(label, text)));
      const rows = configuration ? configRows(configuration, Date.now()) : [];
      body.replaceChildren(...rows.map(rowOf));
      scroll.hidden = rows.length === 0;
    },
    /** Event `channel-config-changed`. */
    change(event) {
      none.hidden = true;
      changes.prepend(changeOf(event));
      while (changes.children.length > CHANGES_MAX) changes.lastElementChild?.remove();
    },
  };
}

function createOrganisations() {
  const body = make("tbody");
  const heads = HEADS.map((text) => make("th", { scope: "col" }, text));
  const caption = make("caption", { className: "hidden" }, "Organisations of the configuration");
  const head = make("thead", {}, make("tr", {}, ...heads));
  const properties = { id: "channel-organisations", className: "plain" };
  return { table: make("table", properties, caption, head, body), body };
}

function factOf(label, text) {
  return make("div", {}, make("dt", {}, label), make("dd", {}, text));
}

function changeOf({ sequence, number, added, removed, time }) {
  const lines = [
    ...removed.map((text) => ["del", `− ${text}`]),
    ...added.map((text) => ["ins", `+ ${text}`]),
  ];
  const shown = lines.slice(0, LINES_MAX).map(([tag, text]) => make("li", {}, make(tag, {}, text)));
  const rest = lines.length - shown.length;
  if (rest > 0) shown.push(make("li", { className: "soft" }, `${rest} more lines`));
  const when = make("time", { dateTime: time }, timeOfDay(time));
  const head = make("p", {}, when, ` configuration ${sequence}, block ${number}`);
  return make("li", {}, head, make("ul", { className: "diff" }, ...shown));
}

function rowOf({ name, role, places, ends, level, revoked }) {
  return make(
    "tr",
    {},
    make("th", { scope: "row" }, name),
    make("td", {}, role),
    make("td", {}, places),
    make("td", { className: level }, ends),
    make("td", {}, revoked),
  );
}

/** Chaincodes by organisation. */
export function createChaincodes() {
  const none = make("p", { className: "soft" }, "No peer publishes a chaincode.");
  const head = make("thead");
  const body = make("tbody");
  const caption = make(
    "caption",
    { className: "hidden" },
    "Sequence of each chaincode, and on how many peers of each organisation it is",
  );
  const table = make(
    "table",
    { id: "channel-chaincodes", className: "plain" },
    caption,
    head,
    body,
  );
  const scroll = scroller("Chaincodes", table);
  const { section } = card("chaincodes-card", "Chaincodes by organisation", none, scroll);
  let shown = "";
  return {
    section,
    update({ chaincodes: { organisations, rows } }) {
      none.hidden = rows.length > 0;
      scroll.hidden = rows.length === 0;
      const text = JSON.stringify([organisations, rows]);
      if (text === shown) return;
      shown = text;
      const heads = ["Chaincode", ...organisations].map((name) =>
        make("th", { scope: "col" }, name),
      );
      head.replaceChildren(make("tr", {}, ...heads));
      body.replaceChildren(
        ...rows.map(({ name, cells }) =>
          make(
            "tr",
            {},
            make("th", { scope: "row" }, name),
            ...cells.map(({ text: said, level, title }) =>
              make("td", { title }, make("span", { className: `badge ${level}` }, said)),
            ),
          ),
        ),
      );
    },
  };
}

/** The state of a channel in a few numbers. */
export function createTiles() {
  const list = make("dl", { className: "tiles" });
  return {
    list,
    update(tiles) {
      if (list.children.length !== tiles.length) {
        list.replaceChildren(
          ...tiles.map(([label]) =>
            make("div", {}, make("dt", {}, label), make("dd"), make("dd", { className: "soft" })),
          ),
        );
      }
      for (const [at, [, value, detail, level]] of tiles.entries()) {
        const [, first, second] = list.children[at].children;
        setText(first, value);
        first.className = level;
        setText(second, detail);
      }
    },
  };
}
