/** Faults as data: start, end and affected members. */

import type { Habit } from "./habits.ts";

interface Span {
  /** Milliseconds since the start. */
  readonly fromMs: number;
  /** End; Infinity means never. Instantaneous faults end when they begin. */
  readonly untilMs: number;
}

export type SimulatedFault = Span &
  (
    | /** The process dies, or the machine loses power; at the end it starts again. */ {
        readonly type: "crash";
        readonly member: number;
        readonly isPowerCut: boolean;
        readonly remembersIncarnation: boolean;
      }
    | /** The process ends for good. */ { readonly type: "leave"; readonly member: number }
    | /** The process is given no processor. */ { readonly type: "stall"; readonly member: number }
    | /** Packets from one group to the other vanish, and back if it is mutual. */ {
        readonly type: "cut";
        readonly from: readonly number[];
        readonly to: readonly number[];
        readonly isMutual: boolean;
      }
    | /** Packets are lost everywhere. */ { readonly type: "loss"; readonly probability: number }
    | /** Everything takes longer. */ { readonly type: "slow"; readonly factor: number }
    | /** All links of a member break, once. */ { readonly type: "break"; readonly member: number }
    | /** Its wall clock is wrong by so much. */ {
        readonly type: "skew";
        readonly member: number;
        readonly skewMs: number;
      }
    | /** It gets a new certificate. */ { readonly type: "renew"; readonly member: number }
    | /** Its certificate is revoked; the others read the list one after the other meanwhile. */ {
        readonly type: "revoke";
        readonly member: number;
      }
    | /** Its certificate expires at the beginning. */ {
        readonly type: "expire";
        readonly member: number;
      }
    | /** It publishes other metadata. */ { readonly type: "metadata"; readonly member: number }
    | /** An authenticated member does what it likes. */ {
        readonly type: "hostile";
        readonly member: number;
        /** It abuses true messages of one victim; undefined: it forges its own. */
        readonly habit: Habit | undefined;
      }
  );

export type FaultType = SimulatedFault["type"];

/** Describes a fault in one sentence. `name` returns a member's name. */
export function describeFault(fault: SimulatedFault, name: (member: number) => string): string {
  const names = (members: readonly number[]): string =>
    members.length > 4 ? `${members.length} members` : members.map(name).join(", ");
  switch (fault.type) {
    case "crash": {
      const memory = fault.remembersIncarnation ? "" : ", forgets its incarnation";
      return `${name(fault.member)} ${fault.isPowerCut ? "loses power" : "crashes"}${memory}`;
    }
    case "leave":
      return `${name(fault.member)} ends for good`;
    case "stall":
      return `${name(fault.member)} stands still`;
    case "cut":
      return `${names(fault.from)} cut off from ${names(fault.to)}${fault.isMutual ? "" : ", one way"}`;
    case "loss":
      return `${Math.round(fault.probability * 100)} % of packets are lost`;
    case "slow":
      return `the network is ${fault.factor} times slower`;
    case "break":
      return `all links of ${name(fault.member)} break`;
    case "skew":
      return `the clock of ${name(fault.member)} is ${fault.skewMs / 1_000} s wrong`;
    case "renew":
      return `${name(fault.member)} has a new certificate`;
    case "revoke":
      return `the certificate of ${name(fault.member)} is revoked`;
    case "expire":
      return `the certificate of ${name(fault.member)} expires`;
    case "metadata":
      return `${name(fault.member)} publishes other metadata`;
    case "hostile":
      return `${name(fault.member)} is hostile${fault.habit ? ` (${fault.habit})` : ""}`;
  }
}
