/** Resolves the names of bootstrap peers again and again, for as long as the node lives. */
import type { EventContent } from "../observe/events.ts";
import type { Cancel, Clock } from "../transport/network.ts";
import { contactFailed } from "./connection-inputs.ts";
import { isNobody, type NameService, type Resolution, resolveName } from "./name-service.ts";
import type { BootstrapNames } from "./options.ts";
import type { Probing } from "./probes.ts";

/** How often it is looked whether a name is due. */
const LOOK_MS = 1_000;
/** While others are alive, they tell more than DNS. */
const REFRESH_MS = 30_000;
/** Of all names together, each its share: a member contacts few of them. */
const ENDPOINTS_MAX = 10_000;

interface FollowOptions {
  readonly names: readonly string[];
  readonly service: NameService;
  readonly clock: Clock;
  readonly isAlone: () => boolean;
  /** Called after each answer with everything that the names lead to now. */
  readonly resolved: (endpoints: readonly string[]) => void;
  /** A name leads nowhere, for another reason than before. */
  readonly failed: (name: string, code: string) => void;
}

export interface FollowedNames {
  /** Names that lead nowhere at present, with a code of `node:dns`; "pending" before the first answer. */
  unresolved(): readonly { readonly name: string; readonly code: string }[];
  stop: Cancel;
}

const PENDING = "pending";

interface Followed {
  readonly name: string;
  resolution: Resolution;
  /** Infinity while it is being resolved. */
  dueMs: number;
}

export function followNames(options: FollowOptions): FollowedNames {
  const { clock, names, isAlone } = options;
  const pending: Resolution = { endpoints: [], code: PENDING };
  const followed = names.map((name): Followed => ({ name, resolution: pending, dueMs: 0 }));
  const share = Math.max(1, Math.floor(ENDPOINTS_MAX / names.length));
  let isStopped = false;
  let cancel: Cancel = () => {};

  const refresh = async (one: Followed): Promise<void> => {
    one.dueMs = Number.POSITIVE_INFINITY;
    const { endpoints, code } = await resolveName(options.service, one.name);
    if (isStopped) return;
    one.dueMs = clock.now().elapsedMs + REFRESH_MS;
    const before = one.resolution;
    // While nobody answers, what was true before is the best that we know.
    const isKept = code !== undefined && !isNobody(code);
    one.resolution = { endpoints: isKept ? before.endpoints : endpoints, code };
    if (code !== undefined && code !== before.code) options.failed(one.name, code);
    const found = followed.flatMap(({ resolution }) => resolution.endpoints.slice(0, share));
    options.resolved([...new Set(found)]);
  };
  const look = (): void => {
    const { elapsedMs } = clock.now();
    for (const one of followed) {
      const isDue = isAlone() ? one.dueMs !== Number.POSITIVE_INFINITY : one.dueMs <= elapsedMs;
      if (isDue) void refresh(one);
    }
    cancel = clock.after(LOOK_MS, look);
  };
  if (names.length > 0) look();
  return {
    unresolved: () =>
      followed.flatMap(({ name, resolution: { code } }) => (code ? [{ name, code }] : [])),
    stop: () => {
      isStopped = true;
      cancel();
    },
  };
}

/** What is told of them, and who is told. */
export interface FollowTold extends Pick<Probing, "clock" | "core" | "give"> {
  readonly publish: (event: EventContent) => void;
}

/** Follows the names that a node has: its core contacts whom they lead to. */
export function followContacts(names: BootstrapNames, told: FollowTold): FollowedNames {
  const { clock, core, give, publish } = told;
  return followNames({
    ...{ ...names, clock },
    isAlone: () => core.members.aliveCount === 0,
    resolved: (endpoints) => {
      names.resolved(endpoints);
      give({ type: "names-resolved", endpoints });
    },
    failed: (endpoint, detail) => publish(contactFailed(endpoint, "name-unresolved", detail)),
  });
}
