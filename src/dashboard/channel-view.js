/** The page of a channel, as one member sees it. */
import { readAddress, writeAddress } from "./address.js";
import { createChannelBlocks } from "./channel-blocks.js";
import { createChaincodes, createChannelConfig, createTiles } from "./channel-config.js";
import { createDetails } from "./details.js";
import { card, make, setText } from "./dom.js";
import { describeEvent } from "./event-words.js";
import { createHeightChart } from "./height-chart.js";
import { createMembersTable } from "./members-table.js";
import { channelFacts, channelModel } from "./model-channel.js";
import { getJson } from "./poll.js";
import { createSelection } from "./selection.js";
import { createTimeline } from "./timeline.js";

const BLOCKS_ASKED = 20;
/** What happens all the time has its place in the picture and among the blocks. */
const EVERYDAY = new Set(["channel-height", "block"]);
const MARKED = new Set(["bad", "warn"]);
/** What becomes of members, whatever their channels. */
const LIVES = new Set(["member-dead", "member-returned", "member-forgotten"]);

/** @typedef {{ shown: any, events: any[], seen: Record<string, string> }} State */

/**
 * `base()`: where the API of the member begins that is asked; `nameOf(pkiId)`: what the page calls a member;
 * `changed()`: another channel was chosen.
 * @param {{ base: () => string, nameOf: (pkiId: string) => string | undefined, changed: () => void, actions?: any }} options
 */
export function createChannelView(options) {
  const parts = createParts(options);
  const { chooser, choice, selection } = parts;
  /** @type {State} */
  const state = { shown: undefined, events: [], seen: {} };
  chooser.addEventListener("change", () => {
    writeAddress({ channel: chooser.value, peer: "" });
    reset(parts, state);
    options.changed();
  });
  selection.select(readAddress("peer") || undefined);
  selection.listen(() => {
    const { key } = selection;
    if (key !== undefined && key !== readAddress("peer")) writeAddress({ peer: key });
  });
  return {
    sections: parts.sections,
    head: parts.head,
    /** The channels that the member follows. */
    setChannels(names) {
      chooser.replaceChildren(...names.map((name) => make("option", { value: name }, name)));
      const wanted = readAddress("channel");
      if (names.includes(wanted)) chooser.value = wanted;
      choice.hidden = names.length < 2;
    },
    /** Another member is asked: what its predecessor said is of no use. */
    clear() {
      state.events = [];
      reset(parts, state);
    },
    /** An event of any kind. */
    hear(event) {
      if (event.channel === undefined && !LIVES.has(event.type)) return;
      state.events.push(event);
      if (state.events.length > EVENTS_MAX) state.events.shift();
      if (isOf(chooser.value, event, state)) take(parts, event);
    },
    look: () => look(parts, state),
  };
}

/** @param {any} options */
function createParts({ base, nameOf, actions }) {
  const chooser = make("select", { id: "channel-name" });
  const selection = createSelection();
  const tiles = createTiles();
  const problems = make("ul", { className: "problems" });
  const { section, head, heading } = card("channel-card", "Channel", tiles.list, problems);
  const choice = make("label", { className: "search", hidden: true }, "Channel", chooser);
  head.append(choice);
  const ask = ({ pkiId }) =>
    explain(`${base()}/why?peer=${pkiId}&channel=${encodeURIComponent(chooser.value)}`);
  const links = () => [];
  const named = { name: "peer-details", title: "Peer", facts: channelFacts };
  const chart = createHeightChart(selection);
  const details = createDetails({ ...{ selection, ask, links }, ...named });
  const table = createMembersTable("channel", { selection, actions, links });
  const blocks = createChannelBlocks();
  const timeline = createTimeline("channel-events", "What happened");
  const config = createChannelConfig();
  const chaincodes = createChaincodes();
  const below = [chart, details, table, blocks, timeline, config, chaincodes];
  return {
    ...{ base, nameOf, chooser, choice, selection, tiles, problems, heading, head },
    ...{ chart, details, table, blocks, timeline, config, chaincodes },
    sections: [section, ...below.map((part) => part.section)],
  };
}

/** As many as a member keeps. */
const EVENTS_MAX = 1_000;

function reset(parts, state) {
  const { chart, config, blocks, timeline, selection, chooser } = parts;
  for (const part of [chart, config, blocks, timeline]) part.clear();
  selection.select(undefined);
  Object.assign(state, { shown: undefined, seen: {} });
  for (const event of state.events) if (isOf(chooser.value, event, state)) take(parts, event);
}

/** Whether an event is one of the channel, or of a member of it. */
function isOf(name, { channel, member }, { shown, events }) {
  if (channel !== undefined) return channel === name;
  const { pkiId } = member;
  return (
    shown?.view.members.some((one) => one.pkiId === pkiId) ||
    events.some((one) => one.channel === name && one.pkiId === pkiId)
  );
}

function take({ chart, config, timeline, nameOf }, event) {
  const atMs = Date.parse(event.time);
  if (event.type === "channel-height") chart.add(event.pkiId, event.height, atMs);
  if (event.type === "channel-config-changed") config.change(event);
  if (EVERYDAY.has(event.type)) return;
  const { text, level, time } = describeEvent(
    event,
    (pkiId) => nameOf(pkiId) ?? pkiId.slice(0, 16),
  );
  if (MARKED.has(level) || event.type === "channel-config-changed") chart.mark(text, level, atMs);
  timeline.report(text, level, { time, isSpoken: false });
}

/** Asks for what has changed since the last time. */
async function look(parts, state) {
  const { base, chooser } = parts;
  const name = chooser.value;
  const { seen } = state;
  const path = `${base()}/channels/${encodeURIComponent(name)}`;
  const view = await getJson(path);
  const { configSequence, height, blocks } = view;
  const isNewConfig = configSequence !== null && configSequence !== seen.config;
  const isNewBlock = blocks !== "none" && height !== seen.height && height !== "0";
  const [config, found, earlier] = await Promise.all([
    isNewConfig ? getJson(`${path}/config`) : state.shown?.config,
    isNewBlock
      ? getJson(`${path}/blocks?limit=${BLOCKS_ASKED}&from=${firstOf(height, seen.height)}`)
      : [],
    seen.heights ? [] : getJson(`${path}/heights`).catch(() => undefined),
  ]);
  if (state.seen !== seen || chooser.value !== name) return; // Another one was chosen meanwhile.
  const last = found.at(-1);
  if (last !== undefined) seen.height = String(BigInt(last.number) + 1n);
  if (configSequence !== null) seen.config = configSequence;
  // It only completes the picture; without an answer it is asked again next time.
  if (earlier !== undefined) seen.heights = "known";
  parts.chart.addEarlier(earlier ?? []);
  state.shown = { view, config, found };
  show(parts, state.shown);
  state.shown.found = [];
}

/** The first block that is not on the page yet, but not more than are shown. */
function firstOf(height, seen) {
  const least = BigInt(height) - BigInt(BLOCKS_ASKED);
  const next = seen === undefined ? least : BigInt(seen);
  const from = next > least ? next : least;
  return from < 0n ? 0n : from;
}

function show(parts, { view, config, found }) {
  const { chart, details, table, chaincodes, tiles, selection, heading, nameOf } = parts;
  const nowMs = Date.now();
  const model = channelModel(view, nameOf, nowMs);
  if (!model.members.some(({ key }) => key === selection.key))
    selection.select(worstOf(model.members)?.key);
  setText(heading, `Channel ${view.name}`);
  tiles.update(model.tiles);
  showProblems(parts, view);
  chart.update(model, nowMs);
  details.update(model);
  table.update(model);
  chaincodes.update(model);
  parts.config.update(config);
  parts.blocks.update(found, view);
}

/** Whom one wants to look at first: who is most behind. */
function worstOf(members) {
  return members.toSorted((a, b) => Number(b.behind) - Number(a.behind)).at(0);
}

/** What is wrong now: problems with their remedy, and notes. */
function showProblems({ problems }, { problems: found, notes }) {
  const wrong = found.map(({ severity, reason, remedy }) => ({
    level: severity === "error" ? "bad" : "warn",
    text: `${reason} ${remedy}`,
  }));
  const lines = [...wrong, ...notes.map((text) => ({ level: "warn", text }))];
  const text = JSON.stringify(lines);
  if (problems.dataset.text === text) return;
  problems.dataset.text = text;
  problems.replaceChildren(
    ...lines.map((line) => make("li", { className: line.level }, line.text)),
  );
}

async function explain(path) {
  try {
    return await getJson(path);
  } catch (error) {
    return { error: error.message };
  }
}
