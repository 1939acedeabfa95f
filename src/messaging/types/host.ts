/** What messages among members need from outside: who is a member, and signatures. */
import type { Resident } from "../../core/rules/neighbours.ts";
import type { Crypto, Identity, Now, PkiId } from "../../core/types/host.ts";
import type { Tags } from "../rules/metadata.ts";

/** A living member of our own kind that we can reach. */
export interface Participant extends Resident {
  /** Where we dial it, `host:port`. */
  readonly endpoint: string;
  readonly tags: Tags;
}

/** Who has said something, alive or not. */
export interface Author {
  readonly identity: Identity;
  /** Whether other organisations than its own may know of it. */
  readonly isExternal: boolean;
}

/** Who is there, as the membership protocol sees it at this moment. */
export interface Directory {
  /** Ourselves; the endpoint is not used. */
  self(): Participant;
  /** Everybody else of our kind who is alive and can be reached. */
  others(): readonly Participant[];
  /** The same by PKI-ID; undefined: not alive, or of another kind. */
  find(pkiId: PkiId): Participant | undefined;
  /** Whose signature it would be; undefined: nobody's whom we believe. */
  author(pkiId: PkiId): Author | undefined;
  /** Another number whenever `self` or `others` may give another answer. */
  version(): number;
  /** The present order of each ring of neighbours. */
  epochs(now: Now): readonly number[];
}

export type Verify = Crypto["verify"];
