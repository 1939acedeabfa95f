/**
 * A run that can be played, paused, stepped by messages and changed by hand. Settings and actions
 * determine it completely: at any speed and with any pauses, the same happens at the same virtual
 * time.
 */
import { KINDS, type Kind } from "../../simulation/wire-kind.ts";
import { isCopy } from "../core/handlers/alive.ts";
import type { Effect } from "../core/types/effect.ts";
import type { EventContent } from "../observe/events.ts";
import { readMessage } from "../wire/received.ts";
import { ACTIONS_MAX, type Action, type Change, TIME_MS_MAX } from "./actions.ts";
import { type Agreement, compareViews } from "./agreement.ts";
import { describeForPage, readAuthor } from "./describe.ts";
import { type Flight, Flights } from "./flights.ts";
import { COPY_HANDLER, type Handler, handlerOf } from "./handlers.ts";
import { describeEffect, type EventText, eventOf, type PlayEvent } from "./noticed.ts";
import { PlayedNetwork } from "./played-network.ts";
import type { Player } from "./player.ts";
import type { Settings } from "./settings.ts";
import { type Share, Shares } from "./shares.ts";
import { nameOf, type StateView, viewState } from "./state-view.ts";
import type { Doing } from "./tours.ts";
import { isEventWanted, isMessageWanted, type Wanted } from "./wanted.ts";

/** A delivered message with its changes. */
export interface Step {
  readonly id: number;
  readonly atMs: number;
  readonly kind: Kind;
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
  readonly message: unknown;
  readonly handler: Handler;
  /** The effects of the receiver's core, in order. */
  readonly effects: readonly string[];
  readonly before: StateView | undefined;
  readonly after: StateView | undefined;
}

/** What has happened since the last time it was asked for. */
interface Happened {
  readonly landed: readonly Flight[];
  readonly events: readonly PlayEvent[];
  readonly shares: readonly Share[];
  /** Delivered messages by kind, since the start. */
  readonly counts: Readonly<Record<Kind, number>>;
}

/** Maximum virtual time to wait for a message. */
export const STEP_MAX_MS = 60_000;
/** Maximum events kept until requested; the newest stay. */
const LANDED_MAX = 400;
const EVENTS_MAX = 200;
/** Callbacks between two checks of the real clock. */
const CALLBACKS = 32;

interface Watch {
  readonly flight: Flight;
  readonly before: StateView | undefined;
  readonly handler: Handler;
  readonly effects: string[];
}

export class Playback {
  readonly network: PlayedNetwork;
  readonly actions: Action[];
  readonly #flights = new Flights();
  readonly #shares: Shares;
  readonly #counts: Record<Kind, number>;
  readonly #links = new Map<number, Set<number>>();
  #landed: Flight[] = [];
  #events: PlayEvent[] = [];
  /** Number of applied actions. */
  #done = 0;
  /** The awaited message, and then its changes. */
  #wanted: Wanted | undefined;
  #watch: Watch | undefined;
  #isFound = false;

  constructor(settings: Settings, actions: readonly Action[]) {
    this.actions = [...actions];
    this.#shares = new Shares(settings.members);
    this.#counts = Object.fromEntries(KINDS.map((kind) => [kind, 0])) as Record<Kind, number>;
    this.network = new PlayedNetwork(settings, {
      sent: (from, to, bytes) => this.#flights.sent(from, to, bytes, this.network.nowMs),
      delivered: (from, to, bytes) => this.#deliver(from, to, bytes),
      effect: (player, effect) => this.#note(player, effect),
      event: (player, event) => this.#hear(player, event),
      changed: (player) => {
        this.#flights.forget(player);
        this.#links.delete(player.index);
      },
    });
  }

  get nowMs(): number {
    return this.network.nowMs;
  }

  /** Messages in transit. */
  flights(): Iterable<Flight> {
    return this.#flights.list();
  }

  agreement(): Agreement {
    return compareViews(this.network);
  }

  state(member: number): StateView | undefined {
    const player = this.network.players[member];
    return player && viewState(this.network, player);
  }

  /** Connections as pairs of members. */
  links(): readonly (readonly [number, number])[] {
    const pairs: [number, number][] = [];
    for (const [one, others] of this.#links) {
      for (const other of others) {
        if (one < other || !this.#links.get(other)?.has(one)) pairs.push([one, other]);
      }
    }
    return pairs;
  }

  /** The actions that have been applied. */
  get done(): readonly Action[] {
    return this.actions.slice(0, this.#done);
  }

  /** Plays until a time, unless `mayGoOn` returns false. Returns whether it got there, or to the end of all runs. */
  runUntil(wantedMs: number, mayGoOn: () => boolean = () => true): boolean {
    const { clock } = this.network;
    const untilMs = Math.min(wantedMs, TIME_MS_MAX);
    for (let action = this.#next(); action; action = this.#next()) {
      if (action.atMs > untilMs) break;
      if (!this.#runClock(action.atMs, mayGoOn)) return false;
      clock.runUntil(action.atMs);
      this.#done += 1;
      this.network.apply(action);
    }
    if (!this.#runClock(untilMs, mayGoOn)) return false;
    clock.runUntil(untilMs);
    return true;
  }

  /** Plays until the message or event arrives; unless `mayGoOn` returns false. */
  step(
    wanted: Wanted,
    maxMs = STEP_MAX_MS,
    mayGoOn: () => boolean = () => true,
  ): { readonly isFound: boolean; readonly step: Step | undefined } {
    const untilMs = this.nowMs + maxMs;
    this.#wanted = wanted;
    this.#isFound = false;
    this.runUntil(untilMs, () => !this.#isFound && mayGoOn());
    this.#wanted = undefined;
    const [watch, isFound] = [this.#watch, this.#isFound];
    this.#watch = undefined;
    return { isFound, step: watch && this.#describe(watch) };
  }

  /** Applies an action now, at the end of this millisecond. False: no more are possible. */
  act(change: Change): boolean {
    const isFull = this.actions.length >= ACTIONS_MAX || this.nowMs >= TIME_MS_MAX;
    if (isFull || (change.type === "join" && this.network.isFull)) return false;
    this.actions.splice(this.#done, 0, { atMs: Math.ceil(this.nowMs), ...change });
    this.runUntil(Math.ceil(this.nowMs));
    return true;
  }

  /** Applies all steps; `isFound`: every awaited message came. The last message is described. */
  perform(doings: readonly Doing[]): {
    readonly isFound: boolean;
    readonly step: Step | undefined;
  } {
    let isFound = true;
    let step: Step | undefined;
    for (const doing of doings) {
      step = undefined;
      if ("act" in doing) this.act(doing.act);
      else if ("runMs" in doing) this.runUntil(this.nowMs + doing.runMs);
      else {
        const waited = this.step(doing.wait);
        isFound &&= waited.isFound;
        step = waited.step;
      }
    }
    return { isFound, step };
  }

  /** Everything since the previous call. */
  takeHappened(): Happened {
    const [landed, events] = [this.#landed, this.#events];
    [this.#landed, this.#events] = [[], []];
    return { landed, events, shares: this.#shares.take(), counts: { ...this.#counts } };
  }

  #next(): Action | undefined {
    return this.actions[this.#done];
  }

  /** One callback at a time while waiting, so that nothing follows the message. */
  #runClock(untilMs: number, mayGoOn: () => boolean): boolean {
    const { clock } = this.network;
    for (;;) {
      if (!mayGoOn()) return false;
      for (let i = 0; i < (this.#wanted ? 1 : CALLBACKS); i++) {
        if (this.#shares.isDue(this.nowMs)) this.#shares.note(this.nowMs, this.agreement());
        if (!clock.runNext(untilMs)) return true;
      }
    }
  }

  #deliver(from: Player, to: Player, bytes: Uint8Array): void {
    const flight = this.#flights.delivered(from, to, bytes, this.nowMs);
    this.#counts[flight.kind] += 1;
    keep(this.#landed, flight, LANDED_MAX);
    if (this.#isFound || this.#wanted === undefined) return;
    const handler = handlerFor(to, flight);
    const message = {
      ...flight,
      author: this.#authorOf(flight),
      isCopy: handler === COPY_HANDLER,
    };
    if (!isMessageWanted(this.#wanted, message)) return;
    this.#isFound = true;
    this.#watch = { flight, before: viewState(this.network, to), handler, effects: [] };
  }

  /** The signer of an alive message; -1: none. */
  #authorOf({ kind, bytes }: Flight): number {
    const pkiId = (kind === "alive" && readAuthor(bytes)) || "";
    return this.network.playerOf(pkiId)?.index ?? -1;
  }

  #describe({ flight, before, handler, effects }: Watch): Step {
    const { id, kind, from, to, bytes } = flight;
    const { authority } = this.network;
    return {
      ...{ id, kind, from, to, handler, effects, before, atMs: this.nowMs, bytes: bytes.length },
      message: describeForPage(bytes, authority, (pkiId) => nameOf(this.network, pkiId)),
      after: this.state(to),
    };
  }

  #note(player: Player, effect: Effect): void {
    if (this.#watch?.flight.to === player.index) {
      this.#watch.effects.push(describeEffect(effect, (pkiId) => nameOf(this.network, pkiId)));
    }
    if (effect.type === "notify") this.#tell(player, eventOf(effect.event));
  }

  #hear(player: Player, event: EventContent): void {
    switch (event.type) {
      case "connection-opened": {
        const peer = this.network.playerOf(event.pkiId);
        const links = this.#links.get(player.index) ?? new Set();
        if (peer !== undefined) this.#links.set(player.index, links.add(peer.index));
        return;
      }
      case "connection-closed": {
        const peer = this.network.playerOf(event.pkiId);
        if (peer !== undefined) this.#links.get(player.index)?.delete(peer.index);
        return;
      }
      case "handshake-failed":
      case "send-failed": {
        const pkiId = "pkiId" in event ? event.pkiId : "";
        this.#tell(player, { type: event.type, pkiId, reason: event.code });
      }
    }
  }

  #tell(player: Player, { type, pkiId, reason }: EventText): void {
    const subject = this.network.playerOf(pkiId)?.index ?? -1;
    const event = { atMs: this.nowMs, observer: player.index, type, subject, reason };
    keep(this.#events, event, EVENTS_MAX);
    if (this.#wanted !== undefined && isEventWanted(this.#wanted, event)) this.#isFound = true;
  }
}

function keep<T>(list: T[], item: T, max: number): void {
  if (list.length >= max) list.shift();
  list.push(item);
}

/** The function that will handle a message, determined before delivery. */
function handlerFor({ life }: Player, { kind, bytes }: Flight): Handler {
  const core = life?.member.core;
  const received = core && kind === "alive" ? readMessage(bytes) : undefined;
  const alive = received?.ok && received.value.alive.ok ? received.value.alive.value : undefined;
  const isKnown = core && alive && isCopy(core, alive);
  return isKnown ? COPY_HANDLER : handlerOf(kind);
}
