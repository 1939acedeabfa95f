/**
 * The only place where a claim becomes something we believe: it turns into a `Verified` one here, or
 * a code says why not. Cheap refusals come first; a signature is checked only if the peer that passed
 * it on, and the author, have not used up what they may cost us.
 */

import { charge, chargeTo, isEarned, isExhausted, isSpent } from "../../lib/rate-limit.ts";
import { equalBytes } from "../../wire/bytes.ts";
import type { Envelope } from "../../wire/envelope.ts";
import { haveSameSecret } from "../../wire/kept-envelope.ts";
import type { PeerTime } from "../../wire/messages.ts";
import type { Alive, IdentityClaim } from "../../wire/received.ts";
import { accept, reject, type Verdict } from "../../wire/verdict.ts";
import { WEIGHT } from "../rules/rights.ts";
import { judgeName, useIdentity } from "../tables/identities.ts";
import type { Verified } from "../types/claim.ts";
import type { CheckFault, PresentedIdentityFault, VerifyFault } from "../types/drop.ts";
import type { Crypto, Identity, Now, PkiId } from "../types/host.ts";
import type { Hearing, Member } from "../types/member.ts";
import type { Core } from "./state.ts";

/** Judges identity bytes presented under a PKI-ID, expiry included. `areKept`: see {@link Crypto}. */
export function judgeIdentity(
  crypto: Crypto,
  bytes: Uint8Array,
  pkiId: PkiId,
  now: Now,
  areKept = false,
): Verdict<Identity, PresentedIdentityFault> {
  const identity = crypto.identify(bytes, areKept);
  if (!identity.ok) return identity;
  if (identity.value.pkiId !== pkiId) return reject("pki-id-mismatch");
  if (identity.value.notAfterMs <= now.wallMs) return reject("identity-expired");
  return identity;
}

/**
 * Whether the identity signed the payload and, if there is one, the secret of the envelope.
 * `known`: one of the same identity that was checked before, whose secret need not be again.
 */
export function isSignedBy(
  crypto: Crypto,
  identity: Identity,
  envelope: Envelope,
  known?: Envelope,
): boolean {
  if (!isSigned(crypto, identity, envelope.payload, envelope.signature)) return false;
  if (known !== undefined && haveSameSecret(envelope, known)) return true;
  const { secret } = envelope;
  return secret === undefined || isSigned(crypto, identity, secret.payload, secret.signature);
}

function isSigned(crypto: Crypto, by: Identity, payload: Uint8Array, signature: Uint8Array) {
  return payload.length > 0 && signature.length > 0 && crypto.verify(by, payload, signature);
}

/** The same as a fault, if it is one. */
export function signatureFault(
  ...signed: Parameters<typeof isSignedBy>
): "signature-invalid" | undefined {
  return isSignedBy(...signed) ? undefined : "signature-invalid";
}

/** Budget cost of a wrong claim to its relay; a valid one costs 1. */
const WRONG_COST = 10;

/** Faults that an honest relay, which makes the same checks, never passes on. */
const WRONG: ReadonlySet<string> = new Set<VerifyFault>([
  "identity-malformed",
  "identity-invalid",
  "pki-id-mismatch",
  "signature-invalid",
]);

/** Refused before the signature check. */
const UNCHECKED: ReadonlySet<string> = new Set<CheckFault>(["news-budget", "certificate-in-use"]);

/** Whether this is our own PKI-ID, current or former. */
export function isSelf({ options, self }: Core, pkiId: PkiId): boolean {
  return pkiId === options.self.pkiId || (self.formerIds.size > 0 && self.formerIds.has(pkiId));
}

/** Whether another process uses our certificate under another PKI-ID. */
export function isOurCertificate({ options }: Core, { certificate, pkiId }: Identity): boolean {
  return certificate === options.self.certificate && pkiId !== options.self.pkiId;
}

/** Checks an alive message, unless it is the one that we hold. */
export function checkAlive(
  core: Core,
  alive: Alive,
  from: PkiId,
  hearing: Hearing,
): Verdict<Verified<Alive>, CheckFault> {
  const { identities, members, options } = core;
  const { crypto } = options;
  const held = members.table.get(alive.pkiId)?.alive;
  const known = identities.table.get(alive.pkiId)?.identity;
  if (known && held && isSameMessage(alive, held)) return accept(verified(alive, known));
  const claim: SignedClaim = {
    author: () => authorOf(crypto, useIdentity(identities, alive.pkiId, core.now), alive, core.now),
    time: alive.time,
    isListed: !WEIGHT[hearing].isFirstHand,
    faultOf: (author) => signatureFault(crypto, author, alive.envelope, held?.envelope),
  };
  const author = check(core, claim, from);
  return author.ok ? { ok: true, value: verified(alive, author.value) } : author;
}

/**
 * Checks a pulled identity, but not its tag, because the item is nested (spec C 2.2). The item lies in
 * memory of its own, as it has waited; it is handed on as it is, and holds what we keep of the identity.
 */
export function checkIdentity(
  core: Core,
  item: IdentityClaim,
  from: PkiId,
): Verdict<Verified<IdentityClaim>, CheckFault> {
  const { crypto } = core.options;
  const claim: SignedClaim = {
    author: () => judgeIdentity(crypto, item.certificate, item.pkiId, core.now, true),
    time: undefined,
    isListed: false,
    faultOf: (author) => signatureFault(crypto, author, item.envelope),
  };
  const author = check(core, claim, from);
  return author.ok ? accept(verified(item, author.value)) : author;
}

function verified<T>(claim: T, author: Identity): Verified<T> {
  return { claim, author } as Verified<T>;
}

function isSameMessage(alive: Alive, held: Alive): boolean {
  return (
    held.time.seqNum === alive.time.seqNum && equalBytes(held.envelope.bytes, alive.envelope.bytes)
  );
}

/** Anything signed. */
export interface SignedClaim {
  readonly author: () => Verdict<Identity, VerifyFault>;
  /** When the author said it, if that decides which PKI-ID of a certificate is the present one. */
  readonly time: PeerTime | undefined;
  /**
   * From a list, which has a separate budget, so that lists of true messages cannot block gossip.
   */
  readonly isListed: boolean;
  /** Checks the signature, and whether its author may say such a thing. */
  readonly faultOf: (author: Identity) => VerifyFault | undefined;
}

/**
 * Checks a claim; who its author is, if it holds. The author pays for what is really his, so that
 * nobody can silence him in his name.
 */
export function check(core: Core, claim: SignedClaim, from: PkiId): Verdict<Identity, CheckFault> {
  const { checks, news } = core.rateLimits;
  const bearer = accountOf(core, from);
  if (isSpent(checks, bearer, core.now)) return reject("check-budget");
  const author = claim.author();
  const verdict = author.ok ? checkAuthor(core, author.value, claim) : author;
  const isKnown = author.ok && core.identities.table.has(author.value.pkiId);
  // Refuse known offenders before the expensive judgement of a certificate.
  if (!isKnown || verdict.ok || !UNCHECKED.has(verdict.code)) {
    charge(checks, bearer, verdict.ok || !WRONG.has(verdict.code) ? 1 : WRONG_COST, core.now);
  }
  if (verdict.ok) charge(news, newsAccountOf(verdict.value, claim), 1, core.now);
  return verdict;
}

/**
 * {@link check} of a heartbeat from a known author that has no other name: the same budgets and costs.
 * An author that owes nothing and has earned one heartbeat since its last one need not be charged.
 */
export function heartbeatFault(
  core: Core,
  author: Identity,
  envelope: Envelope,
  { alive: held, heardMs }: Member,
  from: PkiId,
): CheckFault | undefined {
  const { checks, news } = core.rateLimits;
  const { now } = core;
  const bearer = accountOf(core, from);
  const owed = checks.debts.get(bearer);
  if (isExhausted(checks, owed, now)) return "check-budget";
  const authorOwes = news.debts.get(author.certificate);
  if (isExhausted(news, authorOwes, now)) return "news-budget";
  const fault = signatureFault(core.options.crypto, author, envelope, held.envelope);
  chargeTo(checks, bearer, owed, fault === undefined ? 1 : WRONG_COST, now);
  const isOwed = authorOwes !== undefined || !isEarned(news, 1, now.elapsedMs - heardMs);
  if (fault === undefined && isOwed) chargeTo(news, author.certificate, authorOwes, 1, now);
  return fault;
}

function checkAuthor(
  core: Core,
  author: Identity,
  claim: SignedClaim,
): Verdict<Identity, CheckFault> {
  if (isSpent(core.rateLimits.news, newsAccountOf(author, claim), core.now))
    return reject("news-budget");
  if (!isOurCertificate(core, author)) {
    const proof = { time: claim.time, isPresent: false };
    const named = judgeName(core, author, proof);
    if (!named.ok) return named;
  }
  const fault = claim.faultOf(author);
  return fault === undefined ? { ok: true, value: author } : reject(fault);
}

function newsAccountOf({ certificate }: Identity, { isListed }: SignedClaim): string {
  return isListed ? `listed ${certificate}` : certificate;
}

/** The budget belongs to the certificate, under whatever PKI-ID. */
export function accountOf({ identities }: Core, pkiId: PkiId): string {
  return identities.table.get(pkiId)?.identity.certificate ?? pkiId;
}

/** The author's identity: the included one, or the known one. */
function authorOf(
  crypto: Crypto,
  known: Identity | undefined,
  alive: Alive,
  now: Now,
): Verdict<Identity, VerifyFault> {
  if (alive.identity.length === 0)
    return known ? { ok: true, value: known } : reject("identity-unknown");
  if (known && equalBytes(known.bytes, alive.identity)) return { ok: true, value: known };
  return judgeIdentity(crypto, alive.identity, alive.pkiId, now);
}

/** Charges the peer for an answer of so many bytes; false: it has spent its budget. */
export function spendAnswer(core: Core, peer: PkiId, bytes: number): boolean {
  const { answers } = core.rateLimits;
  const account = accountOf(core, peer);
  if (isSpent(answers, account, core.now)) return false;
  charge(answers, account, bytes, core.now);
  return true;
}
