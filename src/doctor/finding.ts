/** Findings of `doctor`, one per check. */
import type { Fault } from "../core/types/event.ts";
import { remedyFor, tellFault } from "../observe/diagnosis/causes.ts";

export interface Finding {
  /** The check: `configuration`, `msp`, `tls`, ... */
  readonly check: string;
  readonly status: "ok" | "warning" | "error";
  /** One sentence. */
  readonly message: string;
  /** Remedy; null if none is needed or the message contains it. */
  readonly remedy: string | null;
  /** The contact that the message begins with, if that may have the same fault as many others. No part of JSON. */
  readonly about?: string;
}

export function ok(check: string, message: string): Finding {
  return { check, status: "ok", message, remedy: null };
}

/** Without `remedy`, the sentence is one that `start` says as well, and contains it. */
export function warning(check: string, message: string, remedy?: string): Finding {
  return { check, status: "warning", message, remedy: remedy ?? null };
}

export function error(check: string, message: string, remedy?: string): Finding {
  return { check, status: "error", message, remedy: remedy ?? null };
}

export function faultFinding(check: string, fault: Fault): Finding {
  const sentence = tellFault(fault);
  const message = `${sentence.slice(0, 1).toUpperCase()}${sentence.slice(1)} (${fault.code}).`;
  return error(check, message, remedyFor(fault.code));
}

/** Human-readable time until an expiry. */
export function timeLeft(untilMs: number, wallMs: number): string {
  const days = Math.floor((untilMs - wallMs) / 86_400_000);
  return days >= 2
    ? `${days} days`
    : `${Math.max(0, Math.floor((untilMs - wallMs) / 3_600_000))} hours`;
}
