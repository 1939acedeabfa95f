/** For tests of `why`: networks in virtual time, and what their members say of a peer. */
import { createWorld, type TestNode, type World } from "../../../core/testing.ts";
import { viewEvent, viewSelf } from "../../snapshots.ts";
import { createFailures, type Failure } from "../failures.ts";
import { healthFaults } from "../health.ts";
import type { TlsExpiries } from "../own-tls.ts";
import { createRefusals } from "../refused-certificates.ts";
import { createConflicts } from "./conflicts.ts";
import type { Explanation } from "./explanation.ts";
import { explain } from "./why.ts";

/** What `node` says of the peer; of what happened, all is dated now. */
export function why(
  world: World,
  node: TestNode,
  peer: string,
  lastFailure?: Pick<Failure, "during" | "code" | "reason">,
  tlsExpiries: TlsExpiries = new Map(),
  reloadProblems: readonly string[] = [],
): Explanation {
  const { core } = node;
  const now = world.now();
  const failures = createFailures();
  const time = new Date(now.wallMs);
  for (const [id, event] of node.events.entries()) {
    failures.note({ id, time, ...viewEvent(core, event, now) });
  }
  if (lastFailure) failures.noteFailure({ endpoint: peer }, { ...lastFailure, time });
  const refusals = createRefusals(node.crypto, { now: () => now, after: () => () => {} });
  const self = viewSelf(core, 0, now);
  const faults = healthFaults(
    {
      ...{ core, failures, conflicts: createConflicts() },
      ...{ reloadProblems, names: [], tlsExpiries },
    },
    now,
  );
  const rest = { connections: [], channelProblems: new Map() };
  return explain({ core, failures, faults, refusals, self, now, ...rest }, peer);
}

export const codes = ({ causes }: Explanation): string => causes.map(({ code }) => code).join(" ");

/** Two of one organisation that see each other. */
export function pair(): { world: World; a: TestNode; b: TestNode } {
  const world = createWorld(1);
  const a = world.add("a");
  const b = world.add("b", { bootstrap: ["a:7051"] });
  world.run(2_000);
  return { world, a, b };
}

/** One that knows a stranger only from what the test has it receive. */
export function alone(externalEndpoint = "n:7051"): { world: World; n: TestNode } {
  const world = createWorld(1);
  const n = world.add("n", { trusts: ["A", "B"], externalEndpoint });
  return { world, n };
}
