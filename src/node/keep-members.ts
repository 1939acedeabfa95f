/** Keeps where living members are, for a next life in which none of its contacts answers. */
import type { Core } from "../core/core.ts";
import { aliveMembers, preferredEndpoint } from "../core/tables/members.ts";
import type { Cancel, Clock } from "../transport/network.ts";
import type { KeptMembers } from "./options.ts";
import { MEMBERS_KEPT_MAX } from "./state-folder.ts";

/** Interval at which changes are written. */
const LOOK_MS = 5_000;

export function keepMembers(
  core: Core,
  clock: Clock,
  write: (endpoints: readonly string[]) => Promise<void>,
): KeptMembers {
  let written = "";
  let writing: Promise<void> = Promise.resolve();
  let cancel: Cancel = () => {};
  const look = (): void => {
    const endpoints = placesOf(core);
    // Whoever is alone keeps what it knew.
    if (endpoints.length === 0 || endpoints.join() === written) return;
    written = endpoints.join();
    writing = writing.then(() => write(endpoints));
  };
  const lookAgain = (): void => {
    look();
    cancel = clock.after(LOOK_MS, lookAgain);
  };
  cancel = clock.after(LOOK_MS, lookAgain);
  return {
    stop: () => {
      cancel();
      look();
      return writing;
    },
  };
}

/** Those of our own organisation first, and of these whom we have known for longest. */
function placesOf({ members, options }: Core): readonly string[] {
  const isOwn = ({ mspId }: { readonly mspId: string | undefined }): boolean =>
    mspId === options.self.mspId;
  const places = aliveMembers(members)
    .toSorted((a, b) => Number(isOwn(b)) - Number(isOwn(a)))
    .map(preferredEndpoint);
  return [...new Set(places.filter((place) => place !== ""))].slice(0, MEMBERS_KEPT_MAX);
}
