import type { GossipMessage, PeerTime } from "../../wire/messages.ts";
import { accept, reject, type Verdict } from "../../wire/verdict.ts";
import { WEIGHT } from "../rules/rights.ts";
import {
  authorOf,
  judgeIdentity,
  type Verified,
  verifyAlive,
  verifyHeld,
  verifyIdentity,
} from "../rules/verify.ts";
import { judgeName } from "../tables/certificate-names.ts";
import { useIdentity } from "../tables/identities.ts";
import { charge, isSpent } from "../tables/rate-limit.ts";
import type { IdentityClaim } from "../types/claim.ts";
import type { CheckFault, VerifyFault } from "../types/drop.ts";
import type { Identity, Now, PkiId } from "../types/host.ts";
import type { Alive, Hearing } from "../types/member.ts";
import { type Core, isOurCertificate } from "./state.ts";

/** What a wrong claim costs whoever passes it on; a right one costs 1. */
const WRONG_COST = 10;

/** No honest peer passes these on: it has checked the same itself. */
const WRONG: ReadonlySet<string> = new Set<VerifyFault>([
  "identity-malformed",
  "identity-invalid",
  "pki-id-mismatch",
  "signature-invalid",
]);

/** Believes an alive message if its author and who passed it on have not used up our patience. */
export function checkAlive(
  core: Core,
  alive: Alive,
  from: PkiId,
  hearing: Hearing,
  now: Now,
): Verdict<Verified<Alive>, CheckFault> {
  const { identities, members, options } = core;
  const { crypto } = options;
  const held = members.table.get(alive.pkiId)?.alive;
  const author = identities.table.get(alive.pkiId)?.identity;
  const known = verifyHeld(author, alive, held);
  if (known) return accept(known);
  const claim: SignedClaim<Verified<Alive>> = {
    author: () => authorOf(crypto, useIdentity(identities, alive.pkiId, now), alive, now),
    time: alive.time,
    isListed: !WEIGHT[hearing].isFirstHand,
    verify: (author) => verifyAlive(crypto, author, alive, held?.envelope.secret),
  };
  return check(core, claim, from, now);
}

/** The same for a pulled identity. */
export function checkIdentity(
  core: Core,
  item: IdentityClaim,
  from: PkiId,
  now: Now,
): Verdict<Verified<IdentityClaim>, CheckFault> {
  const { crypto } = core.options;
  const claim: SignedClaim<Verified<IdentityClaim>> = {
    author: () => judgeIdentity(crypto, item.certificate, item.pkiId, now),
    time: undefined,
    isListed: false,
    verify: (author) => verifyIdentity(crypto, author, item),
  };
  return check(core, claim, from, now);
}

/** Anything signed. */
export interface SignedClaim<T> {
  readonly author: () => Verdict<Identity, VerifyFault>;
  /** When the author said it, if that decides which PKI-ID of a certificate is the present one. */
  readonly time: PeerTime | undefined;
  /** Found in somebody's list. Who fills lists with true messages must not use up what gossip needs. */
  readonly isListed: boolean;
  readonly verify: (author: Identity) => Verdict<T, VerifyFault>;
}

/**
 * Cheap refusals first: the signature is checked only if it may cost something. The author pays for
 * what is really his, so that nobody can silence him in his name.
 */
export function check<T>(
  core: Core,
  claim: SignedClaim<T>,
  from: PkiId,
  now: Now,
): Verdict<T, CheckFault> {
  const { checks, news } = core.budgets;
  const bearer = accountOf(core, from);
  if (isSpent(checks, bearer, now)) return reject("check-budget");
  const author = claim.author();
  const verdict = author.ok ? checkOf(core, author.value, claim, now) : author;
  const isKnown = author.ok && core.identities.table.has(author.value.pkiId);
  // To refuse somebody known costs nothing; to judge a certificate does.
  if (!isKnown || verdict.ok || !UNCHECKED.has(verdict.code)) {
    charge(checks, bearer, verdict.ok || !WRONG.has(verdict.code) ? 1 : WRONG_COST, now);
  }
  if (verdict.ok && author.ok) charge(news, newsAccountOf(author.value, claim), 1, now);
  return verdict;
}

/** Refused before the signature was looked at. */
const UNCHECKED: ReadonlySet<string> = new Set<CheckFault>(["news-budget", "certificate-in-use"]);

function checkOf<T>(
  core: Core,
  author: Identity,
  claim: SignedClaim<T>,
  now: Now,
): Verdict<T, CheckFault> {
  const { time, verify } = claim;
  if (isSpent(core.budgets.news, newsAccountOf(author, claim), now)) return reject("news-budget");
  if (isOurCertificate(core, author)) return verify(author);
  const named = judgeName(core, author, { time, isPresent: false }, core.options.timing, now);
  return named.ok ? verify(author) : named;
}

function newsAccountOf<T>({ certificate }: Identity, { isListed }: SignedClaim<T>): string {
  return isListed ? `listed ${certificate}` : certificate;
}

/** Who pays: the certificate, whatever name it goes by. */
export function accountOf({ identities }: Core, pkiId: PkiId): string {
  return identities.table.get(pkiId)?.identity.certificate ?? pkiId;
}

/** Bytes of one member in a list, of an item's name, of an identity; roughly. */
const ENTRY_BYTES = 300;
const NAME_BYTES = 34;
const ITEM_BYTES = 1_100;

/** Whether this is a question that we may not answer at present. If we may, it is charged. */
export function isAnswerRefused(
  core: Core,
  content: GossipMessage["content"],
  from: PkiId,
  now: Now,
): boolean {
  const { budgets, members, pull } = core;
  const answerBytes = (): number => {
    switch (content?.type) {
      case "membership-request":
        return ENTRY_BYTES * (1 + members.table.size);
      case "hello":
        return NAME_BYTES * (1 + pull.offered.size);
      case "request":
        return ITEM_BYTES * content.value.digests.length;
      default:
        return 0;
    }
  };
  const bytes = answerBytes();
  if (bytes === 0) return false;
  const account = accountOf(core, from);
  if (isSpent(budgets.answers, account, now)) return true;
  charge(budgets.answers, account, bytes, now);
  return false;
}
