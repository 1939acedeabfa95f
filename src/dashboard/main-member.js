/** The dashboard of one member: its view of the network. */
import { createChannelView } from "./channel-view.js";
import { createDetails } from "./details.js";
import { byId, make } from "./dom.js";
import { describeEvent } from "./event-words.js";
import { clip, visible } from "./format.js";
import { createGraph } from "./graph.js";
import { createMembersTable } from "./members-table.js";
import { createRhythm, memberModel } from "./model-member.js";
import { getJson, startPolling } from "./poll.js";
import { createProtocol } from "./protocol.js";
import { createSelection } from "./selection.js";
import { readStream } from "./stream.js";
import { showSummary } from "./summary.js";
import { createTabs } from "./tabs.js";
import { createTimeline } from "./timeline.js";

const API = "/api/v1";
const REMOTE_MAX = 253;

export async function start() {
  const selection = createSelection();
  const links = () => [];
  const graph = createGraph("member", selection);
  const details = createDetails({ selection, ask, links });
  const table = createMembersTable("member", { selection, links });
  const timeline = createTimeline();
  const overdueAfter = createRhythm();
  let model;
  const nameOf = (pkiId) => model?.members.find((member) => member.pkiId === pkiId)?.name;
  const peerOf = ({ pkiId, remote }) => nameOf(pkiId) ?? clip(visible(remote), REMOTE_MAX);
  const protocol = createProtocol({ urlOf: () => `${API}/messages`, peerOf });
  const channel = createChannelView({ base: () => API, nameOf, changed: () => refresh() });
  // They are part of the configuration: others come with a restart, and then the page is loaded again.
  const followed = await getJson(`${API}/channels`);
  channel.setChannels(followed.map(({ name }) => name));
  let isChannelShown = false;
  let refresh = async () => {};
  const show = () => {
    showSummary(model.summary);
    graph.update(model);
    details.update(model);
    table.update(model);
  };
  const channelTab = {
    id: "channels",
    title: "Channels",
    parts: channel.sections,
    shown: (isShown) => {
      isChannelShown = isShown;
      if (isShown) void refresh();
    },
  };
  createTabs([
    {
      id: "overview",
      title: "Overview",
      parts: [graph.section, details.section, timeline.section],
      shown: () => model && show(),
    },
    { id: "members-view", title: "Members", parts: [table.section], shown: () => model && show() },
    ...(followed.length === 0 ? [] : [channelTab]),
    { id: "protocol", title: "Protocol", parts: protocol.sections, shown: protocol.shown },
  ]);
  const look = async () => {
    const [members, connections] = await Promise.all(
      ["members", "connections"].map((what) => getJson(`${API}/${what}`)),
    );
    model = memberModel({ members, connections }, Date.now(), overdueAfter(members));
    const self = model.members.find((member) => member.self);
    byId("subtitle").textContent = `${self.name} of ${self.organisation}`;
    document.title = `${self.name} – fabric-gossip`;
    show();
    if (isChannelShown) await channel.look();
  };
  refresh = startPolling(look, "The member does not answer. Is it still running?");
  await refresh();
  watchEvents({ timeline, hear: channel.hear }, (pkiId) => nameOf(pkiId) ?? pkiId.slice(0, 16));
}

async function ask({ pkiId }) {
  try {
    return await getJson(`${API}/why?peer=${pkiId}`);
  } catch (error) {
    return { error: error.message };
  }
}

/** Frequent events are shown but not announced to screen readers. */
const QUIET = /^(connection-|identity-learnt|member-updated)/;
/** These come every second; the page of the channel shows them. */
const ELSEWHERE = new Set(["channel-height", "block"]);

/** The oldest possible id: requests all events that the member has kept. */
const FIRST_ID = "1";

function watchEvents({ timeline, hear }, nameOf) {
  const openedMs = Date.now();
  let isFirst = true;
  timeline.head.append(make("span", { className: "soft", id: "stream" }));
  const state = byId("stream");
  void readStream(`${API}/events`, {
    signal: new AbortController().signal,
    after: FIRST_ID,
    onOpen: () => {
      state.textContent = "live";
    },
    onLost: () => {
      state.textContent = "not connected";
    },
    onEvent: (type, event) => {
      const isGap = type === "gap" && !isFirst;
      isFirst = false;
      if (isGap) timeline.report(`${event.missed ?? "some"} events were missed`, "warn");
      if (type !== "message") return;
      hear(event);
      if (ELSEWHERE.has(event.type)) return;
      const { text, level, time } = describeEvent(event, nameOf);
      timeline.report(text, level, {
        time,
        isSpoken: !QUIET.test(event.type) && Date.parse(time) > openedMs,
      });
    },
  });
}
