/**
 * What V8 is told about memory. A member makes few objects that last: its heap may stay small, which
 * costs no measurable time. V8 enlarges the young generation while a program loads and never shrinks it
 * again, so this must be said before that.
 */
import { setFlagsFromString } from "node:v8";

/** Keeps the young generation as small as it is now, and the heap close to what is in use. */
export function keepHeapSmall(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
  setFlagsFromString("--optimize-for-size");
}

/** V8's defaults: for whoever makes objects faster than a member. */
export function letHeapGrow(): void {
  setFlagsFromString("--semi-space-growth-factor=2");
  setFlagsFromString("--no-optimize-for-size");
}
