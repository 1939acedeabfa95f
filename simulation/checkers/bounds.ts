/** Bounded memory: a node holds no more than the number of members explains. */
import { CONNECTION_LIMITS } from "../../src/transport/connection-options.ts";
import type { Life } from "../member.ts";
import type { World } from "../world.ts";
import type { Checker, Report } from "./checker.ts";

/** Sampling interval: unbounded growth is still there at the next sample. */
const INTERVAL_MS = 15_000;
/** Transient maximum of links to one peer. */
const LINKS_PER_PEER = 3;
/** Additional PKI-IDs of a hostile member, besides its member PKI-ID. */
const ALIASES = 2;
/** Pending timers of one node, plus some for each connection. */
const TIMERS = 100;
const TIMERS_PER_LINK = 20;

export function checkBounds(world: World, report: Report): Checker {
  const checkedMs = new WeakMap<Life, number>();
  return {
    snapshot(life, snapshot, nowMs) {
      if (nowMs - (checkedMs.get(life) ?? Number.NEGATIVE_INFINITY) < INTERVAL_MS) return;
      checkedMs.set(life, nowMs);
      const { member } = life;
      const { members, identities, connections, counts } = snapshot;
      const certificates = world.authority.issued.length;
      const names = certificates + ALIASES * world.members.filter((one) => one.isHostile).length;
      const queued = Math.max(0, ...connections.map((connection) => connection.queued));
      const sizes: readonly (readonly [string, number, number])[] = [
        ["members", members.length, certificates],
        ["identities", identities.length, names],
        ["identities on offer", counts.identitiesOffered, certificates],
        ["connections", connections.length, LINKS_PER_PEER * world.members.length],
        ["messages waiting for one peer", queued, CONNECTION_LIMITS.queuedMessagesMax + 1],
        [
          "timers in all",
          world.clock.waiting,
          world.members.length * TIMERS + world.network.hub.links * TIMERS_PER_LINK,
        ],
      ];
      for (const [what, size, max] of sizes) {
        if (size > max)
          report(nowMs, `${member.name} has ${size} ${what}: at most ${max} expected`);
      }
    },
  };
}
