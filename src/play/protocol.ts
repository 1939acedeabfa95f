/** Messages between the page and its worker. */
import type { Kind } from "../../simulation/wire-kind.ts";
import type { Change } from "./actions.ts";
import type { Agreement } from "./agreement.ts";
import type { PlayEvent } from "./noticed.ts";
import type { Step } from "./playback.ts";
import type { Settings } from "./settings.ts";
import type { Share } from "./shares.ts";
import type { StateView } from "./state-view.ts";
import type { Doing } from "./tours.ts";
import type { Wanted } from "./wanted.ts";

export type Request =
  /** Restart with the settings and actions of a link, and play up to a time. */
  | { readonly type: "open"; readonly link: string }
  /** Play on for this many virtual milliseconds, and report events. */
  | { readonly type: "frame"; readonly ms: number; readonly member: number }
  /** Play until a message or event arrives. */
  | { readonly type: "step"; readonly wanted: Wanted; readonly maxMs?: number }
  | { readonly type: "act"; readonly change: Change }
  /** Restart, and apply all steps. */
  | {
      readonly type: "tour";
      readonly link: string;
      readonly doings: readonly Doing[];
      /** The member whose state is shown. */
      readonly member: number;
    };

export interface MemberView {
  readonly name: string;
  readonly organisation: string;
  readonly state: "waiting" | "running" | "stalled" | "stopped" | "revoked";
  /** Inside the drawn partition. */
  readonly isCutOff: boolean;
  /** Number of members that it sees alive. */
  readonly sees: number;
}

export interface FlightView {
  readonly id: number;
  readonly kind: Kind;
  readonly from: number;
  readonly to: number;
  /** Progress, 0 to 1. */
  readonly part: number;
}

/** The network at one time. */
export interface Frame {
  readonly nowMs: number;
  /** Whether the requested time was reached within the frame. */
  readonly isInTime: boolean;
  readonly members: readonly MemberView[];
  readonly links: readonly (readonly [number, number])[];
  /** Link pairs that lose all packets. */
  readonly cut: readonly (readonly [number, number])[];
  readonly flying: readonly FlightView[];
  readonly landed: readonly FlightView[];
  readonly events: readonly PlayEvent[];
  /** How the share of agreeing members went since the previous frame. */
  readonly shares: readonly Share[];
  /** Moments of the visitor's actions so far, in virtual milliseconds. */
  readonly acts: readonly number[];
  /** As the last actions set them: packet loss in per cent, delay in milliseconds. */
  readonly conditions: { readonly lossPercent: number; readonly delayMs: number };
  /** Whether the run has come to its end, after a day. */
  readonly isOver: boolean;
  readonly counts: Readonly<Record<Kind, number>>;
  readonly agreement: Agreement;
  /** State of the requested member. */
  readonly state: StateView | undefined;
  /** The text of a link to this moment. */
  readonly link: string;
}

export type EngineAnswer =
  /** `step`: the message that the link shows. */
  | {
      readonly type: "opened";
      readonly settings: Settings;
      readonly step: Step | undefined;
      readonly frame: Frame;
    }
  /** How far a long way to a moment or a message has come. */
  | { readonly type: "running"; readonly nowMs: number; readonly untilMs: number }
  | { readonly type: "frame"; readonly frame: Frame }
  /** `step`: the awaited message, if any. */
  | {
      readonly type: "stepped";
      readonly isFound: boolean;
      readonly step: Step | undefined;
      readonly frame: Frame;
    }
  /** An action was not applied: a run has a maximum of them, and of members. */
  | { readonly type: "full" }
  /** The link cannot be used; the sentence says why. The former run goes on, with its settings. */
  | { readonly type: "refused"; readonly reason: string; readonly settings: Settings };
