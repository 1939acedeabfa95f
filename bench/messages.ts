/**
 * Events and queries among members in one process, over real sockets with mutual TLS: latency,
 * cost, and time of the last answer; the same events in a libp2p topic, if its packages are
 * installed.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { GossipNode } from "../src/index.ts";
import { type ArrivalFigures, Arrivals } from "./arrivals.ts";
import { type GossipsubTopic, openGossipsubTopic } from "./gossipsub.ts";
import {
  atMost,
  cpuUs,
  inTemporaryFolder,
  measureVerification,
  quantile,
  round,
  waitFor,
} from "./measure.ts";
import { prepareMembers } from "./members.ts";

export interface MessagesOptions {
  readonly members: number;
  readonly events: number;
  readonly eventsPerSecond: number;
  readonly queries: number;
  /** Seconds between the complete view and the first event. */
  readonly settleSeconds: number;
  readonly progress: (sentence: string) => void;
}

export interface EventFigures extends ArrivalFigures {
  /** CPU time per event and member, beyond idle time. */
  readonly cpuUsPerDelivery: number;
  readonly verificationsPerDelivery: number;
}

export interface MessagesResult {
  readonly members: number;
  readonly verifyUs: number;
  readonly events: EventFigures;
  /** Bytes sent per event, in all copies, beyond idle traffic. */
  readonly bytesPerDelivery: number;
  readonly queries: {
    readonly lastMsP50: number;
    readonly lastMsMax: number;
    readonly unanswered: number;
  };
  /** Null: its packages are not installed. */
  readonly gossipsub: EventFigures | null;
}

/** Bytes of an event's payload. */
const PAYLOAD_BYTES = 240;
const CONVERGE_MAX_MS = 180_000;
/** An event not delivered by then counts as missing. */
const ARRIVE_MAX_MS = 30_000;
const QUERY_TIMEOUT_MS = 10_000;
const CLOSE_MAX_MS = 10_000;

export async function benchMessages(options: MessagesOptions): Promise<MessagesResult> {
  const nodes: GossipNode[] = [];
  const own = await inTemporaryFolder(async (folder) => {
    try {
      return await measureOwn(options, folder, nodes);
    } finally {
      await atMost(CLOSE_MAX_MS, Promise.all(nodes.map((node) => node.close())));
    }
  });
  options.progress(`${options.members} members of a libp2p topic`);
  const topic = await openGossipsubTopic(options.members);
  return {
    ...own,
    gossipsub: typeof topic === "string" ? null : await measureTopic(topic, options, own.verifyUs),
  };
}

async function measureOwn(
  options: MessagesOptions,
  folder: string,
  nodes: GossipNode[],
): Promise<Omit<MessagesResult, "gossipsub">> {
  const { members, settleSeconds, progress } = options;
  const verifyUs = measureVerification();
  progress(`starting ${members} members`);
  const maker = await prepareMembers(folder, members, "neighbours");
  for (let i = 0; i < members; i++) nodes.push(await maker.start(i));
  const sees = (node: GossipNode): number => node.members().length;
  const isComplete = (): boolean => nodes.every((node) => sees(node) === members);
  if ((await waitFor(isComplete, CONVERGE_MAX_MS)) === undefined) {
    throw new Error(`${members} members did not find each other in ${CONVERGE_MAX_MS / 1_000} s`);
  }
  await sleep(settleSeconds * 1_000);
  const arrivals = new Arrivals(members, () => performance.now());
  nodes.forEach((node, member) => void listen(node, (payload) => arrivals.note(member, payload)));
  for (const node of nodes) node.answer("bench", ({ payload }) => payload);

  const seconds = options.events / options.eventsPerSecond;
  progress(`${options.events} events, then ${options.queries} queries`);
  const idle = await spend(() => sleep(seconds * 1_000), nodes);
  const busy = await spend(
    () =>
      publish(options, arrivals, (member, payload) => nodes[member]?.broadcast("bench", payload)),
    nodes,
  );
  const deliveries = options.events * members;
  const bytesPerDelivery = Math.round((busy.bytes - idle.bytes) / deliveries);
  const events = withCost(arrivals.figures(), (busy.us - idle.us) / deliveries, verifyUs);
  return {
    members,
    verifyUs,
    events,
    bytesPerDelivery,
    queries: await ask(nodes, options.queries),
  };
}

async function measureTopic(
  topic: GossipsubTopic,
  options: MessagesOptions,
  verifyUs: number,
): Promise<EventFigures> {
  const { members, events, eventsPerSecond, settleSeconds } = options;
  const arrivals = new Arrivals(members, () => performance.now());
  topic.listen((member, payload) => arrivals.note(member, payload));
  await sleep(settleSeconds * 1_000);
  const idle = await spend(() => sleep((events / eventsPerSecond) * 1_000), []);
  const busy = await spend(() => publish(options, arrivals, topic.publish), []);
  await topic.close();
  return withCost(arrivals.figures(), (busy.us - idle.us) / (events * members), verifyUs);
}

function withCost(figures: ArrivalFigures, us: number, verifyUs: number): EventFigures {
  const verificationsPerDelivery = round(us / verifyUs, 2);
  return { ...figures, cpuUsPerDelivery: round(us, 1), verificationsPerDelivery };
}

async function listen(node: GossipNode, note: (payload: Uint8Array) => void): Promise<void> {
  for await (const { payload } of node.subscribe("bench")) note(payload);
}

/** Sends the events of all members in turn, and waits for delivery. */
async function publish(
  { members, events, eventsPerSecond }: MessagesOptions,
  arrivals: Arrivals,
  send: (member: number, payload: Uint8Array) => Promise<unknown> | undefined,
): Promise<void> {
  for (let event = 0; event < events; event++) {
    const payload = new Uint8Array(PAYLOAD_BYTES);
    new DataView(payload.buffer).setUint32(0, event);
    arrivals.sent(event);
    void send((event * 7) % members, payload);
    await sleep(1_000 / eventsPerSecond);
  }
  await waitFor(() => arrivals.isComplete(), ARRIVE_MAX_MS);
}

/** CPU time and bytes meanwhile. */
async function spend(
  run: () => Promise<unknown>,
  nodes: readonly GossipNode[],
): Promise<{ us: number; bytes: number }> {
  const sent = (): number => nodes.reduce((sum, node) => sum + bytesSentBy(node), 0);
  const [usBefore, bytesBefore] = [cpuUs(), sent()];
  await run();
  return { us: cpuUs() - usBefore, bytes: sent() - bytesBefore };
}

function bytesSentBy(node: GossipNode): number {
  return node.diagnostics.counts().traffic.bytesSent;
}

async function ask(
  nodes: readonly GossipNode[],
  count: number,
): Promise<MessagesResult["queries"]> {
  const lastMs: number[] = [];
  let unanswered = 0;
  for (let i = 0; i < count; i++) {
    const startedMs = performance.now();
    const query = nodes[(i * 7) % nodes.length]?.query("bench", new Uint8Array(PAYLOAD_BYTES), {
      timeoutMs: QUERY_TIMEOUT_MS,
    });
    if (query === undefined) break;
    for await (const _ of query);
    lastMs.push(performance.now() - startedMs);
    unanswered += query.unanswered.length;
  }
  return {
    lastMsP50: round(quantile(lastMs, 0.5), 1),
    lastMsMax: round(Math.max(0, ...lastMs), 1),
    unanswered,
  };
}
