/** What is pulled: the engine does not know. */

import type { Verdict } from "../../wire/verdict.ts";
import type { Claim } from "./claim.ts";
import type { DropCode } from "./drop.ts";
import type { PkiId } from "./host.ts";

/** What is pulled, and how its items are named and read. */
export interface PullSubject<Id extends string> {
  /** `PULL_TYPE`, tag and channel of every message of this pull. */
  readonly msgType: number;
  readonly tag: number;
  readonly channel: Uint8Array;
  /** The id in a digest; undefined if it cannot be one. */
  readonly parseId: (bytes: Uint8Array) => Id | undefined;
  readonly encodeId: (id: Id) => Uint8Array;
  /** An item of an update: whose it claims to be, and what is to be checked. */
  readonly parseItem: (
    bytes: Uint8Array,
    from: PkiId,
  ) => Verdict<{ readonly id: Id; readonly claim: Claim }, DropCode>;
}
