/**
 * Rate limits: so much at once, and so much more in each second (leaky buckets). Exceeding
 * one closes no connection. What costs more than is left may still be done; the debt is paid off later.
 */

export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

/** What was spent and has not been earned back yet, as of a moment. */
export interface Debt {
  amount: number;
  atMs: number;
}

/** A rate limit for many accounts, each with a bucket of its own. */
export interface RateLimit extends Rate {
  /** Accounts that may owe something; all others have their whole burst left. Another map when those are forgotten. */
  debts: Map<string, Debt>;
  /** Prune settled accounts above this many. */
  tidyAt: number;
}

interface Moment {
  readonly elapsedMs: number;
}

/** More peers than are connected at a time; beyond it, the oldest debt is forgiven. */
const DEBTS_MAX = 10_000;
const TIDY_MIN = 64;

export function createRateLimit(perSecond: number, savedSeconds: number): RateLimit {
  return { perSecond, burst: perSecond * savedSeconds, debts: new Map(), tidyAt: TIDY_MIN };
}

/** Whether nothing is left. */
export function isSpent(limit: RateLimit, account: string, now: Moment): boolean {
  return isExhausted(limit, limit.debts.get(account), now);
}

/** The same for whoever has looked up what the account owes. */
export function isExhausted(
  { burst, perSecond }: RateLimit,
  debt: Debt | undefined,
  { elapsedMs }: Moment,
): boolean {
  return owed(debt, perSecond, elapsedMs) >= burst;
}

/** Whether so much time pays for this cost. */
export function isEarned({ perSecond }: RateLimit, cost: number, elapsedMs: number): boolean {
  return elapsedMs * perSecond >= cost * 1_000;
}

/** Takes the cost from the account. */
export function charge(limit: RateLimit, account: string, cost: number, now: Moment): void {
  chargeTo(limit, account, limit.debts.get(account), cost, now);
}

/** The same for whoever has just looked up what the account owes. */
export function chargeTo(
  limit: RateLimit,
  account: string,
  debt: Debt | undefined,
  cost: number,
  now: Moment,
): void {
  if (debt !== undefined) {
    addTo(debt, cost, limit.perSecond, now.elapsedMs);
    return;
  }
  if (limit.debts.size >= limit.tidyAt) forgetSettled(limit, now);
  limit.debts.set(account, { amount: cost, atMs: now.elapsedMs });
}

/** Forgets settled accounts; if all still owe, the oldest ones. */
export function forgetSettled(limit: RateLimit, now: Moment): void {
  const debts = new Map<string, Debt>();
  for (const [account, debt] of limit.debts) {
    if (owed(debt, limit.perSecond, now.elapsedMs) > 0) debts.set(account, debt);
  }
  for (const account of debts.keys()) {
    if (debts.size < DEBTS_MAX) break;
    debts.delete(account);
  }
  limit.debts = debts;
  limit.tidyAt = Math.min(DEBTS_MAX, Math.max(TIDY_MIN, 2 * debts.size));
}

/** A rate limit for one account. */
export class LeakyBucket {
  readonly #rate: Rate;
  readonly #debt: Debt = { amount: 0, atMs: 0 };

  constructor(rate: Rate) {
    this.#rate = rate;
  }

  /** False: there is not as much left. The amount counts nevertheless. */
  take(amount: number, nowMs: number): boolean {
    addTo(this.#debt, amount, this.#rate.perSecond, nowMs);
    return this.#debt.amount <= this.#rate.burst;
  }

  /** Time until everything beyond the burst is paid off; 0 = it is. */
  waitMs(nowMs: number): number {
    const { burst, perSecond } = this.#rate;
    const { amount, atMs } = this.#debt;
    return Math.max(0, ((amount - burst) / perSecond) * 1_000 - (nowMs - atMs));
  }
}

function addTo(debt: Debt, amount: number, perSecond: number, nowMs: number): void {
  debt.amount = owed(debt, perSecond, nowMs) + amount;
  debt.atMs = nowMs;
}

function owed(debt: Debt | undefined, perSecond: number, nowMs: number): number {
  if (debt === undefined) return 0;
  return Math.max(0, debt.amount - ((nowMs - debt.atMs) / 1_000) * perSecond);
}
