/** Contacts and diallers try for ever: what fails in the same way is told now and then. */

import { hostOf } from "../lib/host-of.ts";
import type { EventContent } from "./events.ts";
import { createRepeats, type Pauses } from "./repeats.ts";

/** How many events like this were left out before it; undefined: this one is left out too. */
export type EventRepeats = (event: EventContent, atMs: number) => number | undefined;

/** `pauses`: between two that are told; whatever goes well in between makes the next one news. */
export function createEventRepeats(pauses?: Pauses): EventRepeats {
  // Apart, so that strangers leave contacts their room.
  const [contacts, diallers] = [createRepeats(pauses), createRepeats(pauses)];
  return (event, atMs) => {
    switch (event.type) {
      case "contact-failed":
        return contacts.note(event.endpoint, event.code, atMs, event.times);
      case "handshake-failed": {
        const subject = `from ${hostOf(event.remote)}: ${event.reason}`;
        return diallers.note(subject, event.code, atMs, event.times);
      }
      case "member-joined":
      case "member-returned": {
        const { endpoint, internalEndpoint } = event.member;
        for (const place of [endpoint, internalEndpoint]) if (place) contacts.forget(place);
        return 0;
      }
      default:
        return 0;
    }
  };
}

/** True for everything above `max` within one minute. */
export function limitPerMinute(max: number): (atMs: number) => boolean {
  const count = countPerMinute();
  return (atMs) => count(atMs) > max;
}

/** The number of each within its minute, from 1. */
export function countPerMinute(): (atMs: number) => number {
  let minute = -1;
  let count = 0;
  return (atMs) => {
    const current = Math.floor(atMs / 60_000);
    if (current !== minute) [minute, count] = [current, 0];
    count += 1;
    return count;
  };
}
