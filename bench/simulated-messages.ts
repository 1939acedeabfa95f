/**
 * Events and queries among members in virtual time: latency, copies and bytes in networks larger
 * than one machine can run over sockets.
 */
import { layOut } from "../simulation/layout.ts";
import type { SimulatedMember } from "../simulation/member.ts";
import { createSeededRandom } from "../simulation/random.ts";
import { glance } from "../simulation/wire-kind.ts";
import { World } from "../simulation/world.ts";
import { type ArrivalFigures, Arrivals } from "./arrivals.ts";
import { cpuUs, quantile, round } from "./measure.ts";

export interface SimulatedMessagesOptions {
  readonly members: number;
  readonly events: number;
  readonly eventsPerSecond: number;
  readonly queries: number;
  /** Virtual seconds before the first event: members sync often at first. */
  readonly settleSeconds: number;
  /** Packet loss, 0 to 1; lost packets are retransmitted as by TCP. */
  readonly loss: number;
  readonly seed: number;
  readonly progress: (sentence: string) => void;
}

export interface SimulatedMessagesResult extends ArrivalFigures {
  readonly members: number;
  readonly loss: number;
  /** Virtual seconds from the start of all members until each sees all. */
  readonly completeSeconds: number;
  /** Per event and member, digests included. */
  readonly copies: number;
  readonly bytes: number;
  readonly queries: {
    readonly lastMsP50: number;
    readonly lastMsMax: number;
    readonly unanswered: number;
  };
  readonly cpuSeconds: number;
}

const TOPIC = "bench";
export const PAYLOAD_BYTES = 240;
/** Latency within a city: minimum in milliseconds, and random addition. */
export const [DELAY_MS, JITTER_MS] = [2, 3];
const COMPLETE_MAX_MS = 120_000;
/** An event not delivered by then counts as missing. */
export const ARRIVE_MAX_MS = 30_000;
const QUERY_TIMEOUT_MS = 20_000;
const LOOK_MS = 1_000;
/** Resolution of arrival times: programs receive events between two steps of the world. */
const STEP_MS = 2;
/** So many events, and so many seconds of the start, are told of at once. */
const TOLD_EVENTS = 5;
const TOLD_MS = 5_000;

export async function benchSimulatedMessages(
  options: SimulatedMessagesOptions,
): Promise<SimulatedMessagesResult> {
  const { members, events, settleSeconds, loss, seed, progress } = options;
  const startUs = cpuUs();
  const cpuSeconds = (): number => round((cpuUs() - startUs) / 1e6, 1);
  const tell = (sentence: string): void => progress(`${sentence}; ${cpuSeconds()} CPU seconds`);
  const delays = { delayMs: DELAY_MS, jitterMs: JITTER_MS };
  const world = new World({ seed, strategy: "neighbours", talks: true, ...delays });
  // Messages among members are of no kind of Fabric's protocol.
  const sent = { messages: 0, bytes: 0 };
  world.watch({
    delivered: (_from, _to, bytes) => {
      if (glance(bytes).kind !== "other") return;
      sent.messages += 1;
      sent.bytes += bytes.length;
    },
  });
  const layout = { nodes: members, orgs: 1, startsWithinMs: 0, hiddenShare: 0, oddShare: 0 };
  for (const seat of layOut(layout, createSeededRandom(seed))) world.add(seat);
  progress(`starting ${members} members`);
  for (const member of world.members) await world.start(member);
  const completeSeconds = await complete(world, tell);
  tell(`all see all after ${completeSeconds} virtual seconds`);
  for (let ms = 0; ms < 1_000 * settleSeconds; ms += TOLD_MS) {
    await world.run(TOLD_MS);
    tell(`${Math.round(world.nowMs / 1_000)} virtual seconds`);
  }
  world.network.setLoss(loss);

  const arrivals = new Arrivals(members, () => world.nowMs);
  for (const member of world.members) listen(member, arrivals);
  progress(`${events} events, then ${options.queries} queries`);
  const before = { ...sent };
  await publish(options, world, arrivals, tell);
  const deliveries = Math.max(1, events * (members - 1));
  const spread = {
    members,
    loss,
    completeSeconds,
    ...arrivals.figures(),
    copies: round((sent.messages - before.messages) / deliveries, 2),
    bytes: Math.round((sent.bytes - before.bytes) / deliveries),
  };
  tell(`events: ${JSON.stringify(spread)}`);
  return { ...spread, queries: await ask(options, world, tell), cpuSeconds: cpuSeconds() };
}

async function complete(world: World, tell: (sentence: string) => void): Promise<number> {
  const { members } = world;
  const sees = (member: SimulatedMember): number => member.life?.node.members().length ?? 0;
  while (!members.every((member) => sees(member) === members.length)) {
    if (world.nowMs > COMPLETE_MAX_MS) throw new Error("The members did not find each other.");
    await world.run(LOOK_MS);
    tell(`${Math.round(world.nowMs / 1_000)} virtual seconds`);
  }
  return Math.round(world.nowMs / 1_000);
}

function listen(member: SimulatedMember, arrivals: Arrivals): void {
  const node = member.life?.node;
  if (node === undefined) return;
  node.answer(TOPIC, ({ payload }) => payload);
  void (async () => {
    for await (const { payload } of node.subscribe(TOPIC)) arrivals.note(member.index, payload);
  })();
}

/** Sends the events of all members in turn, and waits for delivery. */
async function publish(
  { members, events, eventsPerSecond }: SimulatedMessagesOptions,
  world: World,
  arrivals: Arrivals,
  tell: (sentence: string) => void,
): Promise<void> {
  const startMs = world.nowMs;
  for (let event = 0; event < events; event++) {
    const payload = new Uint8Array(PAYLOAD_BYTES);
    new DataView(payload.buffer).setUint32(0, event);
    arrivals.sent(event);
    const author = world.members[(event * 7) % members];
    author?.life?.process.run(() => void author.life?.node.broadcast(TOPIC, payload));
    const nextMs = startMs + (1_000 * (event + 1)) / eventsPerSecond;
    while (world.nowMs < nextMs) await world.run(STEP_MS);
    if ((event + 1) % TOLD_EVENTS === 0) {
      const { lastMsP50, lastMsMax, missing } = arrivals.figures();
      tell(`${event + 1} events, last after ${lastMsP50} to ${lastMsMax} ms, ${missing} missing`);
    }
  }
  const untilMs = world.nowMs + ARRIVE_MAX_MS;
  while (!arrivals.isComplete() && world.nowMs < untilMs) await world.run(LOOK_MS);
}

async function ask(
  { members, queries }: SimulatedMessagesOptions,
  world: World,
  tell: (sentence: string) => void,
): Promise<SimulatedMessagesResult["queries"]> {
  const lastMs: number[] = [];
  let unanswered = 0;
  for (let i = 0; i < queries; i++) {
    const node = world.members[(i * 7) % members]?.life?.node;
    if (node === undefined) continue;
    const startMs = world.nowMs;
    const query = node.query(TOPIC, new Uint8Array(PAYLOAD_BYTES), { timeoutMs: QUERY_TIMEOUT_MS });
    let isOver = false;
    const answers = (async () => {
      let last = startMs;
      for await (const _ of query) last = world.nowMs;
      isOver = true;
      return last;
    })();
    while (!isOver) await world.run(STEP_MS);
    lastMs.push((await answers) - startMs);
    unanswered += query.unanswered.length;
    tell(`query: last answer after ${Math.round(lastMs.at(-1) ?? 0)} ms, ${unanswered} unanswered`);
  }
  return {
    lastMsP50: Math.round(quantile(lastMs, 0.5)),
    lastMsMax: Math.round(Math.max(0, ...lastMs)),
    unanswered,
  };
}
