/**
 * Our own alive messages, back from others. What is newer than anything we have said comes from
 * another process with our key, or from a former life whose clock was ahead of ours.
 */

import type { Alive } from "../../wire/received.ts";
import type { Rights } from "../rules/rights.ts";
import { outlive } from "../tables/self.ts";
import { drop, type Effect, notify } from "../types/effect.ts";
import type { PkiId } from "../types/host.ts";
import { checkAlive } from "./check.ts";
import { publish } from "./publish.ts";
import type { Core } from "./state.ts";

const IMPOSTORS_MAX = 10;
const INCARNATION_MAX = 2n ** 64n - 1n;

/** Handles a returned message of our own, which may show another process with our identity. */
export function hearOwn(
  core: Core,
  alive: Alive,
  { isRelayed }: Rights,
  from: PkiId,
): readonly Effect[] {
  // Members with neighbours never relay a message to its author.
  if (isRelayed && core.members.table.has(from)) core.randomRelays.add(from);
  const dropped = isRelayed ? [drop(from, "own-message")] : [];
  if (!isTwin(core, alive) || alive.pkiId !== core.options.self.pkiId) return dropped;
  // An unverified message does not prove a second process.
  const verdict = checkAlive(core, alive, from, "list");
  if (!verdict.ok) return [drop(from, verdict.code)];
  const mayOvertake = isFormerLife(core, alive) && alive.time.incNum < INCARNATION_MAX;
  return [...dropped, ...(mayOvertake ? overtake(core, alive) : tellTwin(core, alive))];
}

/** Whether it shows a second process, if our key signed it: what we may have said ourselves does not. */
function isTwin({ self }: Core, { endpoint, time }: Alive): boolean {
  const isTold = self.impostors.has(endpoint) || self.impostors.size >= IMPOSTORS_MAX;
  return time.incNum > self.incarnation && !isTold;
}

/** Reports another process with our certificate, under whatever PKI-ID, once per endpoint. */
export function tellTwin(core: Core, alive: Alive): readonly Effect[] {
  if (!isTwin(core, alive)) return [];
  const { pkiId, endpoint } = alive;
  core.self.impostors.add(endpoint);
  return [notify({ type: "same-identity", pkiId, endpoint })];
}

function isFormerLife({ options, self }: Core, { endpoint, internalEndpoint }: Alive): boolean {
  const isSameInside =
    internalEndpoint === undefined || internalEndpoint === options.internalEndpoint;
  return endpoint === self.externalEndpoint && isSameInside;
}

/** Others take our messages for old until we go on from there. Once: a twin would do the same. */
function overtake(core: Core, { endpoint, time }: Alive): readonly Effect[] {
  const { self } = core;
  self.impostors.add(endpoint);
  outlive(self, time.incNum);
  const event = { type: "incarnation-raised", incarnation: self.incarnation } as const;
  return [notify(event), ...publish(core)];
}
