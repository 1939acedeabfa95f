/**
 * Hubs that share a network, one in each thread of a simulation: each runs some of the nodes, and knows
 * of the others only that they listen. Whatever crosses from one to the other takes some time, so
 * that none has to ask what happens in another at this moment.
 */
import type { StreamEnd } from "./network.ts";

/** A message, or how the other side ended the stream. */
export type Content = Uint8Array | StreamEnd;

/** A dial that will be answered at this moment, unless it is withdrawn. */
export interface CrossingDial {
  readonly link: number;
  readonly dialler: string;
  readonly endpoint: string;
  readonly atMs: number;
}

/** What was sent to one end of a link in one moment. */
export interface CrossingPacket {
  readonly end: number;
  readonly dueMs: number;
  readonly sentAtMs: number;
  readonly contents: readonly Content[];
}

/** Brings a message to one end of a link, wherever that is. */
export type Send = (dueMs: number, sentAtMs: number, content: Content) => void;

/** What a hub hands to the other hubs of its network. Nothing breaks in such a network, and nobody reads slowly. */
export interface Border {
  /** The least time that anything takes, in milliseconds: so long before its answer a dial cannot be withdrawn any more. */
  readonly crossingMs: number;
  /** Whether another hub runs the node at this endpoint. */
  isAbroad(endpoint: string): boolean;
  /** A number that no other link of the network has. */
  nextLink(): number;
  dialled(dial: CrossingDial): void;
  withdrew(link: number, endpoint: string): void;
  /** The way to that end of a link between these addresses. */
  way(end: number, from: string, to: string): Send;
}

/** What comes from the other hubs. */
export interface Arrivals {
  dialled(dial: CrossingDial): void;
  withdrew(link: number): void;
  sent(packet: CrossingPacket): void;
}
