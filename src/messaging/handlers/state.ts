/** The state of messages among members. Only the functions of its own file change a table. */
import { type Neighbours, NO_NEIGHBOURS } from "../../core/rules/neighbours.ts";
import type { PkiId } from "../../core/types/host.ts";
import { createRateLimit, type RateLimit } from "../../lib/rate-limit.ts";
import { createHeard, type HeardTable } from "../tables/heard.ts";
import { createKept, type KeptTable } from "../tables/kept.ts";
import { createQueries, type Queries } from "../tables/queries.ts";
import type { Saying } from "../types/input.ts";
import type { MessagingOptions } from "../types/options.ts";

export interface Messaging {
  readonly options: MessagingOptions;
  /** Number of our last message. */
  sequence: bigint;
  readonly heard: HeardTable;
  readonly kept: KeptTable;
  readonly queries: Queries;
  /** Messages waiting for their signature, by token. */
  readonly unsigned: Map<number, Unsigned>;
  /** Requested messages, by author and name, and until when no other peer is asked. */
  readonly asked: Map<string, number>;
  readonly rateLimits: MessagingRateLimits;
  /** The last computed rings, and their inputs. */
  neighbourhood: { readonly neighbours: Neighbours; readonly of: string };
  readonly digests: DigestSchedule;
}

/** Rate limits. */
interface MessagingRateLimits {
  /** Per certificate: its messages. */
  readonly said: RateLimit;
  /** Per peer: wrong signatures. */
  readonly forgeries: RateLimit;
  /** Per peer: numbers that it requests or announces. */
  readonly numbers: RateLimit;
  /** Per peer: bytes that we send to it. */
  readonly sent: RateLimit;
}

/** When our neighbours are told what we keep. */
interface DigestSchedule {
  /** Of what they have not been told yet; Infinity: of nothing. */
  newsAtMs: number;
  /** With all messages. */
  allAtMs: number;
  /** With all messages for those who have had no such digest. */
  newcomersAtMs: number;
  /** Number of the newest message in the last digest. */
  told: number;
  /** Version of the directory when newcomers were looked for last. */
  directory: number;
  /** Processes that have been told everything, by their incarnation: some of our present neighbours. */
  informed: ReadonlyMap<PkiId, bigint>;
}

/** A message of our program until it is signed. */
export interface Unsigned {
  readonly saying: Saying;
  readonly payload: Uint8Array;
  readonly sequence: bigint;
  readonly sentAtMs: number;
  /** Undefined: an event. */
  readonly timeoutMs: number | undefined;
}

/** Seconds of allowance that accumulate. */
const SAVED_SECONDS = 10;
const FORGERIES_PER_SECOND = 20;
const NUMBERS_PER_SECOND = 20_000;
/** Shorter where bursts would harm the event loop or a send queue. */
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
    rateLimits: {
      said: createRateLimit(limits.perAuthorPerSecond, SAVED_SECONDS),
      forgeries: createRateLimit(FORGERIES_PER_SECOND, SAVED_SECONDS),
      numbers: createRateLimit(NUMBERS_PER_SECOND, SHORTLY_SAVED_SECONDS),
      sent: createRateLimit(limits.sentBytesPerSecond, SHORTLY_SAVED_SECONDS),
    },
    neighbourhood: {
      neighbours: NO_NEIGHBOURS,
      of: "",
    },
    digests: {
      newsAtMs: Number.POSITIVE_INFINITY,
      allAtMs: Number.POSITIVE_INFINITY,
      newcomersAtMs: Number.POSITIVE_INFINITY,
      told: 0,
      directory: -1,
      informed: new Map(),
    },
  };
}
