/** A membership service provider: the CAs and rules of one organisation. */

import type { Certificate } from "./certificate.ts";
import type { Authorities } from "./chain.ts";

/** The role that an organisational unit gives. Gossip treats all roles alike. */
export type Role = "client" | "peer" | "admin" | "orderer";

export const ROLES: readonly Role[] = ["client", "peer", "admin", "orderer"];

/** An organisational unit, optionally restricted to one CA. */
export interface UnitRule {
  readonly unit: string;
  /**
   * SHA-256 over the CA certificates that must stand above the identity, issuer first, in hex
   * (Fabric: certifiers identifier). Undefined: below any CA of the MSP.
   */
  readonly certifiersId: string | undefined;
}

/**
 * One organisation's MSP, ready to judge identities. Plain and immutable: new trust is a new value.
 * Rules of Fabric's MSP version 1.4.3, and Ed25519 keys as in 3.0 (spec A 7).
 */
export interface Msp extends Authorities {
  readonly mspId: string;
  /** The CAs above a configured intermediate CA: they may not issue identities themselves. */
  readonly innerAuthorities: readonly Certificate[];
  /** Revoked serial numbers (lower-case hex) by the CA that issued and revoked them. */
  readonly revoked: ReadonlyMap<Certificate, ReadonlySet<string>>;
  /** If any: an identity must match at least one (`OrganizationalUnitIdentifiers`). */
  readonly requiredUnits: readonly UnitRule[];
  /** If any: an identity must match exactly one (`NodeOUs`). */
  readonly roleUnits: ReadonlyMap<Role, UnitRule>;
  readonly admins: readonly Certificate[];
  /** TLS root and intermediate CAs of the organisation; empty if the MSP names none. */
  readonly tlsAuthorities: Authorities;
  /** Faults that Fabric only logs, one sentence each. */
  readonly warnings: readonly string[];
}

/** A file with the name used in problems and warnings. */
export interface MspFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A unit rule whose CA file has not been resolved yet. */
export interface UnitRuleSource {
  readonly unit: string;
  readonly certificate: MspFile | undefined;
}

/** Everything an MSP is made of: the content of an MSP folder, or of a channel configuration. */
export interface MspMaterial {
  readonly mspId: string;
  /** Where it was read from, for problems. */
  readonly folder?: string;
  readonly rootCerts: readonly MspFile[];
  readonly intermediateCerts?: readonly MspFile[];
  readonly adminCerts?: readonly MspFile[];
  readonly revocationLists?: readonly MspFile[];
  readonly tlsRootCerts?: readonly MspFile[];
  /** Ignored without {@link tlsRootCerts}. */
  readonly tlsIntermediateCerts?: readonly MspFile[];
  readonly requiredUnits?: readonly UnitRuleSource[];
  /** Undefined or empty: roles are not enforced. */
  readonly roleUnits?: ReadonlyMap<Role, UnitRuleSource>;
  /** A part was unreadable, so its content must not be reported as missing. */
  readonly isIncomplete?: boolean;
  /** Warnings found while reading, kept with the MSP. */
  readonly warnings?: readonly string[];
}
