/**
 * Our own alive messages, back from others. What is newer than anything we have said comes from
 * another process with our key, or from a former life whose clock was ahead of ours.
 */

import type { Alive } from "../../wire/received.ts";
import { accept, type Verdict } from "../../wire/verdict.ts";
import type { Rights } from "../rules/rights.ts";
import { outlive } from "../tables/self.ts";
import type { CheckFault } from "../types/drop.ts";
import { drop, type Effect, notify } from "../types/effect.ts";
import type { PkiId } from "../types/host.ts";
import { checkAlive } from "./check.ts";
import { publish } from "./publish.ts";
import type { Core } from "./state.ts";

const IMPOSTORS_MAX = 10;
const INCARNATION_MAX = 2n ** 64n - 1n;

/** Handles a returned message of our own. */
export function hearOwn(
  core: Core,
  alive: Alive,
  { isRelayed }: Rights,
  from: PkiId,
): readonly Effect[] {
  // Members with neighbours never relay a message to its author.
  if (isRelayed && core.members.table.has(from)) core.randomRelays.add(from);
  const found = findTwin(core, alive, from);
  if (!found.ok) return [drop(from, found.code)];
  return isRelayed ? [drop(from, "own-message"), ...found.value] : found.value;
}

/** Reports another process with our identity, once per endpoint. */
function findTwin(core: Core, alive: Alive, from: PkiId): Verdict<readonly Effect[], CheckFault> {
  const { options, self } = core;
  const { pkiId, endpoint, time } = alive;
  // An unverified message does not prove a second process.
  if (!isTwin(core, alive) || pkiId !== options.self.pkiId) return accept([]);
  const verdict = checkAlive(core, alive, from, "list");
  if (!verdict.ok) return verdict;
  self.impostors.add(endpoint);
  if (isFormerLife(core, alive) && time.incNum < INCARNATION_MAX) {
    return accept(overtake(core, alive));
  }
  return accept([notify({ type: "same-identity", pkiId, endpoint })]);
}

/** Whether it shows a second process, if our key signed it: what we may have said ourselves does not. */
function isTwin({ self }: Core, { endpoint, time }: Alive): boolean {
  const isTold = self.impostors.has(endpoint) || self.impostors.size >= IMPOSTORS_MAX;
  return time.incNum > self.incarnation && !isTold;
}

/** Reports another process that uses our certificate under another PKI-ID. */
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
function overtake(core: Core, { time }: Alive): readonly Effect[] {
  const { self } = core;
  outlive(self, time.incNum);
  const event = { type: "incarnation-raised", incarnation: self.incarnation } as const;
  return [notify(event), ...publish(core)];
}
