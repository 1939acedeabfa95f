/** Statements with unchecked signature. */

import type { Alive, IdentityClaim } from "../../wire/received.ts";
import type { Identity, PkiId } from "./host.ts";

/** Where a claim that somebody is alive (or dead) came from; it decides what follows from it. */
export type AliveSource =
  /** Gossiped to us: relayed if new. */
  | "gossip"
  /** Sent by its author in a membership request. */
  | "request"
  /** Listed as alive in a membership response. */
  | "listed-alive"
  /** Listed as dead in a membership response. */
  | "listed-dead";

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
