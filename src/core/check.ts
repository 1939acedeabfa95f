/**
 * Checking what somebody says within what may be spent on him: cheap refusals first, then the
 * signature, then the bill.
 */
import type { GossipMessage } from "../wire/messages.ts";
import { accept, reject, type Verdict } from "../wire/verdict.ts";
import type { Identity, Now, PkiId } from "./abilities.ts";
import type { Alive } from "./alive.ts";
import { type BudgetFault, charge, isSpent } from "./budget.ts";
import type { Core } from "./state.ts";
import {
  type IdentityClaim,
  type Verified,
  type VerifyFault,
  verifyAlive,
  verifyHeld,
  verifyIdentity,
} from "./verify.ts";

export type CheckFault = VerifyFault | BudgetFault;

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
  now: Now,
): Verdict<Verified<Alive>, CheckFault> {
  const { identities, members, options } = core;
  const held = members.table.get(alive.pkiId)?.alive;
  const known = verifyHeld(identities, alive, held, now);
  if (known !== undefined) return accept(known);
  return check(core, alive.pkiId, from, now, () =>
    verifyAlive(options.crypto, identities, alive, held?.envelope.secret, now),
  );
}

/** The same for a pulled identity. */
export function checkIdentity(
  core: Core,
  item: IdentityClaim,
  from: PkiId,
  now: Now,
): Verdict<Verified<IdentityClaim>, CheckFault> {
  return check(core, item.pkiId, from, now, () => verifyIdentity(core.options.crypto, item, now));
}

/**
 * Anything signed: `verify` is called only if it may cost something. The author pays for what is
 * really his, so that nobody can silence him in his name.
 */
export function check<T extends { readonly author: Identity }>(
  { budgets, identities }: Core,
  author: PkiId,
  from: PkiId,
  now: Now,
  verify: () => Verdict<T, VerifyFault>,
): Verdict<T, CheckFault> {
  if (isSpent(budgets.checks, from, now)) return reject("check-budget");
  const known = identities.table.get(author)?.identity.certificate;
  if (known !== undefined && isSpent(budgets.news, known, now)) return reject("news-budget");
  const verdict = verify();
  charge(budgets.checks, from, verdict.ok || !WRONG.has(verdict.code) ? 1 : WRONG_COST, now);
  if (!verdict.ok) return verdict;
  // Its other names are no accounts of their own.
  const { certificate } = verdict.value.author;
  if (isSpent(budgets.news, certificate, now)) return reject("news-budget");
  charge(budgets.news, certificate, 1, now);
  return verdict;
}

/** Bytes of one member in a list, of an item's name, of an identity; roughly. */
const ENTRY_BYTES = 300;
const NAME_BYTES = 34;
const ITEM_BYTES = 1_100;

/** Whether this is a question that we may not answer at present. If we may, it is charged. */
export function isAnswerRefused(
  { budgets, members, pull }: Core,
  content: GossipMessage["content"],
  from: PkiId,
  now: Now,
): boolean {
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
  if (isSpent(budgets.answers, from, now)) return true;
  charge(budgets.answers, from, bytes, now);
  return false;
}
