/**
 * Limits the memory of a member: nearly all of its objects are short-lived, so a small young
 * generation suffices. V8 enlarges it while the program loads and never shrinks it again, so the limit
 * must be set before that.
 */
import { setFlagsFromString } from "node:v8";

/** Keeps the young generation as small as it is now. */
export function limitYoungGeneration(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
}
