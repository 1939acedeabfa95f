/**
 * Whoever has put a configuration in force that revokes a certificate shows nothing of its owner, keeps no
 * connection to it, and gives it nothing of the channel.
 */
import type { PkiId } from "../../src/core/types/host.ts";
import type { Life } from "../member.ts";
import type { World } from "../world.ts";
import type { Checker, Report, Snapshot } from "./checker.ts";

/** StateInfo is judged again in steps, and closing a connection takes a moment. */
const GRACE_MS = 2_000;

export class RevokedOnChannelsChecker implements Checker {
  readonly #world: World;
  readonly #report: Report;
  /** Since when a life has had something of a revoked member; Infinity once reported. */
  readonly #since = new Map<string, number>();

  constructor(world: World, report: Report) {
    this.#world = world;
    this.#report = report;
  }

  snapshot(life: Life, snapshot: Snapshot, nowMs: number) {
    if (this.#world.channels.revoked.size === 0) return;
    const { channels, members, identities, connections } = snapshot;
    for (const [pkiId, { channel, sequence }] of this.#world.channels.revoked) {
      const view = channels.find(({ name }) => name === channel);
      if (view === undefined || (view.configSequence ?? -1n) < sequence) continue;
      if (life.member.issued.identity.pkiId === pkiId) continue;
      const isOf = (one: { readonly pkiId: string | null }): boolean => one.pkiId === pkiId;
      this.#check(life, pkiId, "a connection to", connections.some(isOf), nowMs);
      this.#check(life, pkiId, "the identity of", identities.some(isOf), nowMs);
      this.#check(life, pkiId, "the membership of", members.some(isOf), nowMs);
      for (const { name, members: rows, configSequence } of channels) {
        if (configSequence === null) continue;
        this.#check(life, pkiId, `the height on ${name} of`, rows.some(isOf), nowMs);
      }
    }
  }

  #check(life: Life, pkiId: PkiId, what: string, isThere: boolean, nowMs: number): void {
    const key = `${life.number} ${pkiId} ${what}`;
    if (!isThere) {
      this.#since.delete(key);
      return;
    }
    const sinceMs = this.#since.get(key) ?? nowMs;
    this.#since.set(key, sinceMs);
    if (nowMs - sinceMs < GRACE_MS) return;
    this.#since.set(key, Number.POSITIVE_INFINITY);
    const owner = this.#world.members[this.#world.authority.find(pkiId)?.owner ?? -1]?.name;
    const whose = `${owner ?? pkiId}, whom a configuration in force there has revoked`;
    this.#report(nowMs, `${life.member.name} keeps ${what} ${whose}`);
  }
}
