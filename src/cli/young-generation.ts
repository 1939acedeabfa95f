/**
 * Memory of a member: nearly everything it allocates dies at once, so that a small young generation
 * does. It grows when a program is loaded and never shrinks again, hence this comes before that.
 */
import { setFlagsFromString } from "node:v8";

/** Keeps the young generation as small as it is now. */
export function limitYoungGeneration(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
}
