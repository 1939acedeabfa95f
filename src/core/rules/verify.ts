/**
 * The only place where a claim becomes something we believe: an alive message or a pulled identity
 * turns into a `Verified` one here, or a code says why not. Cheap checks come before signatures.
 */
import { equalBytes } from "../../wire/bytes.ts";
import type { Envelope } from "../../wire/envelope.ts";
import type { SecretEnvelope } from "../../wire/messages.ts";
import { accept, reject, type Verdict } from "../../wire/verdict.ts";
import { findIdentity, type Identities } from "../tables/identities.ts";
import type { BudgetFault } from "../tables/rate-limit.ts";
import type { Crypto, Identity, IdentityFault, Now, PkiId } from "../types/host.ts";
import type { Alive, AliveFault } from "./read-alive.ts";

declare const verifiedBrand: unique symbol;

/** A claim whose author is known, trusted, and has signed it. */
export interface Verified<T> {
  readonly claim: T;
  readonly author: Identity;
  readonly [verifiedBrand]: true;
}

/** Why an identity presented under a PKI-ID is refused. */
export type PresentedIdentityFault = IdentityFault | "pki-id-mismatch" | "identity-expired";

/** Why a claim is not believed. */
export type VerifyFault = PresentedIdentityFault | "identity-unknown" | "signature-invalid";

/** Why something received was not used. Those in {@link QUIET_DROPS} are everyday life. */
export type DropCode =
  | AliveFault
  | VerifyFault
  | BudgetFault
  /** A tag that this kind of message must not have. */
  | "tag-illegal"
  /** A message of a channel that we do not follow, or another content that is not for us. */
  | "not-followed"
  /** Not newer than what we have. */
  | "stale"
  /** Our own message came back. */
  | "own-message"
  /** A membership request in somebody else's name. */
  | "request-spoofed"
  /** The peer may not see us: its request is not answered. */
  | "not-disclosed"
  /** Nobody asked for this digest or update, or it came too late. */
  | "pull-unsolicited"
  /** A request without a hello of the same peer shortly before. */
  | "pull-without-hello"
  /** More hellos at a time than we remember for one peer. */
  | "pull-too-often"
  /** A pulled item that is no identity. */
  | "not-an-identity"
  /** News of a channel without author, channel or time. */
  | "state-info-incomplete"
  /** Its certificate has spoken later under another PKI-ID, or changes its PKI-ID too often. */
  | "certificate-in-use"
  /** A table or queue is full. */
  | "channels-full"
  | "members-full"
  | "identities-full"
  | "backlog-full";

/**
 * Drops that say nothing against the peer, since an honest one that is slow, old, just restarted, or
 * that knows more or less than we do causes them: counted, but neither logged nor reported.
 */
export const QUIET_DROPS: ReadonlySet<DropCode> = new Set([
  "not-followed",
  "stale",
  "own-message",
  "identity-unknown",
  // Neighbours that trust more organisations than we do speak of them all the time.
  "identity-unknown-msp",
  // Nor do all learn of a revocation, a new CA or the end of a certificate in the same moment.
  "identity-invalid",
  "identity-revoked",
  "identity-expired",
  // Its round took longer than ours allows, or one of us was restarted in the middle of it.
  "pull-without-hello",
  "pull-unsolicited",
  // A peer that stood still sends at once what it had to say meanwhile.
  "pull-too-often",
  // It cannot know yet that we have no external endpoint for it, or it none for us.
  "not-disclosed",
  // It is we who are full; health and metrics say so.
  "channels-full",
  "members-full",
  "identities-full",
  "backlog-full",
  // Fabric's peers pass on what was said under every PKI-ID of a certificate.
  "certificate-in-use",
  // A flood must not become a flood of events.
  "check-budget",
  "news-budget",
  "answer-budget",
]);

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
  identities: Identities,
  alive: Alive,
  held: Alive | undefined,
  now: Now,
): Verified<Alive> | undefined {
  if (held === undefined || !equalBytes(held.envelope.bytes, alive.envelope.bytes))
    return undefined;
  const author = findIdentity(identities, alive.pkiId, now);
  return author && verified(alive, author);
}

/** Whose alive message it is: the identity it carries, or the one we know. */
export function authorOf(
  crypto: Crypto,
  identities: Identities,
  alive: Alive,
  now: Now,
): Verdict<Identity, VerifyFault> {
  const known = findIdentity(identities, alive.pkiId, now);
  if (alive.identity.length === 0) return known ? accept(known) : reject("identity-unknown");
  if (known && equalBytes(known.bytes, alive.identity)) return accept(known);
  return judgeIdentity(crypto, alive.identity, alive.pkiId, now);
}

/** What a pulled item claims: this certificate has this PKI-ID, signed by the certificate's key. */
export interface IdentityClaim {
  readonly pkiId: PkiId;
  readonly certificate: Uint8Array;
  readonly envelope: Envelope;
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

function verified<T>(claim: T, author: Identity): Verified<T> {
  return { claim, author } as Verified<T>;
}
