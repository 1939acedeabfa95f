/**
 * How long it is until our next heartbeat. Where heartbeats wait for each other on their way, those of
 * one moment share packets: members speak at the same moments of the wall clock. Clocks that differ
 * cost packets, nothing else.
 */

import { firstWord } from "../../wire/bytes.ts";
import type { Now } from "../types/host.ts";
import type { CoreOptions } from "../types/options.ts";

type Options = Pick<CoreOptions, "random" | "self" | "timing">;

/** Maximum members that speak at one moment, on average. To check so many heartbeats takes some 8 ms. */
const TOGETHER = 128;
/** A heartbeat may be late by this share of the interval. */
const LATE_BY = 1 / 20;
/** Share of the interval over which the heartbeats of one moment are spread, for a machine with many members. */
const SPREAD = 1 / 100;

/** An interval, with a random difference: members that started together do not stay together. */
export function anyWaitMs({ random, timing: { aliveIntervalMs } }: Options): number {
  const spanMs = aliveIntervalMs * LATE_BY * 2;
  return aliveIntervalMs + below(random, spanMs) - spanMs / 2;
}

/**
 * Until the moment that we share with others: an interval, unless we have spoken at another time.
 * A network of twice the size has twice as many moments, and half of its members keep theirs.
 */
export function momentWaitMs(
  { random, self, timing: { aliveIntervalMs } }: Options,
  othersAlive: number,
  { wallMs }: Now,
): number {
  let moments = 1;
  while (othersAlive >= moments * TOGETHER) moments *= 2;
  const atMs = ((firstWord(self.pkiId) % moments) / moments) * aliveIntervalMs;
  const sinceMs = (((wallMs - atMs) % aliveIntervalMs) + aliveIntervalMs) % aliveIntervalMs;
  const restMs = aliveIntervalMs - sinceMs;
  const waitMs = restMs < aliveIntervalMs * LATE_BY ? restMs + aliveIntervalMs : restMs;
  return waitMs + below(random, aliveIntervalMs * SPREAD);
}

function below(random: Options["random"], spanMs: number): number {
  return random.below(Math.max(1, Math.trunc(spanMs)));
}
