/**
 * Until we know who belongs to our channels we stay within our organisation: others would dial us, be
 * refused, and warn of it.
 */
import type { Core } from "../core/core.ts";
import type { Input } from "../core/types/input.ts";
import type { Clock } from "../transport/network.ts";
import type { CallPeer } from "../transport/unary.ts";

/** Channels, and which of them have a configuration from the beginning. */
interface Known {
  readonly followed: readonly { readonly name: string }[];
  readonly trusted: { has(name: string): boolean };
}

/** The parts of a node that matter here. */
export interface FollowingParts<C extends Known> {
  readonly channels?: C | undefined;
  readonly core: { readonly externalEndpoint: string };
  readonly call?: CallPeer | undefined;
}

export function hideAtFirst<T extends { readonly externalEndpoint: string }>({
  channels,
  core,
}: {
  readonly channels?: Known | undefined;
  readonly core: T;
}): T {
  const isKnown = channels?.followed.every(({ name }) => channels.trusted.has(name)) ?? true;
  return isKnown ? core : { ...core, externalEndpoint: "" };
}

/** So long we hide at most. */
const HIDDEN_MS = 30_000;

interface HidingSources {
  readonly core: Core;
  readonly clock: Clock;
  readonly give: (input: Input) => void;
}

export class Hiding {
  readonly #sources: HidingSources;
  readonly #externalEndpoint: string;
  readonly #untilMs: number;
  #isOver = false;

  constructor(sources: HidingSources, externalEndpoint: string) {
    this.#sources = sources;
    this.#externalEndpoint = externalEndpoint;
    this.#untilMs = sources.clock.now().elapsedMs + HIDDEN_MS;
  }

  /** Other organisations may learn of us when all is known, or was not found for long. */
  showIf(isKnown: boolean): void {
    const { clock, core, give } = this.#sources;
    if (this.#isOver || (!isKnown && clock.now().elapsedMs < this.#untilMs)) return;
    this.#isOver = true;
    const externalEndpoint = this.#externalEndpoint;
    const wasHidden = core.self.externalEndpoint === "" && externalEndpoint !== "";
    if (wasHidden) give({ type: "set-endpoint", externalEndpoint });
  }
}
