/**
 * For tests: the pull engine over a network that loses, repeats, delays and reorders. Each message
 * is judged by looking through everything that was said before, as spec C 3.4 to 3.7 tells it;
 * unlike there, a nonce belongs to one peer, a round ends early when all have answered, and only
 * what was asked for is taken.
 */

import assert from "node:assert/strict";
import { EMPTY_BYTES, equalBytes } from "../wire/bytes.ts";
import { parseEnvelope, parseMessage } from "../wire/envelope.ts";
import { type Content, PULL_TYPE } from "../wire/messages.ts";
import { parseIdentityItem, pkiIdBytes } from "../wire/received.ts";
import { nextPullMs } from "./core.ts";
import {
  answerHello,
  answerRequest,
  attendRound,
  beginRound,
  handleDigest,
  type PullCore,
  takeUpdate,
} from "./handlers/identity-pull.ts";
import { createLateness } from "./tables/lateness.ts";
import { createPull, offer, type Pull } from "./tables/pull.ts";
import { seededRandom, testIdentity } from "./testing-identities.ts";
import { identityItemOf } from "./testing-messages.ts";
import type { Effect } from "./types/effect.ts";
import type { PkiId } from "./types/host.ts";
import { DEFAULT_CORE_LIMITS, DEFAULT_TIMING } from "./types/options.ts";

export type Id = "a" | "b" | "c" | "d" | "e";
export const IDS: readonly Id[] = ["a", "b", "c", "d", "e"];
export const LIMITS = { ...DEFAULT_CORE_LIMITS, pullItemsMax: 3, hellosPerPeerMax: 2 };
export const PKI_IDS = ["x", "y", "z"].map((name) => testIdentity("A", name).pkiId);
const SUBJECTS = new Map(IDS.map((id) => [id, testIdentity("A", id)]));
const pkiIdOf = (id: Id): PkiId => SUBJECTS.get(id)?.pkiId ?? assert.fail();
const ITEMS = new Map([...SUBJECTS].map(([id, subject]) => [id, identityItemOf(subject)]));
const BYTES = new Map(IDS.map((id) => [id, pkiIdBytes(pkiIdOf(id))]));
const BY_PKI_ID = new Map(IDS.map((id) => [pkiIdOf(id), id]));
const itemOf = (id: Id): Uint8Array => ITEMS.get(id) ?? assert.fail();
const bytesOf = (id: Id): Uint8Array => BYTES.get(id) ?? assert.fail();
const idOf = (pkiId: PkiId): Id => BY_PKI_ID.get(pkiId) ?? assert.fail();
const idIn = (bytes: Uint8Array): Id | undefined =>
  IDS.find((id) => equalBytes(bytes, bytesOf(id)));
const msgType = PULL_TYPE.identity;

/** Something said, as the one who hears it sees it. */
interface Said {
  readonly kind: "hello" | "digest" | "request" | "update";
  readonly from: number;
  readonly to: number;
  readonly nonce: bigint;
  readonly ids: readonly Id[];
  readonly atMs: number;
}

/** Something that is said by nobody. */
export type Forged = Omit<Said, "atMs" | "nonce"> & { readonly isApt: boolean };

/** What the network does with one message: milliseconds until each copy arrives. */
export type Fate = readonly number[];

/** Who may have what of whom. */
export type Rights = (owner: number, asker: number, id: Id) => boolean;

export class PullWorld {
  nowMs = 0;
  readonly engines: readonly Pull[];
  readonly #rights: Rights;
  readonly #fates: Fate[];
  readonly #random = seededRandom(3);
  #underway: Said[] = [];
  /** Everything that was sent, and everything that arrived. */
  readonly #sent: Said[] = [];
  readonly #heard: Said[] = [];

  constructor(held: readonly (readonly Id[])[], rights: Rights, fates: readonly Fate[]) {
    this.engines = PKI_IDS.map((_, i) => {
      const engine = createPull();
      for (const id of held[i] ?? []) offer(engine, pkiIdOf(id), itemOf(id));
      return engine;
    });
    this.#rights = rights;
    this.#fates = [...fates];
  }

  held(who: number): readonly Id[] {
    return [...(this.engines[who]?.offered.keys() ?? [])].map(idOf).sort();
  }

  begin(who: number): void {
    const peers = PKI_IDS.flatMap((pkiId, i) => (i === who ? [] : [{ pkiId, endpoint: "" }]));
    this.#send(who, beginRound(this.#coreOf(who), peers));
  }

  /** Somebody hears what nobody has sent; with the nonce of a real hello, if `isApt`. */
  forge({ isApt, ...said }: Forged): void {
    const { kind, from, to } = said;
    const [asker, asked] = kind === "request" ? [from, to] : [to, from];
    const hello = this.#sent.findLast(
      (one) => one.kind === "hello" && one.from === asker && one.to === asked,
    );
    const nonce = isApt && hello !== undefined ? hello.nonce : 0n;
    // Whoever offers an item, and then brings it, has it: that would be no forgery.
    const ids =
      kind === "digest"
        ? said.ids.filter((id) => this.held(from).includes(id) && this.#rights(from, to, id))
        : said.ids;
    this.#hear({ ...said, ids, nonce, atMs: this.nowMs });
  }

  /** From now on nothing is lost or late. */
  heal(): void {
    this.#fates.length = 0;
  }

  pass(ms: number): void {
    const endMs = this.nowMs + ms;
    for (;;) {
      const next = this.#underway.toSorted((a, b) => a.atMs - b.atMs)[0];
      const due = this.engines.map((engine) => nextPullMs(engine));
      const soonestMs = Math.min(...due, next?.atMs ?? endMs, endMs);
      this.nowMs = Math.max(this.nowMs, soonestMs);
      const attended = due.findIndex((atMs) => atMs <= this.nowMs);
      if (attended >= 0) this.#attend(attended);
      else if (next !== undefined && next.atMs <= this.nowMs) {
        this.#underway = this.#underway.filter((said) => said !== next);
        this.#hear(next);
      } else return;
    }
  }

  #attend(who: number): void {
    const engine = this.#engine(who);
    const wasCollecting = engine.round?.phase === "digests";
    const effects = attendRound(this.#coreOf(who));
    const said = this.#send(who, effects);
    if (wasCollecting) this.#judgeRequests(who, said);
    else assert.deepEqual(said, []);
  }

  /** Gives a message to the one it is for and judges the reaction. */
  #hear(said: Said): void {
    const engine = this.#engine(said.to);
    const before = new Set(this.held(said.to));
    const wasCollecting = engine.round?.phase === "digests";
    this.#heard.push(said);
    const reaction = this.#send(said.to, this.#react(engine, said));
    const after = this.held(said.to).filter((id) => !before.has(id));
    if (said.kind === "hello") assert.deepEqual(idsIn(reaction), this.#listed(said));
    if (said.kind === "request") assert.deepEqual(idsIn(reaction), this.#served(said));
    if (said.kind === "digest" && wasCollecting && engine.round?.phase !== "digests") {
      this.#judgeRequests(said.to, reaction);
    }
    assert.deepEqual(after, said.kind === "update" ? this.#taken(said, before) : []);
  }

  #react(engine: Pull, { kind, from, to, nonce, ids }: Said): readonly Effect[] {
    const pkiId = PKI_IDS[from] ?? assert.fail();
    const mayHave = (id: PkiId): boolean => this.#rights(to, from, idOf(id));
    const core = this.#coreOf(to);
    const peer = { pkiId, endpoint: "" };
    const digests = ids.map(bytesOf);
    switch (kind) {
      case "hello": {
        const hello = { nonce, metadata: EMPTY_BYTES, msgType };
        return answerHello(core, hello, peer, mayHave);
      }
      case "request": {
        const request = { nonce, digests, msgType };
        return answerRequest(core, request, peer, mayHave);
      }
      case "digest":
        return handleDigest(core, { nonce, digests, msgType }, pkiId);
      case "update": {
        const data = ids.map(itemOf);
        const { items, effects } = takeUpdate(engine, { nonce, data, msgType }, pkiId);
        for (const item of items) offer(engine, item.pkiId, item.envelope.bytes);
        return effects;
      }
    }
  }

  /** 3.5.1: all that the asker may have, unless it has said hello too often. */
  #listed(hello: Said): readonly Id[] {
    if (!this.#isCounted(hello)) return [];
    return this.held(hello.to).filter((id) => this.#rights(hello.to, hello.from, id));
  }

  /** Whether a hello was one of the few that are remembered at a time. */
  #isCounted(hello: Said): boolean {
    const earlier = this.#heard
      .slice(0, this.#heard.lastIndexOf(hello))
      .filter((one) => one.kind === "hello" && one.from === hello.from && one.to === hello.to)
      .filter(
        (one) => one.atMs > hello.atMs - DEFAULT_TIMING.requestWaitMs && this.#isCounted(one),
      );
    return earlier.length < LIMITS.hellosPerPeerMax;
  }

  /** 3.5.2: what is asked for within 1.5 s of a hello of the same peer and nonce. */
  #served(request: Said): readonly Id[] {
    const { from, to, nonce, atMs } = request;
    const isEntitled = this.#heard.some(
      (one) =>
        one.kind === "hello" &&
        one.from === from &&
        one.to === to &&
        one.nonce === nonce &&
        one.atMs > atMs - DEFAULT_TIMING.requestWaitMs &&
        this.#isCounted(one),
    );
    if (!isEntitled) return [];
    const asked = request.ids.slice(0, LIMITS.pullItemsMax);
    return this.held(to).filter((id) => asked.includes(id) && this.#rights(to, from, id));
  }

  /** The hellos of somebody's latest round; a round is over 3 s after it began. */
  #helloesOf(who: number): readonly Said[] {
    const hellos = this.#sent.filter(({ kind, from }) => kind === "hello" && from === who);
    const beganMs = hellos.at(-1)?.atMs;
    return hellos.filter(({ atMs }) => atMs === beganMs);
  }

  /** 3.4.3 and 3.4.4: every item that was listed in time and is missing, of one who listed it. */
  #judgeRequests(who: number, requests: readonly Said[]): void {
    const lists = this.#helloesOf(who).flatMap(({ to, nonce, atMs }) => {
      const digest = this.#heard.find(
        (one) =>
          one.kind === "digest" &&
          one.from === to &&
          one.to === who &&
          one.nonce === nonce &&
          one.atMs >= atMs,
      );
      return digest === undefined ? [] : [digest];
    });
    const missing = IDS.filter((id) => !this.held(who).includes(id));
    const wanted = missing.filter((id) => lists.some(({ ids }) => ids.includes(id)));
    const asked = requests.flatMap(({ ids }) => ids);
    assert.equal(asked.length, Math.min(wanted.length, LIMITS.pullItemsMax));
    assert.equal(new Set(asked).size, asked.length, "one item is asked from two");
    for (const { to, ids } of requests) {
      const list = lists.find(({ from }) => from === to);
      for (const id of ids) assert.ok(wanted.includes(id) && list?.ids.includes(id));
    }
  }

  /** 3.4.5 and 3.6: what this peer was asked for in this round, within 2 s of the request, once. */
  #taken({ from, to, nonce, ids, atMs }: Said, before: ReadonlySet<Id>): readonly Id[] {
    const isOfRound = this.#helloesOf(to).some((one) => one.to === from && one.nonce === nonce);
    const request = this.#sent.findLast(
      (one) => one.kind === "request" && one.from === to && one.to === from && one.nonce === nonce,
    );
    if (!isOfRound || request === undefined) return [];
    if (atMs >= request.atMs + DEFAULT_TIMING.responseWaitMs) return [];
    return IDS.filter((id) => ids.includes(id) && request.ids.includes(id) && !before.has(id));
  }

  /** Puts what is to be sent on the network; returns it. */
  #send(from: number, effects: readonly Effect[]): readonly Said[] {
    const said = effects.flatMap((effect) =>
      effect.type === "send"
        ? effect.messages.map(({ bytes }) => this.#read(from, effect.to, bytes))
        : [],
    );
    for (const one of said) {
      this.#sent.push(one);
      for (const delayMs of this.#fates.shift() ?? [5]) {
        this.#underway.push({ ...one, atMs: this.nowMs + delayMs });
      }
    }
    return said;
  }

  #read(from: number, to: PkiId, bytes: Uint8Array): Said {
    const envelope = parseEnvelope(bytes);
    const message = envelope.ok ? parseMessage(envelope.value.payload) : envelope;
    assert.ok(message.ok);
    const [kind, nonce, ids] = contentOf(message.value.content);
    return { kind, from, to: PKI_IDS.indexOf(to), nonce, ids, atMs: this.nowMs };
  }

  #engine(who: number): Pull {
    const engine = this.engines[who];
    assert.ok(engine);
    return engine;
  }

  #coreOf(who: number): PullCore {
    return {
      pull: this.#engine(who),
      now: { elapsedMs: this.nowMs, wallMs: this.nowMs },
      lateness: createLateness(),
      options: { timing: DEFAULT_TIMING, limits: LIMITS, random: this.#random },
    };
  }
}

function contentOf(content: Content | undefined): [Said["kind"], bigint, readonly Id[]] {
  const idsOf = (list: readonly Uint8Array[]): Id[] => list.flatMap((bytes) => idIn(bytes) ?? []);
  switch (content?.type) {
    case "hello":
      return ["hello", content.value.nonce, []];
    case "digest":
    case "request":
      return [content.type, content.value.nonce, idsOf(content.value.digests)];
    case "update": {
      const items = content.value.data.map((bytes) => parseIdentityItem(bytes));
      const ids = items.flatMap((item) => (item.ok ? [idOf(item.value.pkiId)] : []));
      return ["update", content.value.nonce, ids];
    }
    default:
      return assert.fail("not a message of a pull");
  }
}

function idsIn(reaction: readonly Said[]): readonly Id[] {
  return reaction.flatMap(({ ids }) => ids).sort();
}
