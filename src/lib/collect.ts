import { GossipError } from "./errors.ts";

/** Waits for one part; its problems join the others, so that all are reported together. */
export async function collect<T>(
  problems: string[],
  part: Promise<T> | (() => T),
): Promise<T | undefined> {
  try {
    return await (typeof part === "function" ? part() : part);
  } catch (error) {
    if (!(error instanceof GossipError)) throw error;
    problems.push(...error.problems);
    return undefined;
  }
}
