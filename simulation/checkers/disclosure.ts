/**
 * No data of a third organisation leaks, and no internal endpoint leaves its organisation. The
 * checker compares every envelope of an honest member with its own copy of spec B 2.3 to 2.5.
 */
import { parsePkiId } from "../../src/wire/received.ts";
import type { SimulatedMember } from "../member.ts";
import type { Watcher } from "../watcher.ts";
import type { World } from "../world.ts";
import type { Checker, Report } from "./checker.ts";
import {
  type AliveOnWire,
  readAlive,
  readAliveTime,
  readContent,
  readItemId,
} from "./wire-reader.ts";

/** The organisation of the author. */
interface Author {
  readonly member: SimulatedMember;
  /** Whether its alive message has an external endpoint. */
  readonly isExternal: boolean;
}

export class DisclosureChecker implements Checker {
  readonly watcher: Watcher;
  readonly #world: World;
  readonly #report: Report;
  #count = 0;

  /** `every`: the checker reads one message in this many. */
  constructor(world: World, report: Report, every: number) {
    this.#world = world;
    this.#report = report;
    this.watcher = {
      delivered: (from, to, bytes) => {
        this.#count += 1;
        if (!from.isHostile && this.#count % every === 0) this.#check(from, to, bytes);
      },
    };
  }

  #check(from: SimulatedMember, to: SimulatedMember, bytes: Uint8Array): void {
    const news = readAliveTime(bytes); // Most are, by their first bytes.
    if (news !== undefined) {
      this.#checkNews(from, to, news);
      return;
    }
    const content = this.#world.lists.messageOf(bytes)?.content ?? readContent(bytes);
    switch (content?.type) {
      case "alive":
        this.#checkNews(from, to, readAlive(bytes));
        break;
      case "membership-request":
        this.#checkSecret(from, to, readAlive(content.value.selfInformation));
        break;
      case "membership-response":
        this.#checkList(from, to, content.value.alive, content.value.dead);
        break;
      case "digest":
        this.#checkIds(from, to, content.value.digests.map(parsePkiId));
        break;
      case "update":
        this.#checkIds(from, to, content.value.data.map(readItemId));
        break;
      default:
    }
  }

  #checkNews(from: SimulatedMember, to: SimulatedMember, alive: AliveOnWire | undefined): void {
    const author = this.#authorOf(alive);
    this.#checkSecret(from, to, alive);
    if (author === undefined || mayPush(from, to, author)) return;
    this.#tell(`${from.name} passes news of ${author.member.name} on to ${to.name}`);
  }

  /** A list of one dead member is gossip, not an answer: the gossip rules apply. */
  #checkList(
    from: SimulatedMember,
    to: SimulatedMember,
    alive: readonly Uint8Array[],
    dead: readonly Uint8Array[],
  ): void {
    const [obituary] = dead;
    if (alive.length === 0 && dead.length === 1 && obituary !== undefined) {
      this.#checkNews(from, to, readAlive(obituary));
    } else this.#checkEntries(from, to, [...alive, ...dead]);
  }

  #checkEntries(from: SimulatedMember, to: SimulatedMember, entries: readonly Uint8Array[]): void {
    for (const entry of entries) {
      const alive = readAlive(entry);
      const author = this.#authorOf(alive);
      this.#checkSecret(from, to, alive);
      if (author === undefined || mayList(from, to, author)) continue;
      this.#tell(`${from.name} lists ${author.member.name} for ${to.name}`);
    }
  }

  #checkIds(from: SimulatedMember, to: SimulatedMember, ids: Iterable<string | undefined>): void {
    for (const id of ids) {
      const owner = this.#ownerOf(id);
      if (owner === undefined || mayOffer(from, to, owner)) continue;
      this.#tell(`${from.name} offers the identity of ${owner.name} to ${to.name}`);
    }
  }

  #checkSecret(from: SimulatedMember, to: SimulatedMember, alive: AliveOnWire | undefined): void {
    const owner = this.#ownerOf(alive?.pkiId);
    // A hostile member may disclose its own secret to anyone.
    if (alive?.hasSecret !== true || owner === undefined || owner.isHostile) return;
    if (owner.mspId === from.mspId && owner.mspId === to.mspId) return;
    this.#tell(`${from.name} shows the internal endpoint of ${owner.name} to ${to.name}`);
  }

  #ownerOf(pkiId: string | undefined): SimulatedMember | undefined {
    const issued = pkiId === undefined ? undefined : this.#world.authority.find(pkiId);
    return issued && this.#world.members[issued.owner];
  }

  #authorOf(alive: AliveOnWire | undefined): Author | undefined {
    const member = this.#ownerOf(alive?.pkiId);
    // A hostile member changes its own data with each message.
    return member && alive && { member, isExternal: member.isHostile || alive.endpoint !== "" };
  }

  #tell(sentence: string): void {
    this.#report(this.#world.nowMs, sentence);
  }
}

/** A hostile member controls its own data, so nothing can contradict it. */
function isExternal({ externalEndpoint, isHostile }: SimulatedMember): boolean {
  return isHostile || externalEndpoint !== "";
}

/** Spec B 2.4: gossip about one's own organisation or another one. */
function mayPush(
  from: SimulatedMember,
  to: SimulatedMember,
  { member, isExternal: known }: Author,
): boolean {
  if (member.mspId === from.mspId) {
    return to.mspId === from.mspId || (known && isExternal(to));
  }
  return isExternal(to) && (to.mspId === from.mspId || to.mspId === member.mspId);
}

/** Spec B 2.3: an entry in a membership response. */
function mayList(
  from: SimulatedMember,
  to: SimulatedMember,
  { member, isExternal: known }: Author,
): boolean {
  if (to.mspId === from.mspId) return member.mspId === from.mspId;
  if (member.mspId === to.mspId) return true;
  return member.mspId === from.mspId && known && isExternal(to);
}

/** Spec B 2.5: an identity in a digest or an update. */
function mayOffer(from: SimulatedMember, to: SimulatedMember, owner: SimulatedMember): boolean {
  if (to.mspId === from.mspId) return true;
  return isExternal(owner) && (owner.mspId === from.mspId || owner.mspId === to.mspId);
}
