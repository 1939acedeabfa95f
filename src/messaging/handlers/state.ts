/** All state of the messages among members. Each table is changed by the functions of its own file. */
import type { Neighbours } from "../../core/rules/neighbours.ts";
import { type Budget, createBudget } from "../../core/tables/rate-limit.ts";
import { createHeard, type HeardTable } from "../tables/heard.ts";
import { createKept, type KeptTable } from "../tables/kept.ts";
import { createQueries, type Queries } from "../tables/queries.ts";
import type { Saying } from "../types/input.ts";
import type { MessagingOptions } from "../types/options.ts";

export interface Messaging {
  readonly options: MessagingOptions;
  /** Of what we said last. */
  sequence: bigint;
  readonly heard: HeardTable;
  readonly kept: KeptTable;
  readonly queries: Queries;
  /** What waits for its signature, by token. */
  readonly unsigned: Map<number, Unsigned>;
  /** Messages asked for, by author and name, and until when nobody else is asked. */
  readonly asked: Map<string, number>;
  readonly budgets: MessagingBudgets;
  /** As last computed, and from what. */
  neighbourhood: { readonly neighbours: Neighbours; readonly of: string };
  readonly digests: DigestSchedule;
}

/** What somebody may still cost us. */
interface MessagingBudgets {
  /** Of each certificate: what it says. */
  readonly said: Budget;
  /** Of each peer: signatures that turn out to be wrong. */
  readonly forgeries: Budget;
  /** Of each peer: numbers that it asks for or tells of. */
  readonly numbers: Budget;
  /** Of each peer: bytes that we send it. */
  readonly sent: Budget;
}

/** When our neighbours are told what we keep. */
interface DigestSchedule {
  /** Of what they have not been told yet; Infinity: of nothing. */
  newsAtMs: number;
  /** Of everything. */
  allAtMs: number;
  /** Number of the newest message that they were told of. */
  told: number;
  /** Who was there when they were told of everything. */
  directory: number;
}

/** What our program said, until it is signed. */
export interface Unsigned {
  readonly saying: Saying;
  readonly payload: Uint8Array;
  readonly sequence: bigint;
  readonly sentAtMs: number;
  /** Undefined: an event. */
  readonly timeoutMs: number | undefined;
}

/** Seconds of gain that an account can hold. */
const SAVED_SECONDS = 10;
const FORGERIES_PER_SECOND = 20;
const NUMBERS_PER_SECOND = 20_000;
/** Shorter where a burst would be felt: by our event loop, by a send queue. */
const SHORTLY_SAVED_SECONDS = 2;

export function createMessaging(options: MessagingOptions): Messaging {
  const { limits } = options;
  return {
    options,
    sequence: 0n,
    heard: createHeard(limits.authorsMax),
    kept: createKept(limits),
    queries: createQueries(),
    unsigned: new Map(),
    asked: new Map(),
    budgets: {
      said: createBudget(limits.perAuthorPerSecond, SAVED_SECONDS),
      forgeries: createBudget(FORGERIES_PER_SECOND, SAVED_SECONDS),
      numbers: createBudget(NUMBERS_PER_SECOND, SHORTLY_SAVED_SECONDS),
      sent: createBudget(limits.sentBytesPerSecond, SHORTLY_SAVED_SECONDS),
    },
    neighbourhood: {
      neighbours: { home: [], homeExternal: [], abroad: new Map() },
      of: "",
    },
    digests: {
      newsAtMs: Number.POSITIVE_INFINITY,
      allAtMs: Number.POSITIVE_INFINITY,
      told: 0,
      directory: -1,
    },
  };
}
