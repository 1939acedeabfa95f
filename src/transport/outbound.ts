/**
 * Dials on a member's word: so many a second in all, whoever has us dial, and others wait. While we are
 * busy, pings wait for each other.
 */
import type { ConnectionFault } from "./connection-options.ts";
import { type Handshake, type HandshakeOptions, shakeHands } from "./handshake.ts";
import type { Cancel, Clock, Link, LinkEvents, Network } from "./network.ts";
import { PingQueue } from "./ping-queue.ts";

/** A member needs a few; half a network that comes back at once, some tens a second. */
const DIALS_PER_SECOND = 100;
/** Dials that may start together when there were none for a while. */
const DIALS_AT_ONCE = 500;
const INTERVAL_MS = 1_000 / DIALS_PER_SECOND;

interface OutboundEvents {
  /** Somebody is there; the other side may take it for a connection from now on. */
  readonly linked: () => void;
  readonly failed: (fault: ConnectionFault, reason: string) => void;
  readonly accepted: (link: Link, handshake: Handshake) => LinkEvents | undefined;
}

export class Outbound {
  readonly #network: Network;
  readonly #clock: Clock;
  readonly #pings: PingQueue;
  /** When the next dial may start; up to {@link DIALS_AT_ONCE} are saved up. */
  #nextMs = Number.NEGATIVE_INFINITY;

  constructor(network: Network, clock: Clock) {
    this.#network = network;
    this.#clock = clock;
    this.#pings = new PingQueue(clock);
  }

  /** Dials and shakes hands. Unless cancelled, `failed` or `accepted` follows. */
  dial(
    endpoint: string,
    handshake: () => Omit<HandshakeOptions, "link" | "probe">,
    { linked, failed, accepted }: OutboundEvents,
  ): Cancel {
    const steps: { cancel: Cancel } = { cancel: () => {} };
    const opened = (link: Link): void => {
      linked();
      steps.cancel = shakeHands(
        { ...handshake(), link, probe: false },
        { refused: failed, accepted: (shaken) => accepted(link, shaken) },
      );
    };
    this.#inTurn(steps, () => this.#network.dial(endpoint, { failed, opened }));
    return () => steps.cancel();
  }

  /** Is anybody there? `done` is not called if `isNeeded` denies it before the ping begins. */
  ping(
    endpoint: string,
    done: Parameters<Network["ping"]>[1],
    isNeeded: () => boolean = () => true,
  ): Cancel {
    const steps: { cancel: Cancel } = { cancel: () => {} };
    const begin = (ended: () => void): void => {
      const finish: typeof done = (...answer) => {
        ended();
        done(...answer);
      };
      this.#inTurn(steps, () => this.#network.ping(endpoint, finish));
    };
    const leave = this.#pings.take(begin, isNeeded);
    return () => {
      leave();
      steps.cancel();
    };
  }

  close(): void {
    this.#pings.close();
  }

  #inTurn(steps: { cancel: Cancel }, start: () => Cancel): void {
    const { elapsedMs } = this.#clock.now();
    const atMs = Math.max(this.#nextMs, elapsedMs - DIALS_AT_ONCE * INTERVAL_MS);
    this.#nextMs = atMs + INTERVAL_MS;
    const startNow = (): void => {
      steps.cancel = start();
    };
    if (atMs <= elapsedMs) startNow();
    else steps.cancel = this.#clock.after(atMs - elapsedMs, startNow);
  }
}
