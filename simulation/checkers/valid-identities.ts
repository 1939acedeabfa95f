/** Every member has a valid identity, and its data comes from its owner. */
import type { Identity, Member as MemberView } from "../../src/observe/views.ts";
import type { Issued } from "../authority.ts";
import { EPOCH_MS } from "../epoch.ts";
import type { Life, SimulatedMember } from "../member.ts";
import type { Watcher } from "../watcher.ts";
import type { World } from "../world.ts";
import { type Checker, type Report, type Snapshot, who } from "./checker.ts";

/** Deadline for removing an expired or revoked identity, even on a busy node. */
const GRACE_MS = 4_000;

export class IdentityChecker implements Checker {
  readonly watcher: Watcher;
  readonly #world: World;
  readonly #report: Report;
  /** Since when a node has shown an invalid member; Infinity once reported. */
  readonly #invalidSince = new Map<string, number>();

  constructor(world: World, report: Report) {
    this.#world = world;
    this.#report = report;
    this.watcher = {
      event: (life, event, atMs) => {
        const isNews =
          event.type === "member-joined" ||
          event.type === "member-returned" ||
          event.type === "member-updated";
        if (isNews) this.#checkNews(life, event.member, atMs);
      },
    };
  }

  snapshot(life: Life, { members, identities }: Snapshot, nowMs: number): void {
    for (const identity of identities) this.#checkShown(life, identity, nowMs);
    for (const member of members) {
      if (member.status === "alive") this.#checkShown(life, member, nowMs);
    }
  }

  #checkShown(life: Life, shown: Identity | MemberView, nowMs: number): void {
    const issued = this.#world.authority.find(shown.pkiId);
    const isRight = issued === undefined || shown.self || isValid(life, issued, nowMs);
    if (isRight && this.#invalidSince.size === 0) return;
    const key = `${life.number} ${shown.pkiId}`;
    if (isRight) {
      this.#invalidSince.delete(key);
      return;
    }
    const sinceMs = this.#invalidSince.get(key) ?? nowMs;
    this.#invalidSince.set(key, sinceMs);
    if (nowMs - sinceMs < GRACE_MS) return;
    const subject = who(this.#world.members[issued.owner], shown.pkiId);
    const what = `still holds the identity of ${subject}, which is not valid`;
    this.#report(nowMs, `${life.member.name} ${what}`);
    this.#invalidSince.set(key, Number.POSITIVE_INFINITY);
  }

  #checkNews(life: Life, view: MemberView, atMs: number): void {
    const { name } = life.member;
    const issued = this.#world.authority.find(view.pkiId);
    if (issued === undefined) {
      this.#report(atMs, `${name} takes in a member whose certificate nobody issued`);
      return;
    }
    const owner = this.#world.members[issued.owner];
    const subject = who(owner, view.pkiId);
    if (!isValid(life, issued, atMs)) {
      this.#report(atMs, `${name} takes in ${subject}, whose identity is not valid`);
    }
    if (view.mspId !== issued.identity.mspId) {
      this.#report(atMs, `${name} takes ${subject} for a member of ${view.mspId}`);
    }
    if (owner === undefined || owner.isHostile) return; // A hostile member controls its own data.
    const mayKnow = owner.mspId === life.member.mspId ? owner.internalEndpoint : null;
    const isRight =
      (view.endpoint === owner.externalEndpoint || mayHide(owner, view.endpoint)) &&
      (view.internalEndpoint === null || view.internalEndpoint === mayKnow);
    if (isRight) return;
    const where = `"${view.endpoint}" and "${view.internalEndpoint}"`;
    this.#report(atMs, `${name} believes ${subject} to be at ${where}`);
  }
}

/** Judges as the node itself must: by its own clock and revocation list. */
function isValid({ member }: Life, { identity }: Issued, atMs: number): boolean {
  const revokedMs = member.revoked.get(identity.pkiId) ?? Number.POSITIVE_INFINITY;
  // A message may have arrived just before the node read the list.
  return revokedMs >= atMs && identity.notAfterMs > EPOCH_MS + atMs + member.skewMs;
}

/** Until it knows its channels, a member stays within its organisation. */
function mayHide({ channels }: SimulatedMember, endpoint: string): boolean {
  return endpoint === "" && channels.some(({ hasConfigBlock }) => !hasConfigBlock);
}
