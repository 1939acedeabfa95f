/** Dashboard of a devnet: every member's view, and actions on members. */
import { createActions } from "./actions.js";
import { describeChanges } from "./changes.js";
import { createDetails } from "./details.js";
import { createDevnetChannel } from "./devnet-channel.js";
import { byId, make } from "./dom.js";
import { createGraph } from "./graph.js";
import { createMatrix } from "./matrix.js";
import { createMembersTable } from "./members-table.js";
import { devnetModel } from "./model-devnet.js";
import { createPartition } from "./partition.js";
import { getJson, startPolling } from "./poll.js";
import { createProtocol } from "./protocol.js";
import { createSelection } from "./selection.js";
import { showSummary } from "./summary.js";
import { createTabs } from "./tabs.js";
import { createTimeline } from "./timeline.js";

const API = "/api/v1/devnet";

export async function start() {
  byId("subtitle").textContent = "devnet";
  document.title = "devnet – fabric-gossip";
  /** @type {{ model: ReturnType<typeof devnetModel> | undefined, refresh: () => Promise<void> }} */
  const page = { model: undefined, refresh: async () => {} };
  const selection = createSelection();
  const timeline = createTimeline();
  const tools = { report: timeline.report, refresh: () => page.refresh() };
  const partition = createPartition(tools);
  const actions = createActions({ ...tools, isolate: partition.isolate });
  const graph = createGraph("devnet", selection);
  graph.head.append(partition.buttons);
  const ask = (member) => askObserver(page.model, member);
  const details = createDetails({ selection, actions, ask, links });
  const status = await getJson(`${API}/channel`);
  const channel = status === null ? undefined : createDevnetChannel(status.name, tools);
  const matrix = createMatrix();
  const table = createMembersTable("devnet", { selection, actions, links: () => [] });
  const chooser = make("select", { id: "watched" });
  const protocol = createProtocol({
    urlOf: () => urlOf(chooser.value),
    peerOf: (message) => peerOf(page.model, message),
    chooser,
  });
  const parts = [partition, graph, details, matrix, table, ...(channel ? [channel] : [])];
  const show = () => {
    if (page.model === undefined) return;
    showSummary(page.model.summary);
    for (const part of parts) part.update(page.model);
    fillChooser(chooser, page.model);
    protocol.update();
  };
  page.refresh = startPolling(async () => {
    const next = await look();
    const changes = page.model === undefined ? [] : describeChanges(page.model, next);
    if (page.model === undefined) timeline.report(`watching ${next.members.length} members`);
    for (const { text, level } of changes) timeline.report(text, level);
    page.model = next;
    show();
    await channel?.look();
  }, "The devnet does not answer. Is it still running?");
  const overview = [graph.section, details.section, matrix.section, timeline.section];
  const { sections, shown } = channel ?? {};
  createTabs([
    { id: "overview", title: "Overview", parts: overview, shown: show },
    { id: "members-view", title: "Members", parts: [table.section], shown: show },
    ...(channel ? [{ id: "channels", title: "Channel", parts: sections, shown }] : []),
    { id: "protocol", title: "Protocol", parts: protocol.sections, shown: protocol.shown },
  ]);
  await page.refresh();
}

async function look() {
  const paths = ["", "/views", "/connections", "/partition", "/channel"];
  const answers = await Promise.all(paths.map((path) => getJson(API + path)));
  const [{ members }, views, connections, { groups }, channel] = answers;
  return devnetModel({ members, views, connections, groups, channel });
}

function links({ name, operations }) {
  const log = make("a", { href: `${API}/members/${name}/log`, target: "_blank" }, "Log");
  const own = make("a", { href: operations, target: "_blank" }, "Its dashboard");
  log.ariaLabel = `Log of ${name}`;
  own.ariaLabel = `Dashboard of ${name}`;
  for (const link of [log, own]) link.rel = "noopener";
  return [log, own];
}

function urlOf(name) {
  return name === "" ? undefined : `${API}/members/${name}/api/messages`;
}

/** Asks another member for the explanation. */
async function askObserver(model, { name, pkiId, address }) {
  const observer = model.members.find((other) => other.isAnswering && other.name !== name);
  if (observer === undefined) return { error: "No running member can be asked." };
  const path = `${API}/members/${observer.name}/api/why?peer=${encodeURIComponent(pkiId ?? address)}`;
  try {
    return { from: observer.name, ...(await getJson(path)) };
  } catch (error) {
    return { error: error.message };
  }
}

/** The dialled endpoint identifies the peer before the handshake. */
function peerOf(model, { pkiId, remote }) {
  const byEndpoint = model?.members.find(({ address }) => address === remote);
  return model?.names.get(pkiId) ?? byEndpoint?.name ?? remote;
}

function fillChooser(chooser, { members }) {
  if (chooser.options.length === members.length) return;
  chooser.replaceChildren(...members.map(({ name }) => make("option", { value: name }, name)));
}
