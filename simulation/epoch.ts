/** True time at the start of every world, in milliseconds since the epoch. */
export const EPOCH_MS = 1_800_000_000_000;
