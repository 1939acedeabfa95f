/** Waiting within one process without waiting in virtual time. */
import { setImmediate as turn } from "node:timers/promises";

export { turn };

/**
 * When nothing is left that promises have made due. Other threads and true timers wait for a turn of the event
 * loop, and so may work on blocks: `hasBlocks`, and it is a turn.
 */
export function afterPromises(hasBlocks: boolean): Promise<void> {
  return hasBlocks ? turn() : new Promise((resolve) => process.nextTick(resolve));
}
