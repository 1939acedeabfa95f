/**
 * The only place where a claim becomes something we believe: an alive message or a pulled identity
 * turns into a `Verified` one here, or a code says why not. Cheap checks come before signatures.
 */

import { equalBytes } from "../../wire/bytes.ts";
import type { Envelope } from "../../wire/envelope.ts";
import type { SecretEnvelope } from "../../wire/messages.ts";
import { accept, reject, type Verdict } from "../../wire/verdict.ts";
import type { IdentityClaim } from "../types/claim.ts";
import type { PresentedIdentityFault, VerifyFault } from "../types/drop.ts";
import type { Crypto, Identity, Now, PkiId } from "../types/host.ts";
import type { Alive } from "../types/member.ts";

declare const verifiedBrand: unique symbol;

/** A claim whose author is known, trusted, and has signed it. */
export interface Verified<T> {
  readonly claim: T;
  readonly author: Identity;
  readonly [verifiedBrand]: true;
}

/** Judges identity bytes presented under a PKI-ID, expiry included. */
export function judgeIdentity(
  crypto: Crypto,
  bytes: Uint8Array,
  pkiId: PkiId,
  now: Now,
): Verdict<Identity, PresentedIdentityFault> {
  const identity = crypto.identify(bytes);
  if (!identity.ok) return identity;
  if (identity.value.pkiId !== pkiId) return reject("pki-id-mismatch");
  if (identity.value.notAfterMs <= now.wallMs) return reject("identity-expired");
  return identity;
}

/**
 * Whether payload and, if there is one, secret of the envelope were signed by the identity.
 * `knownSecret`: one of the same identity that was checked before, and need not be again.
 */
export function isSignedBy(
  crypto: Crypto,
  identity: Identity,
  envelope: Envelope,
  knownSecret?: SecretEnvelope,
): boolean {
  const { payload, signature, secret } = envelope;
  if (!isSignature(crypto, identity, payload, signature)) return false;
  if (secret === undefined || isSameSecret(secret, knownSecret)) return true;
  return isSignature(crypto, identity, secret.payload, secret.signature);
}

function isSameSecret(secret: SecretEnvelope, known: SecretEnvelope | undefined): boolean {
  return (
    known !== undefined &&
    equalBytes(secret.signature, known.signature) &&
    equalBytes(secret.payload, known.payload)
  );
}

function isSignature(
  crypto: Crypto,
  identity: Identity,
  payload: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (payload.length === 0 || signature.length === 0) return false;
  return crypto.verify(identity, payload, signature);
}

/** Believes an alive message of this author: see {@link authorOf}. */
export function verifyAlive(
  crypto: Crypto,
  author: Identity,
  alive: Alive,
  knownSecret: SecretEnvelope | undefined,
): Verdict<Verified<Alive>, VerifyFault> {
  if (!isSignedBy(crypto, author, alive.envelope, knownSecret)) return reject("signature-invalid");
  return accept(verified(alive, author));
}

/** The very message that we hold is as good as it was: its signature need not be checked again. */
export function verifyHeld(
  author: Identity | undefined,
  alive: Alive,
  held: Alive | undefined,
): Verified<Alive> | undefined {
  if (!author || !held || held.time.seqNum !== alive.time.seqNum) return undefined;
  if (!equalBytes(held.envelope.bytes, alive.envelope.bytes)) return undefined;
  return verified(alive, author);
}

/** Whose alive message it is: the identity it carries, or the one we know. */
export function authorOf(
  crypto: Crypto,
  known: Identity | undefined,
  alive: Alive,
  now: Now,
): Verdict<Identity, VerifyFault> {
  if (alive.identity.length === 0) return known ? accept(known) : reject("identity-unknown");
  if (known && equalBytes(known.bytes, alive.identity)) return accept(known);
  return judgeIdentity(crypto, alive.identity, alive.pkiId, now);
}

function verified<T>(claim: T, author: Identity): Verified<T> {
  return { claim, author } as Verified<T>;
}

/** Believes a pulled identity. Its tag is not looked at, as it travels nested (spec C 2.2). */
export function verifyIdentity(
  crypto: Crypto,
  author: Identity,
  claim: IdentityClaim,
): Verdict<Verified<IdentityClaim>, VerifyFault> {
  if (!isSignedBy(crypto, author, claim.envelope)) return reject("signature-invalid");
  return accept(verified(claim, author));
}
