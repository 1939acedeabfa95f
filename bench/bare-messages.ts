/**
 * Events in the room `messaging` alone: its state machines in virtual time, each of which knows all
 * others, without membership and connections. So a thousand members take seconds.
 */
import { TalkWorld } from "../src/messaging/testing.ts";
import { type ArrivalFigures, Arrivals } from "./arrivals.ts";
import { cpuUs, round } from "./measure.ts";
import {
  ARRIVE_MAX_MS,
  DELAY_MS,
  JITTER_MS,
  PAYLOAD_BYTES,
  type SimulatedMessagesOptions,
} from "./simulated-messages.ts";

export interface BareMessagesResult extends ArrivalFigures {
  readonly members: number;
  readonly loss: number;
  /** Per event and member, digests included. */
  readonly copies: number;
  readonly bytes: number;
  readonly cpuSeconds: number;
}

const TOPIC = "bench";
const STEP_MS = 1;

export function benchBareMessages({
  members,
  events,
  eventsPerSecond,
  loss,
  seed,
}: Omit<SimulatedMessagesOptions, "queries" | "settleSeconds" | "progress">): BareMessagesResult {
  const startUs = cpuUs();
  const world = new TalkWorld({ seed, loss, delayMs: DELAY_MS, jitterMs: JITTER_MS });
  const talkers = Array.from({ length: members }, (_, i) => world.add(`member${i}`));
  const arrivals = new Arrivals(members, () => world.nowMs);
  /** How many events of each member are noted. */
  const noted = talkers.map(() => 0);
  const runUntil = (untilMs: number): void => {
    while (world.nowMs < untilMs) {
      world.run(arrivals.isComplete() ? untilMs - world.nowMs : STEP_MS);
      for (const [member, { heard }] of talkers.entries()) {
        const news = heard.slice(noted[member]);
        for (const { payload } of news) arrivals.note(member, payload);
        noted[member] = heard.length;
      }
    }
  };
  for (let event = 0; event < events; event++) {
    const payload = new Uint8Array(PAYLOAD_BYTES);
    new DataView(payload.buffer).setUint32(0, event);
    arrivals.sent(event);
    const author = talkers[(event * 7) % members];
    if (author) world.say(author, TOPIC, payload);
    runUntil((1_000 * (event + 1)) / eventsPerSecond);
  }
  const endMs = world.nowMs + ARRIVE_MAX_MS;
  while (!arrivals.isComplete() && world.nowMs < endMs) runUntil(world.nowMs + STEP_MS);
  const deliveries = Math.max(1, events * (members - 1));
  return {
    members,
    loss,
    ...arrivals.figures(),
    copies: round(world.sent.messages / deliveries, 2),
    bytes: Math.round(world.sent.bytes / deliveries),
    cpuSeconds: round((cpuUs() - startUs) / 1e6, 1),
  };
}
