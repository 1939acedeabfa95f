/** When something happened, and how often, in words. */
import type { Now } from "../../../core/types/host.ts";
import { dateOf } from "../../snapshots.ts";
import type { Failure } from "../failures.ts";

/** What went wrong, its code, when, and how often. */
export function tell({ reason, code, time, times }: Failure, now: Now): string {
  const again = times > 1 ? `, ${times} times in a row` : "";
  const what = reason === code ? code : `${reason} (${code})`;
  return `${what}, ${moment(time, now)}${again}`;
}

/** Clocks are set by less than this all the time. */
const CLOCK_TOLERANCE_MS = 5_000;

/** The wall time of a moment on the clock that never jumps, ISO 8601. */
export function wallTime(elapsedMs: number, now: Now): string {
  return dateOf(elapsedMs, now).toISOString();
}

/** `12 s ago (2026-11-22T15:55:14.000Z)` */
export function moment(time: Date, now: Now, whenAhead = "before the clock was set back"): string {
  const when = isAhead(time, now) ? whenAhead : ago(now.wallMs - time.getTime());
  return `${when} (${time.toISOString()})`;
}

/** Dated by a clock that was ahead of what ours says now: another's, or ours before it was set back. */
export function isAhead(time: Date, { wallMs }: Now): boolean {
  return time.getTime() > wallMs + CLOCK_TOLERANCE_MS;
}

function ago(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 120) return `${seconds} s ago`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min ago`;
  return seconds < 172_800
    ? `${Math.round(seconds / 3_600)} h ago`
    : `${Math.round(seconds / 86_400)} days ago`;
}
