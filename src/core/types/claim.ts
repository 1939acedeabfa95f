/** What somebody says that is not believed yet. */

import type { Envelope } from "../../wire/envelope.ts";
import type { Identity, PkiId } from "./host.ts";
import type { Alive } from "./member.ts";

/** Where a claim that somebody is alive (or dead) came from; it decides what follows from it. */
export type AliveSource =
  /** Gossiped to us: relayed if new. */
  | "gossip"
  /** Said by its author in a membership request. */
  | "request"
  /** Listed as alive in a membership response. */
  | "listed-alive"
  /** Listed as dead in a membership response. */
  | "listed-dead";

/** What a pulled item claims: this certificate has this PKI-ID, signed by the certificate's key. */
export interface IdentityClaim {
  readonly pkiId: PkiId;
  readonly certificate: Uint8Array;
  readonly envelope: Envelope;
}

export type Claim =
  | {
      readonly type: "alive";
      readonly from: PkiId;
      readonly source: AliveSource;
      readonly alive: Alive;
    }
  | { readonly type: "identity"; readonly from: PkiId; readonly item: IdentityClaim };

export type AliveClaim = Extract<Claim, { type: "alive" }>;

declare const verifiedBrand: unique symbol;

/** A claim whose author is known, trusted, and has signed it. */
export interface Verified<T> {
  readonly claim: T;
  readonly author: Identity;
  readonly [verifiedBrand]: true;
}
