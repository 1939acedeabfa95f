/**
 * Guided tours: steps through runs that links determine. The texts are in page/tour-texts.js, by
 * the same names.
 */
import type { Change } from "./actions.ts";
import type { Wanted } from "./wanted.ts";

/** An action, some virtual time, or the wait for a message or an event. */
export type Doing =
  | { readonly act: Change }
  | { readonly runMs: number }
  | { readonly wait: Wanted };

interface TourStep {
  /** What is done before its text is shown. */
  readonly doings: readonly Doing[];
  /** The member shown, unless a message shows its receiver. */
  readonly member: number;
  /** The step starts another run. */
  readonly link?: string;
}

export interface Tour {
  readonly name: string;
  readonly link: string;
  readonly steps: readonly TourStep[];
}

/** Six members of two organisations that have known each other for a while. */
const CALM = "members=6&organisations=2&at=20000";
/** A second later a certificate reaches the newcomer after the list, and before its pull. */
const SYNC = "members=6&organisations=2&at=21000";
const NEWCOMER = 6;

function look(member: number, ...doings: readonly Doing[]): TourStep {
  return { member, doings };
}

function awaits(wait: Wanted, member: number, ...before: readonly Doing[]): TourStep {
  return { member, doings: [...before, { wait }] };
}

export const TOURS: readonly Tour[] = [
  {
    name: "alive",
    link: CALM,
    steps: [
      look(0),
      awaits({ kind: "alive", author: 0, from: 0 }, 0),
      awaits({ kind: "alive", author: 0, isCopy: false }, 0),
      awaits({ kind: "alive", author: 0, isCopy: true }, 0),
      look(0, { runMs: 1_000 }),
    ],
  },
  {
    name: "sync",
    link: SYNC,
    steps: [
      look(NEWCOMER, { act: { type: "join", organisation: 0 } }),
      awaits({ kind: "handshake", from: NEWCOMER }, NEWCOMER),
      awaits({ kind: "membership-request", from: NEWCOMER }, NEWCOMER),
      awaits({ kind: "membership-response", to: NEWCOMER }, NEWCOMER),
      awaits({ event: "member-joined", from: NEWCOMER }, NEWCOMER),
    ],
  },
  {
    name: "pull",
    link: CALM,
    steps: [
      awaits({ kind: "membership-response", to: NEWCOMER }, NEWCOMER, {
        act: { type: "join", organisation: 0 },
      }),
      awaits({ kind: "hello", from: NEWCOMER }, NEWCOMER),
      awaits({ kind: "digest", to: NEWCOMER }, NEWCOMER),
      awaits({ kind: "request", from: NEWCOMER }, NEWCOMER),
      awaits({ kind: "update", to: NEWCOMER }, NEWCOMER),
    ],
  },
  {
    name: "purge",
    link: CALM,
    steps: [
      look(0, { act: { type: "expire", member: 3, seconds: 20 } }, { runMs: 2_000 }),
      awaits({ event: "identity-purged", from: 0, to: 3 }, 0),
      look(0, { runMs: 1_000 }),
      look(0, { act: { type: "renew", member: 3 } }, { runMs: 2_000 }),
    ],
  },
  {
    name: "death",
    link: CALM,
    steps: [
      look(0, { act: { type: "crash", member: 4 } }),
      look(0, { runMs: 60 }),
      awaits({ event: "member-dead", to: 4 }, 0),
      // Which had no link with it.
      awaits({ kind: "membership-response", to: 5 }, 5),
      look(0, { runMs: 1_500 }),
      look(0, { act: { type: "start", member: 4 } }, { runMs: 2_000 }),
    ],
  },
  {
    name: "partition",
    link: CALM,
    steps: [
      look(0, { act: { type: "cut", members: [0, 2, 4] } }),
      awaits({ event: "member-dead" }, 0),
      look(0, { runMs: 20_000 }),
      awaits({ event: "member-returned" }, 0, { act: { type: "cut", members: [] } }),
      look(0, { runMs: 10_000 }),
    ],
  },
  {
    name: "revoked",
    link: CALM,
    steps: [
      look(0, { act: { type: "revoke", member: 5 } }),
      awaits({ event: "identity-purged", to: 5 }, 0),
      awaits({ event: "handshake-failed" }, 0),
      look(0, { runMs: 3_000 }),
      look(0, { act: { type: "renew", member: 5 } }, { runMs: 3_000 }),
    ],
  },
  {
    name: "joiner",
    link: CALM,
    steps: [
      look(NEWCOMER, { act: { type: "join", organisation: 0 } }),
      look(NEWCOMER, { runMs: 1_000 }),
      {
        link: `${CALM}&rules=fabric`,
        ...look(NEWCOMER, { act: { type: "join", organisation: 0 } }, { runMs: 1_000 }),
      },
      look(NEWCOMER, { runMs: 3_000 }),
      look(NEWCOMER, { runMs: 6_000 }),
    ],
  },
];

/** A step's run with all actions up to it, so that steps can be taken in any order. */
export function scriptOf(
  { link, steps }: Tour,
  place: number,
): { readonly link: string; readonly doings: readonly Doing[] } {
  const taken = steps.slice(0, place + 1);
  const first = taken.findLastIndex((step) => step.link !== undefined);
  const doings = taken.slice(Math.max(0, first)).flatMap((step) => step.doings);
  return { link: taken[first]?.link ?? link, doings };
}
