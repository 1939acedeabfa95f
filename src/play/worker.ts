/** The worker of the playground: runs the network and answers the page. */
import type { Flight } from "./flights.ts";
import { formatLink, parseLink } from "./link.ts";
import { Playback } from "./playback.ts";
import type { PlayedNetwork } from "./played-network.ts";
import type { Player } from "./player.ts";
import type { EngineAnswer, FlightView, Frame, MemberView, Request } from "./protocol.ts";
import { DEFAULT_SETTINGS, type Settings } from "./settings.ts";

/** The platform of a worker, as far as it is needed. */
declare function postMessage(answer: EngineAnswer): void;
declare function addEventListener(
  type: "message",
  listener: (event: { readonly data: Request }) => void,
): void;

/** Maximum time of a frame, so that the page stays responsive. */
const FRAME_MS = 24;
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

  constructor(settings: Settings, playback: Playback) {
    this.settings = settings;
    this.#playback = playback;
    this.#agreement = playback.agreement();
  }

  play(ms: number): boolean {
    const endMs = performance.now() + FRAME_MS;
    const playback = this.#playback;
    return playback.runUntil(playback.nowMs + ms, () => performance.now() < endMs);
  }

  answer(request: Request): void {
    const playback = this.#playback;
    switch (request.type) {
      case "open":
      case "tour":
        return; // Another stage begins.
      case "frame": {
        const isInTime = request.ms <= 0 || this.play(request.ms);
        postMessage({ type: "frame", frame: this.frame(request.member, isInTime) });
        return;
      }
      case "step": {
        const { isFound, step } = playback.step(request.wanted, request.maxMs);
        const frame = this.frame(step?.to ?? -1, true, true);
        postMessage({ type: "stepped", isFound, step, frame });
        return;
      }
      case "act":
        playback.act(request.change);
        postMessage({ type: "frame", frame: this.frame(-1, true, true) });
    }
  }

  frame(member: number, isInTime: boolean, mustCompare = false): Frame {
    const { actions, network, nowMs } = this.#playback;
    const links = this.#playback.links();
    const { landed, events, counts } = this.#playback.takeHappened();
    this.#compare(mustCompare);
    return {
      ...{ nowMs, isInTime, links, events, counts, agreement: this.#agreement },
      members: network.players.map((player) => viewPlayer(player, network)),
      cut: links.filter(([a, b]) => network.isCut(a, b)),
      flying: this.#viewFlights(this.#playback.flights()),
      landed: landed.map((flight) => viewFlight(flight, 1)),
      state: this.#playback.state(member),
      link: formatLink({ settings: this.settings, actions, atMs: nowMs }),
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

/** Restarts from a link; undefined if it cannot be used, which the page is told. */
function open(text: string): Playback | undefined {
  const link = parseLink(text);
  if (!link.ok) {
    postMessage({ type: "refused", reason: link.code });
    return undefined;
  }
  const { settings, actions, atMs } = link.value;
  const playback = new Playback(settings, actions);
  playback.runUntil(atMs);
  stage = new Stage(settings, playback);
  return playback;
}

addEventListener("message", ({ data }) => {
  if (data.type !== "open" && data.type !== "tour") {
    stage.answer(data);
    return;
  }
  const playback = open(data.link);
  if (playback === undefined) return;
  const { settings } = stage;
  postMessage({ type: "opened", settings, frame: stage.frame(-1, true, true) });
  if (data.type === "open") return;
  const { isFound, step } = playback.perform(data.doings);
  const frame = stage.frame(step?.to ?? data.member, true, true);
  // Only what is shown flies.
  const landed = frame.landed.filter(({ id }) => id === step?.id);
  postMessage({ type: "stepped", isFound, step, frame: { ...frame, landed } });
});
