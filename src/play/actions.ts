/** The visitor's actions on the network, as data and as the text of a link. */
import { accept, reject, type Verdict } from "../wire/verdict.ts";

/** Faults and changes. Members are numbers, counted from 0 in the order in which they were added. */
export type Change =
  | {
      readonly type: "crash" | "start" | "stall" | "resume" | "revoke" | "renew";
      readonly member: number;
    }
  /** Its wall clock runs this many seconds ahead; 0 corrects it. */
  | { readonly type: "clock"; readonly member: number; readonly seconds: number }
  /** It gets a certificate that expires after this many seconds. */
  | { readonly type: "expire"; readonly member: number; readonly seconds: number }
  /** A new member starts in this organisation, counted from 0. */
  | { readonly type: "join"; readonly organisation: number }
  /** Packets between these members and all others are lost; an empty list ends the partition. */
  | { readonly type: "cut"; readonly members: readonly number[] }
  /** Packet loss in per cent. */
  | { readonly type: "loss"; readonly percent: number }
  /** One-way delay of a message in milliseconds. */
  | { readonly type: "delay"; readonly ms: number };

/** An action with its time in whole virtual milliseconds since the start. */
export type Action = Change & { readonly atMs: number };

type ChangeType = Change["type"];

const MEMBERS_MAX = 999;
/** Range of the number that follows the word in the text. */
const NUMBERS: Readonly<Record<ChangeType, readonly (readonly [number, number])[]>> = {
  crash: [[0, MEMBERS_MAX]],
  start: [[0, MEMBERS_MAX]],
  stall: [[0, MEMBERS_MAX]],
  resume: [[0, MEMBERS_MAX]],
  revoke: [[0, MEMBERS_MAX]],
  renew: [[0, MEMBERS_MAX]],
  clock: [
    [0, MEMBERS_MAX],
    [-86_400, 86_400],
  ],
  expire: [
    [0, MEMBERS_MAX],
    [1, 86_400],
  ],
  join: [[0, 9]],
  cut: [],
  loss: [[0, 90]],
  delay: [[1, 1_000]],
};
/** A run ends after a day. */
export const TIME_MS_MAX = 86_400_000;
/** Maximum actions per link; that is 20 kB of text. */
export const ACTIONS_MAX = 1_000;

/** `12000.crash.3`: time, word, numbers. */
export function formatAction(action: Action): string {
  return [action.atMs, action.type, ...numbersOf(action)].join(".");
}

function numbersOf(change: Change): readonly number[] {
  switch (change.type) {
    case "clock":
    case "expire":
      return [change.member, change.seconds];
    case "join":
      return [change.organisation];
    case "cut":
      return change.members;
    case "loss":
      return [change.percent];
    case "delay":
      return [change.ms];
    default:
      return [change.member];
  }
}

/** The actions of a link, in order of time. */
export function parseActions(text: string): Verdict<readonly Action[], string> {
  const parts = text === "" ? [] : text.split(",");
  if (parts.length > ACTIONS_MAX) return reject(`at most ${ACTIONS_MAX} actions`);
  const actions: Action[] = [];
  for (const part of parts) {
    const action = parseAction(part);
    if (action === undefined) return reject(`"${part.slice(0, 40)}" is no action`);
    actions.push(action);
  }
  return accept(actions.toSorted((a, b) => a.atMs - b.atMs));
}

function parseAction(text: string): Action | undefined {
  const [time = "", type = "", ...rest] = text.split(".");
  const [atMs, ...numbers] = [time, ...rest].map((part) =>
    /^-?\d{1,8}$/.test(part) ? Number(part) : Number.NaN,
  );
  if (!isChangeType(type) || !isWithin(atMs, [0, TIME_MS_MAX])) return undefined;
  const ranges = type === "cut" ? numbers.map(() => [0, MEMBERS_MAX] as const) : NUMBERS[type];
  if (ranges.length !== numbers.length || numbers.length > MEMBERS_MAX) return undefined;
  if (!ranges.every((range, place) => isWithin(numbers[place], range))) return undefined;
  return { atMs, ...changeOf(type, numbers) };
}

function isChangeType(text: string): text is ChangeType {
  return Object.hasOwn(NUMBERS, text);
}

function isWithin(
  value: number | undefined,
  [least, most]: readonly [number, number],
): value is number {
  return value !== undefined && value >= least && value <= most;
}

function changeOf(type: ChangeType, numbers: readonly number[]): Change {
  const [first = 0, second = 0] = numbers;
  switch (type) {
    case "clock":
    case "expire":
      return { type, member: first, seconds: second };
    case "join":
      return { type, organisation: first };
    case "cut":
      return { type, members: numbers };
    case "loss":
      return { type, percent: first };
    case "delay":
      return { type, ms: first };
    default:
      return { type, member: first };
  }
}
