/** A node's events follow one order: joined, then dead, then returned or forgotten. */
import type { GossipEvent } from "../../src/observe/events.ts";
import type { World } from "../world.ts";
import { type Checker, type Report, who } from "./checker.ts";

type Status = "alive" | "dead" | "unknown";

/** Legal member states before an event, and the state after it. */
const TRANSITIONS: Partial<
  Record<GossipEvent["type"], { readonly before: readonly Status[]; readonly after: Status }>
> = {
  "member-joined": { before: ["unknown"], after: "alive" },
  "member-updated": { before: ["alive"], after: "alive" },
  "member-returned": { before: ["dead"], after: "alive" },
  "member-dead": { before: ["alive", "unknown"], after: "dead" },
  "member-forgotten": { before: ["alive", "dead"], after: "unknown" },
};

export function checkEventOrder(world: World, report: Report): Checker {
  /** By life, then by PKI-ID. */
  const statuses = new Map<number, Map<string, Status>>();
  return {
    watcher: {
      event(life, event, atMs) {
        const transition = TRANSITIONS[event.type];
        if (transition === undefined || !("member" in event)) return;
        const { pkiId } = event.member;
        const shown = statuses.get(life.number) ?? new Map<string, Status>();
        const status = shown.get(pkiId) ?? "unknown";
        statuses.set(life.number, shown.set(pkiId, transition.after));
        if (transition.before.includes(status)) return;
        const issued = world.authority.find(pkiId);
        const subject = who(issued && world.members[issued.owner], pkiId);
        report(atMs, `${life.member.name} tells ${event.type} of ${subject}, which was ${status}`);
      },
    },
  };
}
