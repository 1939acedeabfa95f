/** Dependencies of the channel rules: a hash, and a judge of certificates. */
import type { FabricMspConfig } from "../../wire/msp-messages.ts";

export interface ChannelHost {
  /** SHA-256 over the concatenated parts. */
  sha256(parts: readonly Uint8Array[]): Uint8Array;
  /** The same, piece by piece: who hashes much lets others have their turn in between. */
  startSha256(): Sha256;
  /** Sets up the MSP of one organisation as Fabric does for a channel. */
  setUpMsp(config: FabricMspConfig, rules: MspRules): MspSetup;
}

interface Sha256 {
  add(bytes: Uint8Array): void;
  /** Returns the hash. */
  digest(): Uint8Array;
}

/** Effects of the channel's capabilities on its MSPs. */
export interface MspRules {
  /** From V3_0 on. */
  readonly allowsEd25519: boolean;
}

export type MspSetup =
  | { readonly ok: true; readonly msp: ChannelMsp }
  /** Fabric would refuse the whole configuration; one sentence per problem. */
  | { readonly ok: false; readonly problems: readonly string[] };

/** The MSP of an organisation of a channel. */
export interface ChannelMsp {
  readonly mspId: string;
  /** Whether NodeOUs decide about roles. */
  readonly hasRoleUnits: boolean;
  /** Faults that Fabric only logs, one sentence each. */
  readonly warnings: readonly string[];
  /**
   * The certificate if this MSP knows its issuer (Fabric: `DeserializeIdentity`). Whether it is
   * valid is another question: see {@link ChannelIdentity.refusal}.
   */
  recognize(idBytes: Uint8Array): ChannelIdentity | undefined;
}

/** A role that an organisational unit gives (Fabric: `MSPRole`, without member). */
export type ChannelRole = "client" | "peer" | "admin" | "orderer";

/** A certificate that an MSP of the channel recognises. Immutable. */
export interface ChannelIdentity {
  readonly mspId: string;
  /** SHA-256 of the certificate in hex: equal for one certificate, whatever text it came in. */
  readonly certificate: string;
  /** Subject in RFC 4514 style, for people. */
  readonly subject: string;
  /** Why the MSP considers it invalid (Fabric: `Validate`); completes a sentence. */
  readonly refusal: string | undefined;
  /** Roles by organisational unit, without the MSP's list of administrators. */
  readonly unitRoles: readonly ChannelRole[];
  /** Whether the MSP lists this very certificate as an administrator. */
  readonly isListedAdmin: boolean;
  readonly organizationalUnits: readonly string[];
  /** SHA-256 over the CA certificates above it (Fabric: certifiers identifier). */
  readonly certifiersId: Uint8Array;
  /** Whether its key made the signature. */
  verify(payload: Uint8Array, signature: Uint8Array): boolean;
}

/** The MSPs of a channel by their ids. */
export type ChannelMsps = ReadonlyMap<string, ChannelMsp>;
