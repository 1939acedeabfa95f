/**
 * What identities say, kept for all members that share this thread: fifty that start together took each
 * other's certificates apart fifty times. What is read depends on the bytes alone. Whether it is true, each
 * member finds out for itself: it looks for the chain and checks the signature of the CA.
 */
import type { Identity } from "../core/types/host.ts";
import { BoundedMap } from "../lib/bounded-map.ts";
import type { Presented } from "./judge.ts";
import type { VerifyKey } from "./signatures.ts";

/** An identity, its key, and the certificate that it was read from. */
export interface Reading {
  readonly identity: Identity;
  readonly verifyKey: VerifyKey;
  readonly presented: Presented;
}

/** About 6 KB each. */
const READINGS_MAX = 1_000;

/** By the SHA-256 of the serialized identity. */
const readings = new BoundedMap<string, Reading>(READINGS_MAX);
let judges = 0;

/**
 * One more member judges identities in this thread, until it calls what it gets. Of a single one nothing is
 * kept: it remembers its verdicts.
 */
export function countJudge(): () => void {
  judges += 1;
  let counts = true;
  return () => {
    if (!counts) return;
    counts = false;
    judges -= 1;
    if (judges <= 1) readings.clear();
  };
}

export function findReading(name: string): Reading | undefined {
  return readings.get(name);
}

/** Somebody has accepted it: what nobody accepts does not push out what others use. */
export function keepReading(name: string, reading: Reading): void {
  if (judges > 1) readings.set(name, reading);
}
