/** What the core of a simulated member is given. */
import {
  type CoreOptions,
  DEFAULT_CORE_LIMITS,
  DEFAULT_FANOUT,
  DEFAULT_TIMING,
} from "../src/core/types/options.ts";
import type { SimulatedMember } from "./member.ts";
import type { SharedLists } from "./shared-lists.ts";

export type CoreOptionsOfMember = Omit<CoreOptions, "crypto">;

interface Circumstances extends Pick<CoreOptions, "lastIncarnation" | "metadata" | "random"> {
  readonly lists: SharedLists;
  /** Long lists go from one to the other without becoming bytes. */
  readonly sharesLists: boolean;
  readonly strategy: CoreOptions["fanout"]["strategy"];
  /** Of a network that several threads can simulate. */
  readonly isLarge: boolean;
}

/** To come to each of a thousand members again for a few more checks costs more than the checks, which are cheap here. */
const LARGE_LIMITS = { ...DEFAULT_CORE_LIMITS, checksPerStep: 64 };

export function coreOptionsOf(
  { issued, internalEndpoint, externalEndpoint, bootstrap, anchorPeers }: SimulatedMember,
  { isLarge, lists, sharesLists, strategy, ...circumstances }: Circumstances,
): CoreOptionsOfMember {
  return {
    self: issued.identity,
    internalEndpoint,
    externalEndpoint,
    bootstrap,
    anchorPeers,
    ...circumstances,
    timing: DEFAULT_TIMING,
    fanout: { ...DEFAULT_FANOUT, strategy },
    limits: isLarge ? LARGE_LIMITS : DEFAULT_CORE_LIMITS,
    read: lists.read,
    ids: lists.ids,
    ...(sharesLists ? { write: lists.write } : {}),
  };
}
