/** Newer wins: a node's data about a member only moves forward, and keeps up with its input. */
import type { Member as MemberView } from "../../src/observe/views.ts";
import type { Life, SimulatedMember } from "../member.ts";
import type { Watcher } from "../watcher.ts";
import type { World } from "../world.ts";
import { type Checker, type Report, type Snapshot, who } from "./checker.ts";
import { readAliveTime } from "./wire-reader.ts";

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
  /** By life, then by PKI-ID: the newest time it has shown. In one map, a million keys would be text of their own. */
  readonly #shown = new Map<number, Map<string, bigint>>();
  /** Likewise: the newest alive message that was handed to it. */
  readonly #told = new Map<number, Map<string, Told>>();

  /** `reads`: whether the checker reads every message, or only events and views. */
  constructor(world: World, report: Report, reads: boolean) {
    this.#world = world;
    this.#report = report;
    this.watcher = {
      ...(reads ? { delivered: (...message) => this.#deliver(...message) } : {}),
      event: (life, event, atMs) => {
        if ("member" in event) this.#checkForward(life, event.member, atMs);
        if (event.type === "member-forgotten") this.#forgetHostile(life, event.member);
      },
    };
  }

  snapshot(life: Life, { members }: Snapshot, nowMs: number): void {
    for (const view of members) {
      if (view.self) continue;
      this.#checkForward(life, view, nowMs);
      this.#checkUpToDate(life, view, nowMs);
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

  #checkForward(life: Life, view: MemberView, atMs: number): void {
    const shown = rowOf(this.#shown, life);
    const time = timeOf(view);
    const before = shown.get(view.pkiId) ?? 0n;
    if (time < before) {
      const subject = who(this.#authorOf(view), view.pkiId);
      this.#report(atMs, `${life.member.name} goes back to an older message of ${subject}`);
    }
    if (time > before) shown.set(view.pkiId, time);
  }

  /** Messages of a hostile author may arrive out of order. */
  #forgetHostile(life: Life, view: MemberView): void {
    if (this.#authorOf(view)?.isHostile) this.#shown.get(life.number)?.delete(view.pkiId);
  }

  /** A hostile author may contradict itself. */
  #checkUpToDate(life: Life, view: MemberView, nowMs: number): void {
    const told = this.#told.get(life.number);
    const newest = told?.get(view.pkiId);
    if (newest === undefined || nowMs - newest.atMs <= DIGESTION_MS) return;
    const author = this.#authorOf(view);
    if (author?.isHostile !== false || timeOf(view) >= newest.time) return;
    const subject = who(author, view.pkiId);
    this.#report(nowMs, `${life.member.name} was told news of ${subject}, and keeps the old`);
    told?.delete(view.pkiId);
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
