/**
 * Members that talk to each other in virtual time, without anything below: everybody knows everybody,
 * and a link takes its delay, or loses what it is given. One seed gives one run.
 */
import assert from "node:assert/strict";
import {
  seededRandom,
  type TestCrypto,
  testCrypto,
  testIdentity,
  testSignature,
} from "../core/testing-identities.ts";
import type { Identity, Now, PkiId } from "../core/types/host.ts";
import { encodeEnvelope, parseEnvelope, parseMessage } from "../wire/envelope.ts";
import { encodeMemberMessage, memberDataOf, parseMemberMessage } from "../wire/member-messages.ts";
import { pkiIdBytes } from "../wire/received.ts";
import { createMessaging, type Messaging, nextMessagingMs, stepMessaging } from "./messaging.ts";
import type { Filter } from "./rules/filter.ts";
import { pairsOf, type Tags } from "./rules/metadata.ts";
import type { Heard, HeardAnswer, HeardQuery, MessagingEffect } from "./types/effect.ts";
import type { Participant } from "./types/host.ts";
import type { MessagingInput } from "./types/input.ts";
import { DEFAULT_MESSAGING_LIMITS, type MessagingLimits } from "./types/options.ts";

export const EPOCH_MS = 1_800_000_000_000;

export interface TestTalker {
  readonly identity: Identity;
  readonly participant: Participant;
  readonly messaging: Messaging;
  readonly crypto: TestCrypto;
  readonly heard: Heard[];
  readonly queries: HeardQuery[];
  readonly answers: HeardAnswer[];
  /** Codes of what it did not use. */
  readonly drops: Map<string, number>;
  /** Whom its queries have asked, and whether they have ended. */
  readonly asked: PkiId[];
  ended: number;
  isUp: boolean;
}

interface Plan {
  readonly mspId?: string;
  readonly tags?: Tags;
  readonly isExternal?: boolean;
}

interface Delivery {
  readonly atMs: number;
  readonly run: () => void;
}

export interface TalkOptions {
  readonly seed?: number;
  readonly limits?: Partial<MessagingLimits>;
  /** Part of the messages that are lost. */
  readonly loss?: number;
  readonly delayMs?: number;
  readonly jitterMs?: number;
}

export class TalkWorld {
  readonly talkers = new Map<PkiId, TestTalker>();
  /** Messages and bytes that went over links. */
  readonly sent = { messages: 0, bytes: 0 };
  nowMs = 0;
  loss: number;
  /** Two that it separates cannot reach each other. */
  isCut: (a: TestTalker, b: TestTalker) => boolean = () => false;
  readonly #options: TalkOptions;
  readonly #random;
  #queue: Delivery[] = [];
  #version = 1;
  #tokens = 0;

  constructor(options: TalkOptions = {}) {
    this.#options = options;
    this.loss = options.loss ?? 0;
    this.#random = seededRandom(options.seed ?? 1);
  }

  get now(): Now {
    return { elapsedMs: this.nowMs, wallMs: EPOCH_MS + this.nowMs };
  }

  /** A process of this name; one that was there before is replaced. */
  add(name: string, { mspId = "A", tags = {}, isExternal = true }: Plan = {}): TestTalker {
    const identity = testIdentity(mspId, name);
    const { pkiId, certificate } = identity;
    const crypto = testCrypto("A", "B", "C");
    const incarnation = BigInt(this.now.wallMs) * 1_000_000n;
    const place = { incarnation, isExternal, endpoint: `${name}:1`, tags };
    const participant = { pkiId, mspId, certificate, ...place };
    const messaging = createMessaging({
      directory: this.#directoryOf(participant),
      verify: (author, payload, signature) => crypto.verify(author, payload, signature),
      incarnation,
      limits: { ...DEFAULT_MESSAGING_LIMITS, ...this.#options.limits },
    });
    const talker: TestTalker = {
      ...{ identity, participant, messaging, crypto },
      ...{ heard: [], queries: [], answers: [], asked: [], drops: new Map(), ended: 0, isUp: true },
    };
    this.talkers.set(pkiId, talker);
    this.#version += 1;
    return talker;
  }

  /** Its process ends; the others notice. */
  stop(talker: TestTalker): void {
    talker.isUp = false;
    this.#version += 1;
  }

  /** Somebody changed, or the network did. */
  changed(): void {
    this.#version += 1;
  }

  say(talker: TestTalker, topic: string, payload: Uint8Array, filter: Filter = {}): void {
    this.give(talker, { type: "broadcast", token: this.#tokens++, topic, payload, filter });
  }

  ask(talker: TestTalker, topic: string, timeoutMs: number, filter: Filter = {}): number {
    const token = this.#tokens++;
    const payload = new Uint8Array(0);
    this.give(talker, { type: "query", token, timeoutMs, topic, payload, filter });
    return token;
  }

  /** What a peer has sent, decoded as the host does it. */
  receive(to: TestTalker, from: PkiId, bytes: Uint8Array): void {
    const envelope = parseEnvelope(bytes);
    const message = envelope.ok ? parseMessage(envelope.value.payload) : envelope;
    const data = message.ok ? memberDataOf(message.value) : undefined;
    const content = data && parseMemberMessage(data);
    if (!envelope.ok || !content?.ok || content.value === undefined) throw new Error("no message");
    this.give(to, { type: "message", from, envelope: envelope.value, content: content.value });
  }

  give(talker: TestTalker, input: MessagingInput): void {
    if (!talker.isUp) return;
    for (const effect of stepMessaging(talker.messaging, input, this.now)) {
      this.#perform(talker, effect);
    }
    const nextMs = nextMessagingMs(talker.messaging);
    if (nextMs < Number.POSITIVE_INFINITY) this.#wake(talker, nextMs);
  }

  run(ms: number): void {
    const untilMs = this.nowMs + ms;
    for (;;) {
      const next = this.#queue[0];
      if (next === undefined || next.atMs > untilMs) break;
      this.#pop();
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.run();
    }
    this.nowMs = untilMs;
  }

  #wake(talker: TestTalker, atMs: number): void {
    const known = this.#alarms.get(talker);
    if (known !== undefined && known <= atMs && known > this.nowMs) return;
    this.#alarms.set(talker, atMs);
    this.#push(atMs, () => {
      if (this.#alarms.get(talker) !== atMs) return;
      this.#alarms.delete(talker);
      this.give(talker, { type: "tick" });
    });
  }

  readonly #alarms = new Map<TestTalker, number>();

  #perform(talker: TestTalker, effect: MessagingEffect): void {
    switch (effect.type) {
      case "send":
        for (const bytes of effect.messages) this.#send(talker, effect.to, bytes);
        return;
      case "sign": {
        const { token, payload } = effect;
        const signature = testSignature(talker.identity.pkiId, payload);
        this.#push(this.nowMs, () => this.give(talker, { type: "signed", token, signature }));
        return;
      }
      case "drop":
        talker.drops.set(effect.code, (talker.drops.get(effect.code) ?? 0) + 1);
        return;
      case "event":
        talker.heard.push(effect.event);
        return;
      case "query":
        talker.queries.push(effect.query);
        return;
      case "asked":
        talker.asked.push(...effect.members);
        return;
      case "answered":
        talker.answers.push(effect.answer);
        return;
      case "query-ended":
        talker.ended += 1;
        return;
      case "said":
    }
  }

  #send(from: TestTalker, to: PkiId, bytes: Uint8Array): void {
    const { delayMs = 1, jitterMs = 0 } = this.#options;
    this.sent.messages += 1;
    this.sent.bytes += bytes.length;
    const receiver = this.talkers.get(to);
    if (receiver === undefined || this.isCut(from, receiver)) return;
    if (this.#random.below(1_000_000) < this.loss * 1_000_000) return;
    const jitter = jitterMs > 0 ? (this.#random.below(1_000) / 1_000) * jitterMs : 0;
    this.#push(this.nowMs + delayMs + jitter, () => {
      const there = this.talkers.get(to);
      if (there?.isUp) this.receive(there, from.identity.pkiId, bytes);
    });
  }

  #directoryOf(self: Participant): Messaging["options"]["directory"] {
    const mayKnow = (other: Participant): boolean =>
      other.mspId === self.mspId || (other.isExternal && self.isExternal);
    let others: { of: number; list: Participant[] } = { of: 0, list: [] };
    const list = (): Participant[] => {
      if (others.of === this.#version) return others.list;
      const me = this.talkers.get(self.pkiId);
      const found = [...this.talkers.values()]
        .filter((one) => one.isUp && one !== me && me !== undefined && !this.isCut(me, one))
        .map(({ participant }) => participant);
      others = { of: this.#version, list: found.filter(mayKnow) };
      return others.list;
    };
    return {
      self: () => self,
      others: list,
      find: (pkiId) => {
        const one = this.talkers.get(pkiId);
        const me = this.talkers.get(self.pkiId);
        if (!one?.isUp || me === undefined || one === me || this.isCut(me, one)) return undefined;
        return mayKnow(one.participant) ? one.participant : undefined;
      },
      author: (pkiId) => {
        const one = this.talkers.get(pkiId);
        if (one === undefined || !mayKnow(one.participant)) return undefined;
        return { identity: one.identity, isExternal: one.participant.isExternal };
      },
      version: () => this.#version,
      epochs: () => [0, 0],
    };
  }

  /** A heap: a thousand members have many deliveries under way. */
  #push(atMs: number, run: () => void): void {
    const queue = this.#queue;
    let at = queue.push({ atMs, run }) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const [low, high] = [queue[at], queue[above]];
      if (low === undefined || high === undefined || high.atMs <= low.atMs) break;
      [queue[at], queue[above]] = [high, low];
      at = above;
    }
  }

  #pop(): void {
    const queue = this.#queue;
    const last = queue.pop();
    if (last === undefined || queue.length === 0) return;
    queue[0] = last;
    for (let at = 0; ; ) {
      let least = at;
      for (const below of [2 * at + 1, 2 * at + 2]) {
        if ((queue[below]?.atMs ?? Number.POSITIVE_INFINITY) < (queue[least]?.atMs ?? 0)) {
          least = below;
        }
      }
      const [here, there] = [queue[at], queue[least]];
      if (least === at || here === undefined || there === undefined) return;
      [queue[at], queue[least]] = [there, here];
      at = least;
    }
  }
}

/** A world of this many members, every third of organisation B, the others of A; and its first three. */
export function talkingNetwork(count: number, options: TalkOptions = {}) {
  const world = new TalkWorld(options);
  const members = Array.from({ length: count }, (_, i) =>
    world.add(`m${i}`, { mspId: i % 3 === 0 ? "B" : "A" }),
  );
  const [first, second, third] = members;
  assert.ok(first && second && third);
  return { world, members, first, second, third };
}

interface Forged {
  readonly author?: Uint8Array;
  readonly sequence?: bigint;
  readonly incarnation?: bigint;
  readonly topic?: string;
  readonly payload?: Uint8Array;
  readonly sentAt?: bigint;
  readonly organisations?: string[];
  readonly tags?: Tags;
  /** Of a query; default: it is an event. */
  readonly timeoutMs?: bigint;
}

/** An event or query as `signer` would sign it, whoever it says that it is from. */
export function forge(signer: TestTalker, forged: Forged = {}): Uint8Array {
  const value = {
    author: forged.author ?? pkiIdBytes(signer.identity.pkiId),
    time: { incNum: forged.incarnation ?? 1n, seqNum: forged.sequence ?? 1n },
    topic: forged.topic ?? "t",
    payload: forged.payload ?? new TextEncoder().encode("forged"),
    sentAt: forged.sentAt ?? BigInt(EPOCH_MS),
    organisations: forged.organisations ?? [],
    tags: pairsOf(forged.tags ?? {}),
  };
  const { timeoutMs } = forged;
  const payload = encodeMemberMessage(
    timeoutMs === undefined
      ? { type: "event", value }
      : { type: "query", value: { ...value, timeoutMs } },
  );
  const signature = testSignature(signer.identity.pkiId, payload);
  return encodeEnvelope({ payload, signature }).bytes;
}
