/** Installs all checkers of a world and feeds them samples. */
import type { GossipNode } from "../../src/node/node.ts";
import type { SimulatedFault } from "../fault.ts";
import type { World } from "../world.ts";
import { checkBounds } from "./bounds.ts";
import { ChannelDisclosureChecker } from "./channel-disclosure.ts";
import { type Checker, createViolations, type Snapshot, type Violations } from "./checker.ts";
import { checkDeaths } from "./deaths.ts";
import { DisclosureChecker } from "./disclosure.ts";
import { checkEventOrder } from "./event-order.ts";
import { NewerWinsChecker } from "./newer-wins.ts";
import { checkOneCertificate } from "./one-certificate.ts";
import { checkRevivals } from "./revivals.ts";
import { RevokedOnChannelsChecker } from "./revoked-on-channels.ts";
import { ShownChannelChecker } from "./shown-channels.ts";
import { checkStorms } from "./storms.ts";
import { IdentityChecker } from "./valid-identities.ts";

export interface Checkers {
  readonly violations: Violations;
  /** Samples some nodes, all of them in turn. Call every {@link sampleSeconds}. */
  sample(): void;
}

/** First phase from which a run is long. */
const LONG_MS = 10 * 60_000;
const LONG_SECONDS = 5;

/**
 * Virtual seconds between samples. They cost a third of a quiet run, and what is wrong for hours is
 * found by a few of them.
 */
export function sampleSeconds(firstPhaseMs: number): number {
  return firstPhaseMs > LONG_MS ? LONG_SECONDS : 1;
}

/** Maximum members across all views sampled in one second. */
const SHOWN_PER_SECOND = 500;
/** Above this size, checkers read only a sample of the messages. */
export const READ_ALL_MAX = 40;

export function installCheckers(
  world: World,
  faults: readonly SimulatedFault[],
  tripMs: number,
): Checkers {
  const violations = createViolations();
  const { report } = violations;
  const size = world.members.length;
  const isSmall = size <= READ_ALL_MAX;
  const checkers: readonly Checker[] = [
    new IdentityChecker(world, report),
    new NewerWinsChecker(world, report, isSmall),
    checkEventOrder(world, report),
    new DisclosureChecker(world, report, isSmall ? 1 : size),
    checkBounds(world, report),
    checkOneCertificate(world.authority, report),
    checkStorms(world, report),
    checkDeaths(world, report, faults, tripMs),
    checkRevivals(world, report, faults, isSmall),
    new ShownChannelChecker(world, report),
    new RevokedOnChannelsChecker(world, report),
    new ChannelDisclosureChecker(world, report, isSmall ? 1 : size),
  ];
  world.watch(...checkers.flatMap(({ watcher }) => watcher ?? []));
  const perSecond = Math.max(1, Math.min(Math.ceil(size / 2), Math.floor(SHOWN_PER_SECOND / size)));
  let next = 0;
  return {
    violations,
    sample() {
      for (let i = 0; i < perSecond; i++) {
        const member = world.members[next];
        const life = member?.life;
        next = (next + 1) % size;
        if (life === undefined || member?.isElsewhere || life.process.isStalled) continue;
        const snapshot = new NodeSnapshot(life.node);
        for (const checker of checkers) checker.snapshot?.(life, snapshot, world.nowMs);
      }
    },
  };
}

/** What is read less often than in each sample is made when it is read. */
class NodeSnapshot implements Snapshot {
  readonly members: Snapshot["members"];
  readonly identities: Snapshot["identities"];
  readonly channels: Snapshot["channels"];
  readonly #node: GossipNode;
  #connections: Snapshot["connections"] | undefined;

  constructor(node: GossipNode) {
    this.#node = node;
    this.members = node.members();
    this.identities = node.identities();
    this.channels = node.channels();
  }

  get connections(): Snapshot["connections"] {
    this.#connections ??= this.#node.connections();
    return this.#connections;
  }

  get counts(): Snapshot["counts"] {
    return this.#node.diagnostics.counts();
  }
}
