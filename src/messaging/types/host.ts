/** Dependencies of messages among members: the membership, and signatures. */
import type { Resident } from "../../core/rules/neighbours.ts";
import type { Crypto, Identity, Now, PkiId } from "../../core/types/host.ts";
import type { Tags } from "../rules/metadata.ts";

/** A living, reachable member of our own kind. */
export interface Participant extends Resident {
  /** Of its process: one that was restarted has heard nothing. */
  readonly incarnation: bigint;
  /** Its `host:port`. */
  readonly endpoint: string;
  readonly tags: Tags;
}

/** The author of a message, alive or not. */
export interface Author {
  readonly identity: Identity;
  /** Whether other organisations may know of it. */
  readonly isExternal: boolean;
}

/** The current membership. */
export interface Directory {
  /** Ourselves; the endpoint is not used. */
  self(): Participant;
  /** All other members of our kind that are alive and reachable. */
  others(): readonly Participant[];
  /** The same by PKI-ID; undefined: not alive, or of another kind. */
  find(pkiId: PkiId): Participant | undefined;
  /** The author with this PKI-ID; undefined: not trusted. */
  author(pkiId: PkiId): Author | undefined;
  /** Changes whenever `self` or `others` may have changed. */
  version(): number;
  /** The current order of each ring of neighbours. */
  epochs(now: Now): readonly number[];
}

export type Verify = Crypto["verify"];
