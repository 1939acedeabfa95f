/** How long a message waits before it is passed on. */

import type { Core } from "../state.ts";
import { burstWaitMs, type Emission, emit } from "../tables/broadcast-queue.ts";
import type { Now } from "../types/host.ts";
import { isSparing, type Reach } from "./audience.ts";

/** Wherever an everyday message passes it waits for such a part of a heartbeat interval. */
export const EVERYDAY_WAIT = 1 / 20;
/** Among so few there is little to wait for. */
const FEW = 16;

/** Queues a message: it leaves together with others that go the same way. */
export function passOn(core: Core, emission: Emission, now: Now): void {
  emit(core.emitter, emission, core.options.fanout, patienceMs(core, emission.reach, now), now);
}

/**
 * Everybody lets everyday messages wait equally long: those that arrive together leave together.
 * For others it is left to chance: two members that have one from a third then rarely send it to
 * each other.
 */
function patienceMs(core: Core, reach: Reach, now: Now): number {
  const { aliveIntervalMs, burstLatencyMs } = core.options.timing;
  const everydayMs = aliveIntervalMs * EVERYDAY_WAIT;
  const isEveryday = reach.type === "about" && reach.everyday !== undefined;
  const isWaiting = isEveryday && everydayMs > burstLatencyMs && core.members.aliveCount > FEW;
  if (isWaiting && isSparing(core, now)) return everydayMs;
  return burstWaitMs(burstLatencyMs, core.options.random);
}
