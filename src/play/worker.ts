/** The worker of the playground: runs the network and answers the page. */

import { TIME_MS_MAX } from "./actions.ts";
import type { Flight } from "./flights.ts";
import { formatLink, parseLink } from "./link.ts";
import { Playback, STEP_MAX_MS, type Step } from "./playback.ts";
import type { PlayedNetwork } from "./played-network.ts";
import type { Player } from "./player.ts";
import type { EngineAnswer, FlightView, Frame, MemberView, Request } from "./protocol.ts";
import { DEFAULT_SETTINGS, type Settings } from "./settings.ts";
import type { Wanted } from "./wanted.ts";

/** The platform of a worker, as far as it is needed. */
declare function postMessage(answer: EngineAnswer): void;
declare function addEventListener(
  type: "message",
  listener: (event: { readonly data: Request }) => void,
): void;

/** Maximum time of a frame, so that the page stays responsive. */
const FRAME_MS = 24;
/** A long way is made in parts of this length: in between, the page hears of it, and another request is heard. */
const PART_MS = 100;
/** Maximum messages drawn. */
const FLYING_MAX = 500;
/** Above this many pairs, views are compared less often. */
const PAIRS_MAX = 2_500;
const COMPARE_MS = 400;

class Stage {
  readonly settings: Settings;
  readonly #playback: Playback;
  #agreement: Frame["agreement"];
  #comparedMs = performance.now();
  /** The message that is shown until the run goes on. */
  #shown: { readonly id: number; readonly untilMs: number } | undefined;

  constructor(settings: Settings, playback: Playback, step?: Step) {
    this.settings = settings;
    this.#shown = step && { id: step.id, untilMs: playback.nowMs };
    this.#playback = playback;
    this.#agreement = playback.agreement();
  }

  play(ms: number): boolean {
    const endMs = performance.now() + FRAME_MS;
    const playback = this.#playback;
    return playback.runUntil(playback.nowMs + ms, () => performance.now() < endMs);
  }

  answer(request: Extract<Request, { readonly type: "frame" | "act" }>): void {
    const playback = this.#playback;
    switch (request.type) {
      case "frame": {
        const isInTime = request.ms <= 0 || this.play(request.ms);
        postMessage({ type: "frame", frame: this.frame(request.member, isInTime) });
        return;
      }
      case "act":
        if (!playback.act(request.change)) postMessage({ type: "full" });
        postMessage({ type: "frame", frame: this.frame(-1, true, true) });
    }
  }

  /** Runs until the message arrives, or another request comes. */
  async step(wanted: Wanted, maxMs = STEP_MAX_MS): Promise<void> {
    const playback = this.#playback;
    const untilMs = Math.min(playback.nowMs + maxMs, TIME_MS_MAX);
    let found: ReturnType<Playback["step"]> | undefined;
    const isDone = await inParts(playback, untilMs, (mayGoOn) => {
      found = playback.step(wanted, untilMs - playback.nowMs, mayGoOn);
      return found.isFound || playback.nowMs >= untilMs;
    });
    if (isDone && found !== undefined) this.tell(found.isFound, found.step, -1);
  }

  /** Tells of a message, with its receiver; of a member if there is none. */
  tell(isFound: boolean, step: Step | undefined, member: number, isAlone = false): void {
    this.#shown = step && { id: step.id, untilMs: this.#playback.nowMs };
    const frame = this.frame(step?.to ?? member, true, true);
    const landed = isAlone ? frame.landed.filter(({ id }) => id === step?.id) : frame.landed;
    postMessage({ type: "stepped", isFound, step, frame: { ...frame, landed } });
  }

  frame(member: number, isInTime: boolean, mustCompare = false): Frame {
    const { actions, done, network, nowMs } = this.#playback;
    const links = this.#playback.links();
    const { landed, events, shares, counts } = this.#playback.takeHappened();
    this.#compare(mustCompare);
    const shown = this.#shown;
    const message = shown && nowMs <= shown.untilMs ? shown.id : undefined;
    return {
      ...{ nowMs, isInTime, links, events, shares, counts, agreement: this.#agreement },
      conditions: network.conditions,
      acts: done.map(({ atMs }) => atMs),
      isOver: nowMs >= TIME_MS_MAX,
      members: network.players.map((player) => viewPlayer(player, network)),
      cut: links.filter(([a, b]) => network.isCut(a, b)),
      flying: this.#viewFlights(this.#playback.flights()),
      landed: landed.map((flight) => viewFlight(flight, 1)),
      state: this.#playback.state(member),
      link: formatLink({ settings: this.settings, actions, atMs: nowMs, message }),
    };
  }

  #compare(isNeeded: boolean): void {
    const nowMs = performance.now();
    const isCheap = this.#playback.network.players.length ** 2 < PAIRS_MAX;
    if (!isNeeded && !isCheap && nowMs - this.#comparedMs < COMPARE_MS) return;
    this.#agreement = this.#playback.agreement();
    this.#comparedMs = nowMs;
  }

  #viewFlights(flights: Iterable<Flight>): readonly FlightView[] {
    const { nowMs, network } = this.#playback;
    const views: FlightView[] = [];
    for (const flight of flights) {
      if (views.length >= FLYING_MAX) break;
      const part = Math.min(0.96, (nowMs - flight.sentMs) / network.delayMs);
      views.push(viewFlight(flight, part));
    }
    return views;
  }
}

function viewFlight({ id, kind, from, to }: Flight, part: number): FlightView {
  return { id, kind, from, to, part };
}

function viewPlayer(player: Player, network: PlayedNetwork): MemberView {
  const { index, name, mspId: organisation, life } = player;
  const sees = life?.member.core.members.aliveCount ?? 0;
  const state = stateOf(player, network.isRevoked(player));
  return { name, organisation, state, sees, isCutOff: network.isCutOff(index) };
}

function stateOf({ life, lastIncarnation }: Player, isRevoked: boolean): MemberView["state"] {
  if (life === undefined) return lastIncarnation === 0n ? "waiting" : "stopped";
  if (life.process.isStalled) return "stalled";
  return isRevoked ? "revoked" : "running";
}

let stage = new Stage(DEFAULT_SETTINGS, new Playback(DEFAULT_SETTINGS, []));
/** Counts requests: what goes on in parts ends with the next one. */
let turn = 0;
let isOpening = false;

/**
 * Works in parts until `work` returns true, and tells the page how far the run has come. Returns
 * false if another request has come first.
 */
async function inParts(
  playback: Playback,
  untilMs: number,
  work: (mayGoOn: () => boolean) => boolean,
): Promise<boolean> {
  const own = turn;
  for (;;) {
    const endMs = performance.now() + PART_MS;
    if (work(() => performance.now() < endMs)) return true;
    postMessage({ type: "running", nowMs: playback.nowMs, untilMs });
    await new Promise((resolve) => setTimeout(resolve));
    if (turn !== own) return false;
  }
}

/** Starts the run of a link; undefined if it cannot be used, which the page is told, or another one begins. */
async function open(text: string): Promise<Playback | undefined> {
  const refuse = (reason: string): undefined => {
    postMessage({ type: "refused", reason, settings: stage.settings });
    return undefined;
  };
  const link = parseLink(text);
  if (!link.ok) return refuse(link.code);
  const { settings, actions, atMs, message } = link.value;
  const playback = new Playback(settings, actions);
  let step: Step | undefined;
  const isThere = await inParts(playback, atMs, (mayGoOn) => {
    if (message !== undefined && step === undefined) {
      step = playback.step({ id: message }, atMs - playback.nowMs, mayGoOn).step;
    }
    return playback.runUntil(atMs, mayGoOn);
  });
  if (!isThere) return undefined;
  if (message !== undefined && step === undefined) {
    return refuse(`message ${message} has not arrived by then`);
  }
  stage = new Stage(settings, playback, step);
  const frame = stage.frame(step?.to ?? -1, true, true);
  postMessage({ type: "opened", settings, step, frame });
  return playback;
}

async function begin(request: Extract<Request, { readonly type: "open" | "tour" }>): Promise<void> {
  const own = turn;
  isOpening = true;
  const playback = await open(request.link);
  if (turn !== own) return;
  isOpening = false;
  if (playback === undefined || request.type === "open") return;
  const { isFound, step } = playback.perform(request.doings);
  // Only what is shown flies.
  stage.tell(isFound, step, request.member, true);
}

addEventListener("message", ({ data }) => {
  const begins = data.type === "open" || data.type === "tour";
  if (isOpening && !begins) return;
  turn += 1;
  if (begins) void begin(data);
  else if (data.type === "step") void stage.step(data.wanted, data.maxMs);
  else stage.answer(data);
});
