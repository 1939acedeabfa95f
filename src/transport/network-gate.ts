/**
 * A network that can be cut off from some endpoints while it runs, as by a switch that drops packets:
 * nothing arrives, and nobody is told. For networks that are taken apart on purpose (`devnet`).
 */
import type { Cancel, Clock, Link, LinkEvents, Network } from "./network.ts";

export interface NetworkGate {
  /** The same network behind the gate. */
  network(network: Network): Network;
  /**
   * From now on these endpoints are out of reach, and no others. Dials and pings to them time out.
   * What is sent or received over links that we have dialled there is lost. Links that have lost
   * something end when the gate opens again, for a stream cannot go on with a hole; others at the
   * latest when the keepalive would have ended them.
   */
  cutOff(endpoints: ReadonlySet<string>): void;
}

interface GateTimeouts {
  /** How long a dial or a ping to nowhere takes, in milliseconds; default 3_000 (Fabric: `dialTimeout`). */
  readonly dialTimeoutMs: number;
  /** How long a silent link lasts, in milliseconds; default 80_000 (Fabric: keepalive 60 s + 20 s). */
  readonly silenceTimeoutMs: number;
}

const TIMEOUTS: GateTimeouts = { dialTimeoutMs: 3_000, silenceTimeoutMs: 80_000 };
const NO_ANSWER = "no answer";

/**
 * The gate stands on the dialling side: every link has one, and only there its target is known. Two
 * gates that cut each other off keep everything from passing, in both directions.
 */
export function createNetworkGate(clock: Clock, timeouts: GateTimeouts = TIMEOUTS): NetworkGate {
  return new Gate(clock, timeouts);
}

class Gate implements NetworkGate {
  readonly #clock: Clock;
  readonly #timeouts: GateTimeouts;
  readonly #links = new Set<GatedLink>();
  #cutOff: ReadonlySet<string> = new Set();

  constructor(clock: Clock, timeouts: GateTimeouts) {
    this.#clock = clock;
    this.#timeouts = timeouts;
  }

  cutOff(endpoints: ReadonlySet<string>): void {
    this.#cutOff = endpoints;
    for (const link of [...this.#links]) link.gateChanged();
  }

  network(network: Network): Network {
    return {
      listen: (accepted, refused) => network.listen(accepted, refused),
      dial: (endpoint, events) => {
        if (this.#cutOff.has(endpoint))
          return this.#loseDial(() => events.failed("timeout", NO_ANSWER));
        return network.dial(endpoint, {
          opened: (link) => events.opened(this.#gate(link, endpoint)),
          failed: (fault, reason) => events.failed(fault, reason),
        });
      },
      ping: (endpoint, done) => {
        if (this.#cutOff.has(endpoint)) return this.#loseDial(() => done("timeout", NO_ANSWER));
        return network.ping(endpoint, done);
      },
      close: () => network.close(),
    };
  }

  #loseDial(failed: () => void): Cancel {
    return this.#clock.after(this.#timeouts.dialTimeoutMs, failed);
  }

  #gate(link: Link, endpoint: string): Link {
    const gated: GatedLink = new GatedLink(link, {
      isCutOff: () => this.#cutOff.has(endpoint),
      lost: (end) => this.#clock.after(this.#timeouts.silenceTimeoutMs, end),
      closed: () => this.#links.delete(gated),
    });
    this.#links.add(gated);
    gated.gateChanged(); // It may have been closed while we dialled.
    return gated;
  }
}

interface GateOfLink {
  isCutOff(): boolean;
  /** Calls back when the link has been silent for too long. */
  lost(end: () => void): Cancel;
  closed(): void;
}

class GatedLink implements Link {
  readonly outbound: boolean;
  readonly remoteAddress: string;
  readonly localCertHash: Uint8Array;
  readonly remoteCertHash: Uint8Array | undefined;
  readonly #link: Link;
  readonly #gate: GateOfLink;
  #events: LinkEvents | undefined;
  /** Set while the gate is closed. */
  #cancelEnd: Cancel | undefined;
  /** Something was lost. */
  #hasHole = false;
  #isClosed = false;

  constructor(link: Link, gate: GateOfLink) {
    this.outbound = link.outbound;
    this.remoteAddress = link.remoteAddress;
    this.localCertHash = link.localCertHash;
    this.remoteCertHash = link.remoteCertHash;
    this.#link = link;
    this.#gate = gate;
  }

  gateChanged(): void {
    if (this.#gate.isCutOff()) {
      this.#cancelEnd ??= this.#gate.lost(() => this.#break());
      return;
    }
    this.#cancelEnd?.();
    this.#cancelEnd = undefined;
    if (this.#hasHole) this.#break();
  }

  start(events: LinkEvents): void {
    this.#events = events;
    this.#link.start({
      message: (bytes) => {
        if (this.#passes()) events.message(bytes);
      },
      drain: () => events.drain(),
      closed: (fault, reason) => {
        // While the gate is closed, not even the end of a link is noticed.
        if (this.#isClosed || this.#passes()) this.#finish(fault, reason);
      },
    });
  }

  admit(): void {
    this.#link.admit();
  }

  send(bytes: Uint8Array): boolean {
    return this.#passes() ? this.#link.send(bytes) : true;
  }

  #passes(): boolean {
    if (this.#cancelEnd === undefined) return true;
    this.#hasHole = true;
    return false;
  }

  close(refusal?: string): void {
    this.#isClosed = true;
    this.#link.close(refusal);
  }

  #break(): void {
    this.close();
    this.#finish("closed", "the keepalive got no answer");
  }

  #finish(...why: Parameters<LinkEvents["closed"]>): void {
    this.#cancelEnd?.();
    this.#gate.closed();
    const events = this.#events;
    this.#events = undefined;
    events?.closed(...why);
  }
}
