/** Waiting within one process without waiting in virtual time. */
export { setImmediate as turn } from "node:timers/promises";

/** When nothing is left that promises have made due. Other threads and true timers wait for a turn. */
export function afterPromises(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}
