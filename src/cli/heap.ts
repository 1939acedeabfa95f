/**
 * What V8 is told about memory. Nearly all objects of a member are short-lived, so a small young generation
 * suffices. V8 enlarges it while a program loads and never shrinks it again, so this must be said before that.
 * What survives a while is mostly heartbeats, each replaced by the next one. V8 would let more of them gather
 * in the old generation, and keep the pages when it has collected them.
 */
import { setFlagsFromString } from "node:v8";

/** The young generation stays as small as it is now; the old one grows by a fifth between collections. */
export function keepHeapSmall(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
  setFlagsFromString("--heap-growing-percent=20");
}

/** V8's defaults: for whoever makes objects faster than a member. */
export function letHeapGrow(): void {
  setFlagsFromString("--semi-space-growth-factor=2");
  setFlagsFromString("--heap-growing-percent=0");
}
