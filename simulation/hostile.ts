/**
 * An authenticated member that breaks every rule: its handshakes are genuine, its messages are
 * not. It also records what honest members send it, and may replay that.
 */

import { type Handshake, shakeHands } from "../src/transport/handshake.ts";
import type { Link, LinkEvents, Network } from "../src/transport/network.ts";
import { parseEnvelope, parseMessage } from "../src/wire/envelope.ts";
import { ChannelLiar } from "./channels/channel-liar.ts";
import { readAlive } from "./checkers/wire-reader.ts";
import type { Forger } from "./forged-message-parts.ts";
import {
  FORGED_MESSAGES,
  type Forgery,
  heartbeat,
  request,
  swapSecret,
} from "./forged-messages.ts";
import { FORGED_TALK } from "./forged-talk.ts";
import { aliveMessagesIn, type Habit, RELABEL } from "./habits.ts";
import { Hoard } from "./hoard.ts";
import type { SimulatedMember } from "./member.ts";
import { Process } from "./process.ts";
import type { SeededRandom } from "./random.ts";
import { glance } from "./wire-kind.ts";
import type { World } from "./world.ts";

/** Mean pause between actions. */
const PAUSE_MS = 400;
/** Maximum number of recorded messages. */
const HEARD_MAX = 300;
/** Share of received gossip that it forwards at once, modified. */
const TAMPERED = 0.2;
const HANDSHAKE_MS = 2_000;
/** Number of alias PKI-IDs of its certificate, and the share of handshakes that use one. */
const ALIASES = 30;
const DISGUISED = 0.2;
/** Interval of requests to its victim, of dials, and of its own heartbeats. */
const LURK_MS = 50;
const DIALS = 0.2;
const HEARTBEATS = 0.01;
/** How often it lists what it has kept of the dead. */
const LATE_LISTS = 0.05;

/** The victim whose messages it awaits. */
interface Ambush {
  readonly habit: Habit;
  readonly victim: SimulatedMember;
  /** Times of the messages that it has relayed. */
  readonly passedOn: Set<bigint>;
}

export class HostileMember {
  readonly #world: World;
  readonly #member: SimulatedMember;
  readonly #random: SeededRandom;
  readonly #process: Process;
  readonly #network: Network;
  readonly #links = new Map<string, Link>();
  readonly #forger: Forger;
  readonly #ambush: Ambush | undefined;
  readonly #hoard: Hoard;
  readonly #forgeries: readonly Forgery[];
  readonly #liar: ChannelLiar;
  #hasEnded = false;

  constructor(
    world: World,
    member: SimulatedMember,
    random: SeededRandom,
    habit: Habit | undefined = undefined,
  ) {
    this.#world = world;
    this.#member = member;
    this.#random = random;
    if (habit !== undefined) {
      const victim = random.pick(world.members.filter(({ isHostile }) => !isHostile));
      this.#ambush = { habit, victim, passedOn: new Set() };
    }
    this.#hoard = new Hoard((pkiId) => {
      const owner = world.members[world.authority.find(pkiId)?.owner ?? -1];
      return owner?.isHostile === false && owner.life === undefined;
    });
    this.#process = new Process(world.clock);
    this.#network = world.networkOf(member, this.#process);
    this.#forger = {
      self: member,
      identity: member.issued.identity,
      sign: world.signer(member),
      alias: () => world.authority.alias(member.issued, random.below(ALIASES)),
      random,
      heard: [],
      metadata: world.metadata,
      members: world.members,
      sequence: 0n,
      incarnation: BigInt(Math.trunc(world.clock.now().wallMs)) * 1_000_000n,
      lastNonce: 0n,
    };
    this.#liar = new ChannelLiar(world.channels, this.#forger);
    const talk = world.talks ? FORGED_TALK : [];
    this.#forgeries = [...FORGED_MESSAGES, ...talk, ...this.#liar.forgeries];
  }

  async start(): Promise<void> {
    await this.#network.listen((link) => this.#shake(link));
    if (this.#ambush === undefined) this.#act();
    else this.#lurk(this.#ambush);
  }

  async stop(): Promise<void> {
    this.#hasEnded = true;
    this.#process.end();
    await this.#network.close();
  }

  #act(): void {
    if (this.#hasEnded) return;
    const others = this.#world.members.filter(({ isHostile }) => !isHostile);
    const victim = this.#random.pick(others);
    const link = this.#links.get(victim.name);
    if (link === undefined) this.#dial(victim);
    else
      for (const bytes of this.#random.pick(this.#forgeries)(this.#forger, victim))
        link.send(bytes);
    const pauseMs = Math.floor(this.#random.fraction() * 2 * PAUSE_MS);
    this.#process.clock.after(pauseMs, () => this.#act());
  }

  /**
   * Asks its victim repeatedly to get each message before the others, and keeps connections to all
   * of them.
   */
  #lurk(ambush: Ambush): void {
    if (this.#hasEnded) return;
    const others = this.#world.members.filter(({ isHostile }) => !isHostile);
    const missing = others.filter(({ name }) => !this.#links.has(name));
    if (missing.length > 0 && this.#random.chance(DIALS)) this.#dial(this.#random.pick(missing));
    if (this.#random.chance(HEARTBEATS)) {
      const [bytes] = heartbeat(this.#forger, ambush.victim);
      if (bytes) for (const link of this.#links.values()) link.send(bytes);
    }
    if (ambush.habit === "late" && this.#random.chance(LATE_LISTS)) this.#listDead();
    const { victim } = ambush;
    for (const bytes of request(this.#forger, victim)) this.#links.get(victim.name)?.send(bytes);
    this.#process.clock.after(LURK_MS, () => this.#lurk(ambush));
  }

  /** News of the dead, for everybody. */
  #listDead(): void {
    for (const bytes of this.#hoard.due(this.#process.clock.now().elapsedMs)) {
      for (const link of this.#links.values()) link.send(RELABEL.late(bytes));
    }
  }

  #dial(victim: SimulatedMember): void {
    const isNear = victim.mspId === this.#member.mspId;
    const endpoint = isNear ? victim.internalEndpoint : victim.externalEndpoint;
    if (endpoint === "") return;
    this.#network.dial(endpoint, { opened: (link) => this.#shake(link), failed: () => {} });
  }

  #shake(link: Link): void {
    const { clock } = this.#process;
    const crypto = this.#world.authority.crypto(() => true, new Map());
    const { sign: signer, alias, identity } = this.#forger;
    const isDisguised = this.#ambush === undefined && this.#random.chance(DISGUISED);
    const self = isDisguised ? alias() : identity;
    shakeHands(
      { link, clock, crypto, signer, self, probe: false, timeoutMs: HANDSHAKE_MS },
      { refused: () => {}, accepted: (handshake) => this.#accept(link, handshake) },
    );
  }

  #accept(link: Link, handshake: Handshake): LinkEvents | undefined {
    const issued = this.#world.authority.find(handshake.identity.pkiId);
    const peer = this.#world.members[issued?.owner ?? -1];
    if (handshake.probe || peer === undefined) {
      link.close();
      return undefined;
    }
    const { name } = peer;
    this.#links.set(name, link);
    return {
      message: (bytes) => {
        for (const answer of this.#liar.hear(bytes)) link.send(answer);
        this.#hear(bytes);
      },
      drain: () => {},
      closed: () => {
        if (this.#links.get(name) === link) this.#links.delete(name);
      },
    };
  }

  #hear(bytes: Uint8Array): void {
    if (this.#ambush === undefined) this.#record(bytes);
    else if (this.#ambush.habit === "late") this.#hoard.keep(bytes);
    else this.#passOn(bytes, this.#ambush);
  }

  #record(bytes: Uint8Array): void {
    const { heard } = this.#forger;
    if (this.#random.chance(TAMPERED)) this.#tamper(bytes);
    this.#forger.lastNonce = nonceOf(bytes) ?? this.#forger.lastNonce;
    if (heard.length < HEARD_MAX) heard.push(bytes);
    else heard[this.#random.below(HEARD_MAX)] = bytes;
  }

  /** Sends its victim's messages to everybody else at once, in its own form. */
  #passOn(bytes: Uint8Array, { habit, victim, passedOn }: Ambush): void {
    for (const one of aliveMessagesIn(bytes)) {
      const said = readAlive(one);
      if (said?.pkiId !== victim.issued.identity.pkiId || passedOn.has(said.time)) continue;
      passedOn.add(said.time);
      const message = RELABEL[habit](one);
      for (const [peer, link] of this.#links) if (peer !== victim.name) link.send(message);
    }
  }

  /** Forwards fresh gossip at once with another author's secret, before the genuine copy arrives. */
  #tamper(bytes: Uint8Array): void {
    if (glance(bytes).kind !== "alive" || this.#links.size === 0) return;
    const changed = swapSecret(this.#forger, bytes);
    if (changed !== undefined) for (const link of this.#links.values()) link.send(changed);
  }
}

function nonceOf(bytes: Uint8Array): bigint | undefined {
  const envelope = parseEnvelope(bytes);
  const message = envelope.ok ? parseMessage(envelope.value.payload) : envelope;
  return message.ok && message.value.nonce !== 0n ? message.value.nonce : undefined;
}
