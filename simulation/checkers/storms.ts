/** No connection storms: two members do not reconnect repeatedly. */
import type { World } from "../world.ts";
import { type Checker, type Report, who } from "./checker.ts";

/** Maximum connections between one node and one peer per minute. */
const PER_MINUTE_MAX = 120;
const MINUTE_MS = 60_000;

interface Minute {
  readonly fromMs: number;
  count: number;
}

export function checkStorms(world: World, report: Report): Checker {
  const minutes = new Map<string, Minute>();
  return {
    watcher: {
      event({ member, number }, event, atMs) {
        if (event.type !== "connection-opened") return;
        const issued = world.authority.find(event.pkiId);
        const peer = issued && world.members[issued.owner];
        if (peer?.isHostile !== false) return;
        const key = `${number} ${event.pkiId}`;
        const minute = minutes.get(key);
        if (minute === undefined || atMs - minute.fromMs > MINUTE_MS) {
          minutes.set(key, { fromMs: atMs, count: 1 });
          return;
        }
        minute.count += 1;
        if (minute.count !== PER_MINUTE_MAX) return;
        const times = `${PER_MINUTE_MAX} times within a minute`;
        report(atMs, `${member.name} connects with ${who(peer, event.pkiId)} ${times}`);
      },
    },
  };
}
