/** Turns events into log lines, under the names of the parts of Fabric that would log them. */

import { hostOf } from "../lib/host-of.ts";
import { remedyFor } from "./diagnosis/causes.ts";
import { describeEvent } from "./event-text.ts";
import type { GossipEvent } from "./events.ts";
import { toJson } from "./json.ts";
import type { Log } from "./log.ts";
import { createRepeats, type Repeats } from "./repeats.ts";

/** Lines about mistakes of others that are written in a minute; the rest is counted only. */
const REJECTIONS_PER_MINUTE = 20;

const STRANGERS_MAX = 100;

/** Writes each event as one line. */
export function createEventLog(log: Log): (event: GossipEvent) => void {
  const isFrequent = limitPerMinute(REJECTIONS_PER_MINUTE);
  const strangers = new Set<string>();
  const repeats = createRepeats();
  return (event) => {
    const omitted = omittedBefore(event, repeats);
    if (omitted === undefined) return;
    if (event.type === "handshake-failed" && event.code === "identity-unknown-msp") {
      const line = `refused a handshake: ${event.reason}. ${remedyFor("organisation-untrusted")}`;
      if (isNew(event.reason, strangers)) log.logger("gossip.comm").warn(line);
      return;
    }
    const isMistake = event.type === "handshake-failed" || event.type === "message-rejected";
    if (isMistake && isFrequent(event.time)) return;
    const { logger, level, text, fields } = describeEvent(toJson(event));
    const again = omitted === 0 ? "" : ` (${omitted} times more since this was last written)`;
    log.logger(logger)[level](`${text}${again}`, fields);
  };
}

/**
 * How many events like this were left out before it; undefined: this one is left out too. Contacts
 * and diallers try for ever: what fails in the same way is told now and then.
 */
function omittedBefore(event: GossipEvent, repeats: Repeats): number | undefined {
  const atMs = event.time.getTime();
  switch (event.type) {
    case "contact-failed":
      return repeats.note(event.endpoint, event.code, atMs);
    case "handshake-failed":
      return repeats.note(`from ${hostOf(event.remote)}: ${event.reason}`, event.code, atMs);
    case "member-joined":
    case "member-returned": {
      const { endpoint, internalEndpoint } = event.member;
      for (const place of [endpoint, internalEndpoint]) if (place) repeats.forget(place);
      return 0;
    }
    default:
      return 0;
  }
}

/** Members of organisations we do not trust try for ever: once a reason is enough. */
function isNew(reason: string, told: Set<string>): boolean {
  if (told.has(reason) || told.size >= STRANGERS_MAX) return false;
  told.add(reason);
  return true;
}

/** True for everything above `max` within one minute of the event times. */
function limitPerMinute(max: number): (time: Date) => boolean {
  let minute = -1;
  let count = 0;
  return (time) => {
    const current = Math.floor(time.getTime() / 60_000);
    if (current !== minute) [minute, count] = [current, 0];
    count += 1;
    return count > max;
  };
}
