/**
 * What V8 is told about memory. Nearly all objects of a member are short-lived, so a small young generation
 * suffices. V8 enlarges it while a program loads and never shrinks it again, so this must be said before that.
 */
import { setFlagsFromString } from "node:v8";

/** Keeps the young generation as small as it is now. */
export function keepHeapSmall(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
}

/** V8's default: for whoever makes objects faster than a member. */
export function letHeapGrow(): void {
  setFlagsFromString("--semi-space-growth-factor=2");
}
