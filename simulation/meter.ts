/** Measures a run: traffic by kind, dissemination, connections and the trace hash. */
import type { GossipMessage } from "../src/wire/messages.ts";
import { Dissemination, type DisseminationFigures } from "./dissemination.ts";
import { maySee } from "./member.ts";
import { createTrace } from "./trace.ts";
import { copyOf, createTraffic, since, type TrafficByKind } from "./traffic.ts";
import type { Views } from "./views.ts";
import type { Watcher } from "./watcher.ts";
import { type Glance, glance, KINDS } from "./wire-kind.ts";
import type { World } from "./world.ts";

/** The steady state: the fault-free part of a run. */
export interface SteadyFigures {
  readonly seconds: number;
  /** Per member and second. */
  readonly messagesPerSecond: number;
  readonly bytesPerSecond: number;
  /** Per member and second, by kind. */
  readonly kinds: TrafficByKind;
  /** Per member, at the end. */
  readonly connectionsMean: number;
  readonly connectionsMax: number;
}

export interface Meter {
  readonly watcher: Watcher;
  readonly traffic: TrafficByKind;
  readonly dissemination: Dissemination;
  /** Marks the start of the steady state. */
  beginSteady(): void;
  steady(): SteadyFigures;
  figures(): DisseminationFigures;
  /** Trace hash of all events so far. */
  trace(): string;
}

/** Maximum heartbeat arrivals measured per virtual second; above it, a sample. */
const ARRIVALS_PER_SECOND = 20_000;
const HEARTBEAT_SECONDS = 5;

export function createMeter(world: World, views: Views): Meter {
  const { members } = world;
  const traffic = createTraffic();
  const trace = createTrace();
  const arrivals = members.length ** 2 / HEARTBEAT_SECONDS;
  const dissemination = new Dissemination(
    {
      size: members.length,
      isConcerned(origin, member, bornMs) {
        const [author, reader] = [members[origin], members[member]];
        if (author === undefined || reader?.life === undefined || author === reader) return false;
        if (author.isHostile) return false; // Its messages do not count as heartbeats.
        return reader.life.bornMs < bornMs && maySee(reader, author);
      },
    },
    Math.max(1, Math.ceil(arrivals / ARRIVALS_PER_SECOND)),
  );
  let steadyFrom = { atMs: 0, traffic: createTraffic() };

  const watcher: Watcher = {
    signed: (number, member, nowMs) => dissemination.signed(number, member.index, nowMs),

    delivered(from, to, bytes, nowMs) {
      const list = world.lists.messageOf(bytes);
      const { kind, number } = list ? listed(list) : glance(bytes);
      const volume = traffic[kind];
      volume.messages += 1;
      volume.bytes += bytes.length;
      trace.number(nowMs);
      trace.number(from.index * members.length + to.index);
      trace.tail(list ? world.lists.endOf(bytes) : bytes);
      if (kind === "alive" && number >= 0) {
        dissemination.arrived(number, from.index, to.index, nowMs);
      }
    },

    event(life, event, atMs) {
      trace.number(atMs);
      trace.number(life.number);
      trace.text(event.type);
    },
  };

  return {
    watcher,
    traffic,
    dissemination,
    beginSteady() {
      steadyFrom = { atMs: world.nowMs, traffic: copyOf(traffic) };
      dissemination.measure(world.nowMs, Number.POSITIVE_INFINITY);
    },
    steady: () => steadyFigures(world, views, since(steadyFrom.traffic, traffic), steadyFrom.atMs),
    figures() {
      dissemination.settle(world.nowMs);
      return dissemination.figures();
    },
    trace: () => trace.digest(),
  };
}

function listed({ content }: GossipMessage): Glance {
  return { kind: KINDS.find((kind) => kind === content?.type) ?? "other", number: -1 };
}

function steadyFigures(
  world: World,
  views: Views,
  traffic: TrafficByKind,
  fromMs: number,
): SteadyFigures {
  const running = world.members.filter(({ life }) => life !== undefined);
  const seconds = (world.nowMs - fromMs) / 1_000;
  const share = seconds <= 0 ? 0 : 1 / (seconds * Math.max(1, running.length));
  const kinds = copyOf(traffic);
  let [messages, bytes] = [0, 0];
  for (const volume of Object.values(kinds)) {
    volume.messages *= share;
    volume.bytes *= share;
    messages += volume.messages;
    bytes += volume.bytes;
  }
  const connections = running.map(({ index }) => views.connections(index));
  const sum = connections.reduce((total, count) => total + count, 0);
  return {
    seconds,
    messagesPerSecond: messages,
    bytesPerSecond: bytes,
    kinds,
    connectionsMean: sum / Math.max(1, running.length),
    connectionsMax: Math.max(0, ...connections),
  };
}
