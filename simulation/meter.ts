/** Measures a run: traffic by kind, dissemination, connections and the trace hash. */
import type { GossipMessage } from "../src/wire/messages.ts";
import {
  type Audience,
  Dissemination,
  type DisseminationFigures,
  type DisseminationPart,
} from "./dissemination.ts";
import type { Division } from "./division.ts";
import { maySee, type SimulatedMember } from "./member.ts";
import { createTrace, type RunTrace } from "./trace.ts";
import { addTo, copyOf, createTraffic, since, type TrafficByKind } from "./traffic.ts";
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

/** What one of several threads has measured. */
export interface MeterPart {
  readonly traffic: TrafficByKind;
  readonly steadyFrom: TrafficByKind;
  readonly dissemination: DisseminationPart;
  readonly trace: readonly [number, number];
  readonly connections: readonly number[];
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
  part(): MeterPart;
  /** Adds what all other threads have measured. */
  absorb(parts: readonly MeterPart[]): void;
}

/** Maximum heartbeat arrivals measured per virtual second; above it, a sample. */
const ARRIVALS_PER_SECOND = 20_000;
const HEARTBEAT_SECONDS = 5;

/** `division`: of the threads that simulate this world. */
export function createMeter(world: World, views: Views, division?: Division): Meter {
  const { members } = world;
  const traffic = createTraffic();
  const trace = createTrace();
  const arrivals = members.length ** 2 / HEARTBEAT_SECONDS;
  const every = Math.max(1, Math.ceil(arrivals / ARRIVALS_PER_SECOND));
  const isPart = division?.isPart === true;
  const dissemination = new Dissemination(audienceOf(members, isPart), every);
  division?.measureWith(dissemination);
  const elsewhere: number[] = [];
  let steadyFrom = { atMs: 0, traffic: createTraffic() };

  const watcher = watcherOf(world, { dissemination, trace, traffic });
  return {
    watcher,
    traffic,
    dissemination,
    beginSteady() {
      steadyFrom = { atMs: world.nowMs, traffic: copyOf(traffic) };
      dissemination.measure(world.nowMs, Number.POSITIVE_INFINITY);
    },
    steady: () =>
      steadyFigures(
        [...connectionsOf(members, views), ...elsewhere],
        since(steadyFrom.traffic, traffic),
        (world.nowMs - steadyFrom.atMs) / 1_000,
      ),
    figures() {
      dissemination.settle(world.nowMs);
      return dissemination.figures();
    },
    trace: () => trace.digest(),
    part: () => ({
      traffic,
      steadyFrom: steadyFrom.traffic,
      dissemination: dissemination.part(),
      trace: trace.sum(),
      connections: connectionsOf(members, views),
    }),
    absorb(parts) {
      for (const part of parts) {
        addTo(traffic, part.traffic);
        addTo(steadyFrom.traffic, part.steadyFrom);
        trace.add(part.trace);
        elsewhere.push(...part.connections);
      }
      dissemination.absorb(parts.map((part) => part.dissemination));
    },
  };
}

function watcherOf(
  { lists, members }: World,
  {
    dissemination,
    trace,
    traffic,
  }: Pick<Meter, "dissemination" | "traffic"> & { readonly trace: RunTrace },
): Watcher {
  return {
    signed: (number, member, nowMs) => dissemination.signed(number, member.index, nowMs),

    delivered(from, to, bytes, nowMs) {
      const list = lists.messageOf(bytes);
      const { kind, number } = list ? listed(list) : glance(bytes);
      // Nearly all are; a name that varies is looked up slowly.
      const volume = kind === "alive" ? traffic.alive : traffic[kind];
      volume.messages += 1;
      volume.bytes += bytes.length;
      trace.event(nowMs);
      trace.number(from.index * members.length + to.index);
      trace.tail(list ? lists.endOf(bytes) : bytes);
      if (kind === "alive" && number >= 0) {
        dissemination.arrived(number, from.index, to.index, nowMs);
      }
    },

    event(life, event, atMs) {
      trace.event(atMs);
      trace.number(life.number);
      trace.text(event.type);
    },
  };
}

function audienceOf(members: readonly SimulatedMember[], isPart: boolean): Audience {
  return {
    size: members.length,
    isPart,
    isConcerned(origin, member, bornMs) {
      const [author, reader] = [members[origin], members[member]];
      if (author === undefined || reader?.life === undefined || author === reader) return false;
      if (reader.isElsewhere || author.isHostile) return false; // Hostile ones send no heartbeats.
      return reader.life.bornMs < bornMs && maySee(reader, author);
    },
  };
}

/** Open connections of each running member of this thread. */
function connectionsOf(members: readonly SimulatedMember[], views: Views): readonly number[] {
  return members.flatMap(({ index, life, isElsewhere }) =>
    life === undefined || isElsewhere ? [] : views.connections(index),
  );
}

function listed({ content }: GossipMessage): Glance {
  return { kind: KINDS.find((kind) => kind === content?.type) ?? "other", number: -1 };
}

/** `connections`: of each running member. */
function steadyFigures(
  connections: readonly number[],
  traffic: TrafficByKind,
  seconds: number,
): SteadyFigures {
  const running = Math.max(1, connections.length);
  const share = seconds <= 0 ? 0 : 1 / (seconds * running);
  const kinds = copyOf(traffic);
  let [messages, bytes] = [0, 0];
  for (const volume of Object.values(kinds)) {
    volume.messages *= share;
    volume.bytes *= share;
    messages += volume.messages;
    bytes += volume.bytes;
  }
  const sum = connections.reduce((total, count) => total + count, 0);
  return {
    seconds,
    messagesPerSecond: messages,
    bytesPerSecond: bytes,
    kinds,
    connectionsMean: sum / running,
    connectionsMax: Math.max(0, ...connections),
  };
}
