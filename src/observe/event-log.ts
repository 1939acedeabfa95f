/** Turns events into log lines, under the names of the parts of Fabric that would log them. */

import { countPerMinute, createEventRepeats, limitPerMinute } from "./event-repeats.ts";
import { describeEvent } from "./event-text.ts";
import type { GossipEvent } from "./events.ts";
import { toJson } from "./json.ts";
import type { Log } from "./log.ts";

/** Lines about mistakes of others that are written in a minute; the rest is counted only. */
const REJECTIONS_PER_MINUTE = 20;

/** The same of contacts: thousands may fail at once. */
const CONTACTS_PER_MINUTE = 20;
const MORE_CONTACTS =
  "could not join many more contacts, which are not written one by one. Look for what they have in common; " +
  "doctor --json names all.";

const STRANGERS_MAX = 100;

/** Writes each event as one line. */
export function createEventLog(log: Log): (event: GossipEvent) => void {
  const isSurplus = createLimits(log);
  const strangers = new Set<string>();
  const omittedBefore = createEventRepeats();
  return (event) => {
    const atMs = event.time.getTime();
    const omitted = omittedBefore(event, atMs);
    if (omitted === undefined) return;
    if (event.type === "handshake-failed" && event.code === "identity-unknown-msp") {
      const line = `refused a handshake: ${event.reason}. ${event.remedy}`;
      if (isNew(event.reason, strangers)) log.logger("gossip.comm").warn(line);
      return;
    }
    if (isSurplus(event, atMs)) return;
    const { logger, level, text, fields } = describeEvent(toJson(event));
    const again = omitted === 0 ? "" : ` (${omitted} times more since this was last written)`;
    log.logger(logger)[level](`${text}${again}`, fields);
  };
}

/** Whether enough of an event's kind was written in this minute. Of contacts one line tells that there are more. */
function createLimits(log: Log): (event: GossipEvent, atMs: number) => boolean {
  const isFrequent = limitPerMinute(REJECTIONS_PER_MINUTE);
  const countContact = countPerMinute();
  return ({ type }, atMs) => {
    if (type === "handshake-failed" || type === "message-rejected") return isFrequent(atMs);
    if (type !== "contact-failed") return false;
    const number = countContact(atMs);
    if (number === CONTACTS_PER_MINUTE + 1) log.logger("gossip.discovery").warn(MORE_CONTACTS);
    return number > CONTACTS_PER_MINUTE;
  };
}

/** Members of organisations we do not trust try for ever: once a reason is enough. */
function isNew(reason: string, told: Set<string>): boolean {
  if (told.has(reason) || told.size >= STRANGERS_MAX) return false;
  told.add(reason);
  return true;
}
