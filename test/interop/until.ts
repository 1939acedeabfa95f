import { setTimeout as sleep } from "node:timers/promises";

const POLL_MS = 100;

export interface Wait {
  /** What is waited for: "peer0 lists us". */
  readonly what: string;
  readonly timeoutMs: number;
  /** True when it has come; otherwise what is the case instead, for people. */
  readonly isSo: () => Promise<true | string> | true | string;
}

/** Asks again and again until it is so. Returns the milliseconds that took. */
export async function until({ what, timeoutMs, isSo }: Wait): Promise<number> {
  const startMs = performance.now();
  for (;;) {
    const instead = await isSo();
    const passedMs = performance.now() - startMs;
    if (instead === true) return Math.round(passedMs);
    if (passedMs > timeoutMs) {
      throw new Error(`after ${timeoutMs / 1_000} s still not: ${what}; instead: ${instead}`);
    }
    await sleep(POLL_MS);
  }
}
