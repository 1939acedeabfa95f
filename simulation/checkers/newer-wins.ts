/** Newer wins: a node's data about a member only moves forward, and keeps up with its input. */
import type { Member as MemberView } from "../../src/observe/views.ts";
import type { Life, SimulatedMember } from "../member.ts";
import type { Watcher } from "../watcher.ts";
import type { World } from "../world.ts";
import { type Checker, type Report, type Snapshot, who } from "./checker.ts";
import { readAliveTime } from "./wire-reader.ts";

/** The newest that a life has shown. */
interface Shown {
  readonly incarnation: bigint;
  readonly sequence: bigint;
  readonly time: bigint;
}

interface Told {
  readonly time: bigint;
  readonly atMs: number;
}

/** Maximum time to check and apply a message. */
const DIGESTION_MS = 2_000;

export class NewerWinsChecker implements Checker {
  readonly watcher: Watcher;
  readonly #world: World;
  readonly #report: Report;
  /** By life, then by PKI-ID. In one map, a million keys would be text of their own. */
  readonly #shown = new Map<number, Map<string, Shown>>();
  /** Likewise: the newest alive message that was handed to it. */
  readonly #told = new Map<number, Map<string, Told>>();

  /** `reads`: whether the checker reads every message, or only events and views. */
  constructor(world: World, report: Report, reads: boolean) {
    this.#world = world;
    this.#report = report;
    this.watcher = {
      ...(reads ? { delivered: (...message) => this.#deliver(...message) } : {}),
      event: (life, event, atMs) => {
        if ("member" in event)
          this.#checkForward(life, event.member, rowOf(this.#shown, life), atMs);
        if (event.type === "member-forgotten") this.#forgetHostile(life, event.member);
      },
    };
  }

  snapshot(life: Life, { members }: Snapshot, nowMs: number): void {
    const shown = rowOf(this.#shown, life);
    const told = this.#told.get(life.number);
    for (const view of members) {
      if (view.self) continue;
      const time = this.#checkForward(life, view, shown, nowMs);
      if (told !== undefined && this.#isBehind(view, told, time, nowMs)) {
        const subject = who(this.#authorOf(view), view.pkiId);
        this.#report(nowMs, `${life.member.name} was told news of ${subject}, and keeps the old`);
        told.delete(view.pkiId);
      }
    }
  }

  /** Messages from hostile members may be forged, so they set no expectation. */
  #deliver(...[from, to, bytes, nowMs]: Parameters<NonNullable<Watcher["delivered"]>>): void {
    if (!from.isHostile) this.#hear(to, bytes, nowMs);
  }

  #hear(to: SimulatedMember, bytes: Uint8Array, atMs: number): void {
    const alive = readAliveTime(bytes);
    if (alive === undefined || to.life === undefined) return;
    const told = rowOf(this.#told, to.life);
    const before = told.get(alive.pkiId);
    if (before !== undefined && alive.time <= before.time) return;
    told.set(alive.pkiId, { time: alive.time, atMs });
  }

  /** Returns the time that it shows. */
  #checkForward(life: Life, view: MemberView, shown: Map<string, Shown>, atMs: number): bigint {
    const { incarnation, pkiId, sequence } = view;
    const before = shown.get(pkiId);
    const isSame = before?.sequence === sequence && before.incarnation === incarnation;
    if (isSame) return before.time; // Mostly.
    const time = timeOf(view);
    if (before !== undefined && time < before.time) {
      const subject = who(this.#authorOf(view), pkiId);
      this.#report(atMs, `${life.member.name} goes back to an older message of ${subject}`);
    } else shown.set(pkiId, { incarnation, sequence, time });
    return time;
  }

  /** Messages of a hostile author may arrive out of order. */
  #forgetHostile(life: Life, view: MemberView): void {
    if (this.#authorOf(view)?.isHostile) this.#shown.get(life.number)?.delete(view.pkiId);
  }

  /** Whether it keeps what is older than it was told; a hostile author may contradict itself. */
  #isBehind(view: MemberView, told: Map<string, Told>, time: bigint, nowMs: number): boolean {
    const newest = told.get(view.pkiId);
    if (newest === undefined || nowMs - newest.atMs <= DIGESTION_MS) return false;
    return time < newest.time && this.#authorOf(view)?.isHostile === false;
  }

  #authorOf({ pkiId }: MemberView): SimulatedMember | undefined {
    const issued = this.#world.authority.find(pkiId);
    return issued && this.#world.members[issued.owner];
  }
}

/** Of one life, by PKI-ID. */
function rowOf<T>(rows: Map<number, Map<string, T>>, { number }: Life): Map<string, T> {
  const row = rows.get(number) ?? new Map<string, T>();
  if (row.size === 0) rows.set(number, row);
  return row;
}

/** Incarnation and sequence combined into one monotonic number. */
function timeOf({ incarnation, sequence }: MemberView): bigint {
  return (incarnation << 64n) | sequence;
}
