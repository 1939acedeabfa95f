/** What observers of a simulated network are told. */
import type { GossipEvent } from "../src/observe/events.ts";
import type { Life, SimulatedMember } from "./member.ts";

/** Receives events in order, up to one slice late, with their original time. */
export interface Watcher {
  delivered?(
    from: SimulatedMember,
    to: SimulatedMember,
    bytes: Uint8Array,
    nowMs: number,
    sentAtMs: number,
  ): void;
  signed?(number: number, member: SimulatedMember, nowMs: number): void;
  began?(life: Life): void;
  event?(life: Life, event: GossipEvent, atMs: number): void;
  ended?(member: SimulatedMember, nowMs: number): void;
}
