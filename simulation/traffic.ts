/** Network traffic by message kind. */
import { KINDS, type Kind } from "./wire-kind.ts";

export interface Volume {
  messages: number;
  bytes: number;
}

export type TrafficByKind = Readonly<Record<Kind, Volume>>;

export function createTraffic(): TrafficByKind {
  return {
    alive: nothing(),
    "membership-request": nothing(),
    "membership-response": nothing(),
    hello: nothing(),
    digest: nothing(),
    request: nothing(),
    update: nothing(),
    "state-info": nothing(),
    handshake: nothing(),
    other: nothing(),
  };
}

function nothing(): Volume {
  return { messages: 0, bytes: 0 };
}

export function totalOf(traffic: TrafficByKind): Volume {
  const total = nothing();
  for (const kind of KINDS) {
    total.messages += traffic[kind].messages;
    total.bytes += traffic[kind].bytes;
  }
  return total;
}

/** The traffic between two moments. */
export function since(earlier: TrafficByKind, later: TrafficByKind): TrafficByKind {
  const difference = createTraffic();
  for (const kind of KINDS) {
    difference[kind].messages = later[kind].messages - earlier[kind].messages;
    difference[kind].bytes = later[kind].bytes - earlier[kind].bytes;
  }
  return difference;
}

export function addTo(total: TrafficByKind, more: TrafficByKind): void {
  for (const kind of KINDS) {
    total[kind].messages += more[kind].messages;
    total[kind].bytes += more[kind].bytes;
  }
}

export function copyOf(traffic: TrafficByKind): TrafficByKind {
  return since(createTraffic(), traffic);
}
