/** The channel of a devnet: who has how many blocks, how fast it grows, who lags, a forged block. */
import { button, card, make, scroller, setText } from "./dom.js";

const PATH = "/api/v1/devnet/channel";

export function createChannel({ report, refresh }) {
  const post = async (path, body) => {
    await send(path, body, report);
    await refresh();
  };
  const rate = make("input", { type: "number", min: "0", max: "600", id: "blocks-per-minute" });
  rate.addEventListener("change", () => post(PATH, { blocksPerMinute: Number(rate.value) }));
  const label = make("label", { htmlFor: rate.id }, "blocks per minute ");
  const forge = button("Forge a block", () => post(`${PATH}/forge`, {}), {
    title: "offers every member a block with a wrong signature; each refuses it",
  });
  const differ = button("Let results differ", () => post(`${PATH}/differ`, {}), {
    title: "for a minute, one member gives blocks with another commit hash than the others have",
  });
  const members = createMembers((lagging) => post(PATH, { lagging }));
  const refused = make("p", { className: "soft" });
  const actions = make("div", { className: "actions" }, label, rate, forge, differ);
  const place = scroller("Members and their blocks", members.table);
  const { section, heading } = card("source-card", "Source of blocks", actions, place, refused);
  return {
    section,
    update(model) {
      const { channel } = model;
      setText(heading, `Source of blocks: ${channel.height} made`);
      if (document.activeElement !== rate) rate.value = String(channel.blocksPerMinute);
      members.update(model);
      const last = channel.refused.at(-1);
      const said = last && `block ${last.number} was refused by ${last.member}: ${last.reason}`;
      setText(refused, said ?? "no block was refused");
    },
  };
}

const DONE = {
  [`${PATH}/forge`]: "a block that no orderer signed was offered to all",
  [`${PATH}/differ`]: "one member gives blocks with another commit hash, for a minute",
};

async function send(path, body, report) {
  try {
    const response = await fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!response.ok) report((await response.json()).error, "bad");
    else if (path in DONE) report(DONE[path], "warn");
  } catch {
    report("the devnet does not answer", "bad");
  }
}

/** One line for each member, with a button that lets it lag. */
function createMembers(setLagging) {
  let lagging = [];
  const toggle = (name) => {
    const others = lagging.filter((other) => other !== name);
    return setLagging(lagging.includes(name) ? others : [...others, name]);
  };
  const lines = new Map();
  const rows = make("tbody");
  const lineOf = (name) => {
    const known = lines.get(name);
    if (known !== undefined) return known;
    const cells = { blocks: make("td"), behind: make("td"), lag: button("", () => toggle(name)) };
    const first = make("th", { scope: "row" }, name);
    rows.append(make("tr", {}, first, cells.blocks, cells.behind, make("td", {}, cells.lag)));
    lines.set(name, cells);
    return cells;
  };
  const caption = make("caption", { className: "hidden" }, "How many blocks each member has");
  const heads = ["Member", "Blocks", "Behind", "Action"].map((text) =>
    make("th", { scope: "col" }, text),
  );
  return {
    table: make(
      "table",
      { className: "plain tight" },
      caption,
      make("thead", {}, make("tr", {}, ...heads)),
      rows,
    ),
    update({ channel, members }) {
      lagging = channel.lagging;
      for (const { name } of members) {
        const { blocks, behind, lag } = lineOf(name);
        const has = channel.heights[name];
        setText(blocks, has === undefined ? "-" : String(has));
        setText(behind, has === undefined ? "-" : String(channel.height - has));
        setText(lag, lagging.includes(name) ? "Let it catch up" : "Let it lag");
        lag.ariaLabel = `${lag.textContent}: ${name}`;
      }
    },
  };
}
