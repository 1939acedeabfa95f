/**
 * Messages among members: a process hears no event twice and none that its author has not said, answers are
 * those of whoever gives them, and what lasts long enough reaches every member that may have it.
 */
import type { PkiId } from "../../src/core/types/host.ts";
import { type Life, maySee, type SimulatedMember } from "../member.ts";
import type { World } from "../world.ts";
import { type Report, who } from "./checker.ts";

interface Said {
  readonly life: Life;
  readonly pkiId: PkiId;
  readonly organisations: readonly string[] | undefined;
  readonly atMs: number;
  /** Said by a clock so wrong that everybody refuses it. */
  readonly isRefused: boolean;
}

/** Tolerated clock difference (docs/messages.md). */
const SKEW_MS = 300_000;
/** What is older may be forgotten; what is younger may be on its way. */
const KEPT_MS = 280_000;
const ARRIVES_MS = 20_000;

export class MessageChecker {
  readonly #world: World;
  readonly #report: Report;
  readonly #said = new Map<string, Said>();
  /** Events by the number of the life that heard them. */
  readonly #heard = new Map<number, Set<string>>();

  constructor(world: World, report: Report) {
    this.#world = world;
    this.#report = report;
  }

  said(life: Life, text: string, organisations: readonly string[] | undefined, atMs: number): void {
    const { issued, skewMs } = life.member;
    const isRefused = Math.abs(skewMs) > SKEW_MS;
    this.#said.set(text, { life, pkiId: issued.identity.pkiId, organisations, atMs, isRefused });
  }

  /** The process could not say it. */
  failed({ member }: Life, text: string, error: unknown): void {
    this.#said.delete(text);
    if (member.life !== undefined) this.#tell(`${member.name} cannot speak: ${String(error)}`);
  }

  heard(life: Life, from: string, text: string, atMs: number): void {
    const author = this.#ownerOf(from);
    if (author?.isHostile) return;
    const { name, mspId } = life.member;
    const said = this.#said.get(text);
    if (said === undefined || said.life.member !== author) {
      this.#report(atMs, `${name} hears ${text} of ${who(author, from)}, who has not said it`);
      return;
    }
    const heard = this.#heard.get(life.number) ?? new Set();
    if (heard.has(text)) this.#report(atMs, `${name} hears ${text} of ${author.name} twice`);
    this.#heard.set(life.number, heard.add(text));
    const isFor = said.organisations?.includes(mspId) ?? true;
    if (!isFor || !(maySee(life.member, author) || this.#isBetrayed(author))) {
      this.#report(atMs, `${name} hears ${text} of ${author.name}, which is not for it`);
    }
  }

  /** The name of whoever answered; undefined: somebody hostile. */
  answered(asker: Life, from: string, query: string, answer: string): string | undefined {
    const author = this.#ownerOf(from);
    if (author?.isHostile) return undefined;
    if (author === undefined || answer !== `${query} ${author.name}`) {
      const whose = who(author, from);
      this.#tell(`${asker.member.name} gets the answer "${answer}" of ${whose} to ${query}`);
    }
    return author?.name;
  }

  /** A query has ended, with answers of these. */
  asked(
    { member }: Life,
    expected: readonly { readonly name: string }[],
    names: ReadonlySet<string>,
  ): void {
    for (const { name } of expected) {
      const other = this.#world.members.find((one) => one.name === name);
      if (other === undefined || !maySee(member, other) || names.has(name)) continue;
      this.#tell(`${name} has not answered ${member.name}, although all faults are over`);
    }
  }

  /** All that was said by members that are still there has reached these. */
  finish(observers: readonly SimulatedMember[]): void {
    const { nowMs } = this.#world;
    for (const [text, said] of this.#said) {
      const { life, pkiId, organisations, atMs, isRefused } = said;
      const author = life.member;
      const isThere = author.life === life && author.issued.identity.pkiId === pkiId;
      if (isRefused || !isThere || atMs < nowMs - KEPT_MS || atMs > nowMs - ARRIVES_MS) continue;
      for (const observer of observers) {
        const isFor = organisations?.includes(observer.mspId) ?? true;
        if (!isFor || !maySee(observer, author) || observer.life === undefined) continue;
        if (this.#heard.get(observer.life.number)?.has(text)) continue;
        this.#tell(`${observer.name} never heard ${text} of ${author.name}`);
      }
    }
  }

  /**
   * Hostile members that hear it may pass its messages on to anybody. One that is invisible outside its
   * organisation may claim an endpoint there, and hears the others then.
   */
  #isBetrayed(author: SimulatedMember): boolean {
    const isVisible = author.externalEndpoint !== "";
    return this.#world.members.some(
      (member) => member.isHostile && (isVisible || maySee(member, author)),
    );
  }

  #ownerOf(pkiId: string): SimulatedMember | undefined {
    const issued = this.#world.authority.find(pkiId);
    return issued && this.#world.members[issued.owner];
  }

  #tell(sentence: string): void {
    this.#report(this.#world.nowMs, sentence);
  }
}
