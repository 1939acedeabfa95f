/**
 * What one peer may cost us: so much a second, saved up for a while. A peer that spends more is not
 * cut off; what it sends beyond is dropped before it costs anything, and others bring what matters.
 */

import type { Now } from "../types/host.ts";
import type { CoreLimits } from "../types/options.ts";

/** The accounts of all peers for one kind of work. */
export interface Budget {
  /** What an account gains each second. */
  readonly perSecond: number;
  /** What it holds when nothing was spent for a while. */
  readonly savedMax: number;
  /** Whoever may owe something; all others have everything they can have. */
  readonly debts: Map<string, Debt>;
  /** At this size it is looked who has paid off what he owed. */
  tidyAt: number;
}

interface Debt {
  /** What was missing from a full account at that moment. */
  amount: number;
  atMs: number;
}

export interface Budgets {
  /** Of whoever passes something on: signature checks (one each, more if wrong: see check.ts). */
  readonly checks: Budget;
  /** Of each certificate that has signed something: its news that were believed, those in lists apart. */
  readonly news: Budget;
  /** Of whoever asks: bytes of our answers, roughly. */
  readonly answers: Budget;
}

/** Seconds of gain that an account can hold: a joiner learns of a whole network at once. */
const SAVED_SECONDS = 10;
/** The same for answers: each may take milliseconds to build, and many at once would be felt. */
const ANSWERS_SAVED_SECONDS = 2;
/** More peers than are connected at a time; then the one that began to owe first is forgiven. */
const DEBTS_MAX = 10_000;
const TIDY_MIN = 64;

export function createBudgets(limits: CoreLimits): Budgets {
  return {
    checks: createBudget(limits.checksPerSecond, SAVED_SECONDS),
    news: createBudget(limits.newsPerSecond, SAVED_SECONDS),
    answers: createBudget(limits.answerBytesPerSecond, ANSWERS_SAVED_SECONDS),
  };
}

export function createBudget(perSecond: number, savedSeconds: number): Budget {
  return { perSecond, savedMax: perSecond * savedSeconds, debts: new Map(), tidyAt: TIDY_MIN };
}

/** Whether nothing is left. What costs more than is left may still be done, and is paid off later. */
export function isSpent(budget: Budget, account: string, now: Now): boolean {
  return debtOf(budget, account, now) >= budget.savedMax;
}

/** Takes the cost from the account, which may go below nothing. */
export function charge(budget: Budget, account: string, cost: number, now: Now): void {
  const amount = debtOf(budget, account, now) + cost;
  const debt = budget.debts.get(account);
  if (debt !== undefined) {
    debt.amount = amount;
    debt.atMs = now.elapsedMs;
    return;
  }
  if (budget.debts.size >= budget.tidyAt) tidy(budget, now);
  budget.debts.set(account, { amount, atMs: now.elapsedMs });
}

/** Forgets those who have paid off what they owed; if all still owe, the one who was first to. */
function tidy(budget: Budget, now: Now): void {
  const { debts } = budget;
  for (const account of debts.keys()) {
    if (debtOf(budget, account, now) === 0) debts.delete(account);
  }
  for (const account of debts.keys()) {
    if (debts.size < DEBTS_MAX) break;
    debts.delete(account);
  }
  budget.tidyAt = Math.min(DEBTS_MAX, Math.max(TIDY_MIN, 2 * debts.size));
}

function debtOf({ debts, perSecond }: Budget, account: string, now: Now): number {
  const debt = debts.get(account);
  if (debt === undefined) return 0;
  return Math.max(0, debt.amount - ((now.elapsedMs - debt.atMs) / 1_000) * perSecond);
}
