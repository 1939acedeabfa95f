/** What the page and its worker tell each other. */
import type { Kind } from "../../simulation/wire-kind.ts";
import type { Change } from "./actions.ts";
import type { Agreement } from "./agreement.ts";
import type { PlayEvent } from "./noticed.ts";
import type { Step } from "./playback.ts";
import type { Settings } from "./settings.ts";
import type { StateView } from "./state-view.ts";
import type { Doing } from "./tours.ts";
import type { Wanted } from "./wanted.ts";

export type Request =
  /** Start anew with the settings and actions of a link, and play up to a moment. */
  | { readonly type: "open"; readonly link: string }
  /** Play on by so many virtual milliseconds, and tell what happened. */
  | { readonly type: "frame"; readonly ms: number; readonly member: number }
  /** Play until a message, or an event, has come. */
  | { readonly type: "step"; readonly wanted: Wanted; readonly maxMs?: number }
  | { readonly type: "act"; readonly change: Change }
  /** Start anew, and do all of this. */
  | {
      readonly type: "tour";
      readonly link: string;
      readonly doings: readonly Doing[];
      /** Whose state is shown. */
      readonly member: number;
    };

export interface MemberView {
  readonly name: string;
  readonly organisation: string;
  readonly state: "waiting" | "running" | "stalled" | "stopped" | "revoked";
  /** On the side of a partition that was drawn. */
  readonly isCutOff: boolean;
  /** Members that it sees alive. */
  readonly sees: number;
}

export interface FlightView {
  readonly id: number;
  readonly kind: Kind;
  readonly from: number;
  readonly to: number;
  /** How far it has come, 0 to 1. */
  readonly part: number;
}

/** The network at one moment. */
export interface Frame {
  readonly nowMs: number;
  /** Whether all that was asked for could be played in time. */
  readonly isInTime: boolean;
  readonly members: readonly MemberView[];
  readonly links: readonly (readonly [number, number])[];
  /** Pairs of the links between which packets vanish. */
  readonly cut: readonly (readonly [number, number])[];
  readonly flying: readonly FlightView[];
  readonly landed: readonly FlightView[];
  readonly events: readonly PlayEvent[];
  readonly counts: Readonly<Record<Kind, number>>;
  readonly agreement: Agreement;
  /** Of the member asked for. */
  readonly state: StateView | undefined;
  /** The text of a link that leads to this moment. */
  readonly link: string;
}

export type EngineAnswer =
  | { readonly type: "opened"; readonly settings: Settings; readonly frame: Frame }
  | { readonly type: "frame"; readonly frame: Frame }
  /** `step`: the message that was waited for, if it was one. */
  | {
      readonly type: "stepped";
      readonly isFound: boolean;
      readonly step: Step | undefined;
      readonly frame: Frame;
    }
  /** The link cannot be used; the sentence says why. */
  | { readonly type: "refused"; readonly reason: string };
