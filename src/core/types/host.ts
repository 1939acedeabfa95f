/**
 * What the core needs from outside and cannot compute: judging identities, checking signatures,
 * dice and the time. The host hands these in; the core imports nothing that does I/O.
 */
import type { PkiId } from "../../wire/received.ts";
import type { Verdict } from "../../wire/verdict.ts";

export type { PkiId } from "../../wire/received.ts";

/** A certificate that some MSP we trust vouches for, with what can be read off it. Immutable. */
export interface Identity {
  readonly pkiId: PkiId;
  /** The organisation: the MSP that accepted the certificate. */
  readonly mspId: string;
  /**
   * What its CA has signed, as a hash in hex: the same whatever text stands around it. The PKI-ID
   * covers that text too, so that one certificate has as many as somebody likes; it is one member.
   */
  readonly certificate: string;
  /** The SerializedIdentity exactly as received; its text decides the PKI-ID. */
  readonly bytes: Uint8Array;
  /** Subject in RFC 4514 style, for people: `CN=peer0.org1.example.com,OU=peer,...`. */
  readonly subject: string;
  /** Serial number in lower-case hex. */
  readonly serial: string;
  /** Milliseconds since the epoch. Like Fabric we do not refuse an identity before this moment. */
  readonly notBeforeMs: number;
  /** Milliseconds since the epoch. From then on the identity is refused and forgotten. */
  readonly notAfterMs: number;
}

/** Why a certificate is no identity of a trusted MSP. */
export type IdentityFault =
  /** Not a SerializedIdentity, not one clean PEM block, not a certificate, or an unusable key. */
  | "identity-malformed"
  /** No MSP we trust has this MSP id. */
  | "identity-unknown-msp"
  /** The MSP refuses it: unknown issuer, wrong usage, wrong organisational units, a CA, ... */
  | "identity-invalid"
  /** On a revocation list of its issuer. */
  | "identity-revoked";

export interface Crypto {
  /**
   * Judges a SerializedIdentity against the MSPs trusted at this moment. Says nothing of expiry,
   * which the caller compares with its own clock. Results may be cached until trust changes. `areKept`: the
   * caller keeps these bytes as they are, so no copy of them is needed. Default: no.
   */
  identify(bytes: Uint8Array, areKept?: boolean): Verdict<Identity, IdentityFault>;
  /** Whether `signature` over `payload` was made by this identity's key (low-S, strict DER). */
  verify(identity: Identity, payload: Uint8Array, signature: Uint8Array): boolean;
}

/** Random source. Equal seeds give equal sequences. */
export interface Random {
  /** Uniform over all unsigned 64-bit numbers. */
  uint64(): bigint;
  /** Uniform integer in [0, limit). `limit` is a positive integer up to 2^32. */
  below(limit: number): number;
}

/** A moment, on two clocks that must never be mixed. */
export interface Now {
  /** Milliseconds on a clock that never jumps: for timeouts and ages. */
  readonly elapsedMs: number;
  /** Milliseconds since the epoch, may be set back: for certificates and our own incarnation. */
  readonly wallMs: number;
  /**
   * The wall clock at `elapsedMs` 0, the same until somebody sets it: the difference of both is not, as one
   * is read after the other, in other units. Absent: it is.
   */
  readonly zeroMs?: number;
}

/**
 * Makes one signature with the node's enrolment key: bytes in, DER signature with low S out.
 * May be slow and asynchronous (an HSM, a remote signer). A failure is retried at the next heartbeat.
 */
export type Signer = (payload: Uint8Array) => Uint8Array | Promise<Uint8Array>;
