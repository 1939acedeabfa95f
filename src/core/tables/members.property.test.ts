/** Membership against a list written from spec B 1.5 to 1.8 and the rules of our own in docs/protocol.md. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type Core, createCore, step } from "../core.ts";
import { EPOCH_MS, seededRandom, testCrypto, testIdentity } from "../testing-identities.ts";
import { aliveOf, unsigned } from "../testing-messages.ts";
import type { Now } from "../types/host.ts";
import type { Input } from "../types/input.ts";
import { DEFAULT_CORE_LIMITS, DEFAULT_FANOUT, DEFAULT_TIMING } from "../types/options.ts";

const SELF = testIdentity("A", "self");
const PEOPLE = ["a", "b", "c", "d"].map((name) => testIdentity("A", name));
/** Passes on what others say; says nothing of itself. */
const MESSENGER = testIdentity("A", "messenger");
/** One less than there are people. */
const MEMBERS_MAX = 3;

interface Time {
  readonly inc: number;
  readonly seq: number;
}

type How = "gossip" | "request" | "listed-alive" | "listed-dead";

/** Whose connection brings it. Requests come from their author only. */
type By = "itself" | "another";

/** What happens: somebody speaks or is spoken of, cannot be reached, connects; or time passes. */
type Happening =
  | {
      readonly type: "heard";
      readonly how: How;
      readonly by: By;
      readonly who: number;
      readonly time: Time;
    }
  | { readonly type: "unreachable"; readonly who: number }
  | { readonly type: "connected"; readonly who: number }
  | { readonly type: "pass"; readonly ms: number };

/** Everything that is known of one person, whatever has become of it. */
interface Row {
  readonly who: number;
  status: "alive" | "dead" | "forgotten";
  /** Of the newest message. */
  time: Time;
  /** Of the newest one that was gossiped or came from itself. */
  firstHand: Time | undefined;
  /** Of the newest one that was gossiped. */
  relayed: Time | undefined;
  lastSeenMs: number;
  sinceMs: number;
  /** Forgotten: until when old messages are told from new ones. */
  untilMs: number;
  /** Others said it lives after we could not reach it: until it is restarted, only silence makes it dead. */
  isCutOff: boolean;
  /** The newest message that may be older than its death. */
  lastWords: Time | undefined;
}

function isLater(time: Time, than: Time | undefined, orSame = false): boolean {
  if (than === undefined) return true;
  if (time.inc === than.inc && time.seq === than.seq) return orSame;
  return time.inc > than.inc || (time.inc === than.inc && time.seq > than.seq);
}

type MemberRow = Row & { readonly status: "alive" | "dead" };

function isMember(row: Row | undefined): row is MemberRow {
  return row !== undefined && row.status !== "forgotten";
}

/** The same protocol without maps, effects or indices. Looks at every row for everything. */
class NaiveMembership {
  nowMs = 0;
  #rows: Row[] = [];

  get view(): string {
    return this.#rows
      .filter(({ status }) => status !== "forgotten")
      .map(({ who, status, time }) => `${who} ${status} ${time.inc}.${time.seq}`)
      .sort()
      .join();
  }

  happen(happening: Happening): void {
    if (happening.type === "pass") {
      for (const end = this.nowMs + happening.ms; this.nowMs < end; ) {
        // Searches are every 2.5 s from the start.
        const next = (Math.floor(this.nowMs / 2_500) + 1) * 2_500;
        this.nowMs = Math.min(next, end);
        if (this.nowMs === next) this.#search();
      }
      return;
    }
    const { who } = happening;
    const row = this.#rows.find((one) => one.who === who);
    if (happening.type === "connected") {
      if (row) row.isCutOff = false;
    } else if (happening.type === "unreachable") {
      if (row?.status === "alive" && !row.isCutOff)
        Object.assign(row, {
          status: "dead",
          isCutOff: true,
          sinceMs: this.nowMs,
          lastWords: row.time,
        });
    } else if (happening.how === "listed-dead") this.#hearDead(who, happening.time, row);
    else this.#hearAlive(happening, row);
  }

  #hearDead(who: number, time: Time, row: Row | undefined): void {
    const isNewest = isLater(time, row?.time);
    if (isMember(row)) {
      // Somebody else's dead are no news of those we know, but what they last said is.
      if (!isNewest) return;
      row.time = time;
      this.#noteLastWords(row, time);
    } else if (isNewest)
      this.#put({ who, status: "dead", time, firstHand: row?.firstHand, relayed: undefined }, row);
    else if (row) row.untilMs = this.nowMs + 500_000; // Others have not forgotten it yet.
  }

  #hearAlive(heard: Extract<Happening, { type: "heard" }>, row?: Row): void {
    const { how, who, time } = heard;
    if (how !== "gossip") {
      this.#apply(heard, row);
      return;
    }
    if (!isLater(time, isMember(row) ? row.relayed : row?.firstHand)) return;
    this.#apply(heard, row);
    const member = this.#rows.find((one) => one.who === who);
    if (member) member.relayed = time;
  }

  /** What any message says that is not stopped before. */
  #apply({ how, by, who, time }: Extract<Happening, { type: "heard" }>, row?: Row): void {
    const isItself = how === "request" || by === "itself";
    const isList = how === "listed-alive" && !isItself;
    const isNewest = isLater(time, row?.time);
    if (isList && !isNewest) return;
    if (!isList && !isLater(time, row?.firstHand, isItself)) return;
    const newest = isMember(row) && !isNewest ? row.time : time;
    const firstHand = isList ? row?.firstHand : time;
    if (row?.status === "dead" && row.isCutOff && !isItself) {
      if (isList || !this.#isSaidSince(row, time)) {
        Object.assign(row, { time: newest, firstHand });
        this.#noteLastWords(row, time);
        return;
      }
    }
    const relayed = isMember(row) ? row.relayed : undefined;
    this.#put({ who, status: "alive", time: newest, firstHand, relayed }, row, isItself);
  }

  #isSaidSince({ lastWords, sinceMs }: Row, time: Time): boolean {
    const isOfLaterProcess = time.inc > (lastWords?.inc ?? 0);
    return isOfLaterProcess || (isLater(time, lastWords) && this.nowMs - sinceMs > 5_000);
  }

  /** What is told soon after a death may be older than that. */
  #noteLastWords(row: Row, time: Time): void {
    const { isCutOff, lastWords, sinceMs, status } = row;
    if (status !== "dead" || !isCutOff || this.nowMs - sinceMs > 5_000) return;
    if (isLater(time, lastWords) && time.inc === lastWords?.inc) row.lastWords = time;
  }

  #put(
    row: Pick<Row, "who" | "status" | "time" | "firstHand" | "relayed">,
    before: Row | undefined,
    isReachable = false,
  ): void {
    const members = this.#rows.filter(({ status }) => status !== "forgotten");
    if (!isMember(before) && members.length >= MEMBERS_MAX) {
      // Whoever is dead, and was heard of longest ago, gives way to the living.
      const dead = members.filter(({ status }) => status === "dead");
      const [out] = dead.sort((a, b) => a.lastSeenMs - b.lastSeenMs || a.who - b.who);
      if (row.status === "dead" || out === undefined) return;
      this.#forget(out);
    }
    const isRestarted = row.time.inc > ((before?.lastWords ?? before?.time)?.inc ?? 0);
    const isCutOff = !isReachable && !isRestarted && isMember(before) && before.isCutOff;
    this.#rows = this.#rows.filter((one) => one !== before);
    const [lastSeenMs, sinceMs] = [this.nowMs, this.nowMs];
    const lastWords = undefined;
    this.#rows.push({ ...row, lastSeenMs, sinceMs, untilMs: 0, isCutOff, lastWords });
  }

  /** From now on, only a newer message than all of them counts, however it comes. */
  #forget(row: Row): void {
    const untilMs = this.nowMs + 500_000;
    Object.assign(row, { status: "forgotten", firstHand: row.time, untilMs });
  }

  #search(): void {
    for (const row of this.#rows) {
      const silentMs = this.nowMs - row.lastSeenMs;
      if (row.status === "alive" && silentMs > 25_000) {
        Object.assign(row, { status: "dead", isCutOff: false, sinceMs: this.nowMs });
      } else if (row.status === "dead" && silentMs > 500_000) {
        this.#forget(row);
      }
    }
    this.#rows = this.#rows.filter((row) => row.status !== "forgotten" || row.untilMs > this.nowMs);
  }
}

/** A core that is given the same; nobody answers what it asks. */
class DrivenCore {
  readonly #core: Core;
  #elapsedMs = 0;

  constructor() {
    this.#core = createCore(
      {
        self: SELF,
        internalEndpoint: "self:1",
        externalEndpoint: "self:1",
        metadata: new Uint8Array(0),
        bootstrap: [],
        anchorPeers: [],
        lastIncarnation: 0n,
        timing: {
          ...DEFAULT_TIMING,
          // Nobody here needs to show its certificate again after an hour of silence.
          identityUnusedMs: Number.MAX_SAFE_INTEGER,
          // Nobody answers a pull.
          pullIntervalMs: 100_000,
        },
        fanout: DEFAULT_FANOUT,
        limits: { ...DEFAULT_CORE_LIMITS, membersMax: MEMBERS_MAX },
        crypto: testCrypto("A"),
        random: seededRandom(1),
      },
      this.#now,
    );
    this.#give({ type: "start" });
    for (const identity of [...PEOPLE, MESSENGER]) this.#give({ type: "connected", identity });
  }

  get #now(): Now {
    return { elapsedMs: this.#elapsedMs, wallMs: EPOCH_MS + this.#elapsedMs };
  }

  get view(): string {
    return [...this.#core.members.table.values()]
      .map(({ pkiId, status, time }) => {
        const who = PEOPLE.findIndex((identity) => identity.pkiId === pkiId);
        return `${who} ${status} ${time.incNum}.${time.seqNum}`;
      })
      .sort()
      .join();
  }

  happen(happening: Happening): void {
    if (happening.type === "pass") {
      this.#pass(happening.ms);
      return;
    }
    const identity = PEOPLE[happening.who] ?? SELF;
    const { pkiId } = identity;
    if (happening.type === "connected") this.#give({ type: "connected", identity });
    else if (happening.type === "unreachable") {
      this.#give({ type: "send-failed", pkiId, endpoint: "" });
      this.#give({ type: "pinged", pkiId, reachable: false });
    } else this.#hear(happening);
    while (this.#core.expectedAtMs <= this.#elapsedMs) this.#give({ type: "tick" });
  }

  #hear({ how, by, who, time }: Extract<Happening, { type: "heard" }>): void {
    const identity = PEOPLE[who] ?? SELF;
    const endpoint = `p${who}:1`;
    const [incNum, seqNum] = [BigInt(time.inc), BigInt(time.seq)];
    const alive = aliveOf(identity, { endpoint, incNum, seqNum, identity: true });
    const bytes = {
      gossip: () => alive,
      request: () => unsigned({ type: "membership-request", value: { selfInformation: alive } }),
      "listed-alive": () => unsigned({ type: "membership-response", value: { alive: [alive] } }),
      "listed-dead": () => unsigned({ type: "membership-response", value: { dead: [alive] } }),
    }[how]();
    const from = how === "request" || by === "itself" ? identity : MESSENGER;
    this.#give({ type: "message", from: from.pkiId, bytes });
  }

  #pass(ms: number): void {
    const endMs = this.#elapsedMs + ms;
    for (;;) {
      const dueMs = Math.max(this.#elapsedMs, this.#core.expectedAtMs);
      if (dueMs > endMs) break;
      this.#elapsedMs = dueMs;
      this.#give({ type: "tick" });
    }
    this.#elapsedMs = endMs;
  }

  #give(input: Input): void {
    for (const effect of step(this.#core, input, this.#now)) {
      if (effect.type !== "sign") continue;
      const signature = new Uint8Array(1);
      this.#give({ type: "signed", token: effect.token, signature, secretSignature: signature });
    }
  }
}

/** Mostly the same one: much can happen to one, the others take up room. */
const who = fc.oneof(
  { weight: 3, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.nat(PEOPLE.length - 1) },
);
const time = fc.record({
  inc: fc.integer({ min: 1, max: 3 }),
  seq: fc.oneof(fc.constant(0), fc.nat(4)),
});
const ms = fc.oneof(
  fc.nat(3_000),
  fc.constantFrom(22_500, 24_999, 25_000, 25_001, 27_500, 28_000, 30_000),
  fc.nat(30_000),
  fc.constantFrom(250_000, 470_000, 500_000, 530_000),
);
/** Those of sequence 0 are news for certain: later than everything before. */
function inOrder(happenings: readonly Happening[]): readonly Happening[] {
  return happenings.map((one, i) =>
    one.type === "heard" && one.time.seq === 0 ? { ...one, time: { inc: 3, seq: 10 + i } } : one,
  );
}

const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant("heard"),
      how: fc.constantFrom("gossip", "request", "listed-alive", "listed-dead"),
      by: fc.constantFrom("itself", "another", "another"),
      who,
      time,
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("unreachable"), who }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("connected"), who }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant("pass"), ms }) },
);

/** Rare by chance: the forgotten whom others still list are remembered longer. */
const remembered: readonly Happening[] = [
  { type: "heard", how: "gossip", by: "another", who: 0, time: { inc: 2, seq: 2 } },
  { type: "pass", ms: 530_000 },
  { type: "pass", ms: 400_000 },
  { type: "heard", how: "listed-dead", by: "another", who: 0, time: { inc: 2, seq: 2 } },
  { type: "pass", ms: 400_000 },
  { type: "heard", how: "gossip", by: "another", who: 0, time: { inc: 2, seq: 1 } },
];

/** Rare by chance too: forgotten, back with an older message, then with the first one again. */
const backAgain: readonly Happening[] = [
  { type: "heard", how: "gossip", by: "another", who: 0, time: { inc: 3, seq: 1 } },
  { type: "pass", ms: 530_000 },
  { type: "pass", ms: 530_000 },
  { type: "heard", how: "gossip", by: "another", who: 0, time: { inc: 1, seq: 1 } },
  { type: "heard", how: "gossip", by: "another", who: 0, time: { inc: 3, seq: 1 } },
];

/** Rare by chance: its newest message is told as that of a dead one, before it comes as gossip. */
const accusedFirst: readonly Happening[] = [
  { type: "heard", how: "gossip", by: "another", who: 0, time: { inc: 1, seq: 1 } },
  { type: "pass", ms: 22_500 },
  { type: "heard", how: "listed-dead", by: "another", who: 0, time: { inc: 1, seq: 2 } },
  { type: "heard", how: "gossip", by: "another", who: 0, time: { inc: 1, seq: 2 } },
  { type: "pass", ms: 22_500 },
];

describe("membership is what a list of everything heard says", () => {
  test("newer wins; silent is dead, dead is forgotten, forgotten is not revived by old news", () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 30, size: "max" }), (happenings) => {
        const [core, naive] = [new DrivenCore(), new NaiveMembership()];
        for (const one of inOrder(happenings)) {
          core.happen(one);
          naive.happen(one);
          if (core.view !== naive.view) assert.equal(core.view, naive.view);
        }
      }),
      { numRuns: 1_000, examples: [[[...remembered]], [[...backAgain]], [[...accusedFirst]]] },
    );
  });
});
