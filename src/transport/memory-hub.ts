/**
 * A network in memory, in the time of a given clock: for tests and simulations. Deterministic: what
 * happens, and in which order, follows from the calls and the clock alone. Needs nothing of its
 * platform, so it runs in a browser too.
 */
import { GossipError } from "../lib/errors.ts";
import { EMPTY_BYTES } from "../wire/bytes.ts";
import { type End, openMemoryLinks, type Pipe } from "./memory-link.ts";
import type { HubOptions, MemorySettings } from "./memory-options.ts";
import type { Cancel, Clock, DialEvents, Link, Network, NetworkFault } from "./network.ts";
import { PING_SHARE } from "./patience.ts";

interface MemoryNetworkOptions {
  /** Where others dial this network; the first is its address on routes. */
  readonly endpoints: readonly [string, ...string[]];
  /** Stands for the certificate of both roles; undefined: shows none. Ignored without TLS. */
  readonly certificate?: Uint8Array;
  /** The certificate when dialling; default: `certificate`. */
  readonly clientCertificate?: Uint8Array;
  /** Calls this network's user back: of a process that stands still, late; default: the hub's. */
  readonly clock?: Clock;
  /** What it takes off the network is limited to a message in so many milliseconds; default 0. */
  readonly readMs?: number;
  /** Bytes on their way to it on one link before the other side must wait; default: the hub's. */
  readonly windowBytes?: number;
}

export interface MemoryHub {
  network(options: MemoryNetworkOptions): Network;
  /** Breaks every link between addresses for which this is true; both sides see it after 0 ms. */
  dropLinks(isDropped: (dialler: string, acceptor: string) => boolean): void;
  /** To be called after `route` has begun to answer differently: what was held back moves on. */
  routesChanged(): void;
  /** Open links. */
  readonly links: number;
}

interface Hub {
  readonly settings: MemorySettings;
  readonly listeners: Map<string, Node>;
  readonly pipes: Set<Pipe>;
}

interface Node extends End {
  readonly address: string;
  readonly serverHash: Uint8Array | undefined;
  readonly clientHash: Uint8Array | undefined;
  accepted: ((link: Link) => void) | undefined;
}

export function createHub(options: HubOptions): MemoryHub {
  const settings: MemorySettings = {
    tls: true,
    latencyMs: () => 0,
    route: () => "pass",
    dialTimeoutMs: 3_000,
    silenceTimeoutMs: 80_000,
    messageBytesMax: 104_857_600,
    windowBytes: 65_536,
    sharesBytes: false,
    delivered: () => {},
    ...options,
  };
  const hub: Hub = { settings, listeners: new Map(), pipes: new Set() };
  return {
    get links() {
      return hub.pipes.size;
    },
    network: (node) => new MemoryNetwork(hub, node),

    dropLinks(isDropped) {
      for (const pipe of hub.pipes) {
        if (isDropped(pipe.dialler, pipe.acceptor)) pipe.break("closed", "the link broke");
      }
    },

    routesChanged() {
      for (const pipe of hub.pipes) pipe.routesChanged();
    },
  };
}

class MemoryNetwork implements Network {
  readonly #hub: Hub;
  readonly #node: Node;
  readonly #endpoints: readonly string[];
  readonly #pending = new Set<Cancel>();
  #closed = false;

  constructor(hub: Hub, options: MemoryNetworkOptions) {
    const hash = (certificate: Uint8Array | undefined): Uint8Array | undefined => {
      if (!hub.settings.tls) return EMPTY_BYTES;
      return certificate && hub.settings.hash(certificate);
    };
    this.#hub = hub;
    this.#endpoints = options.endpoints;
    this.#node = {
      address: options.endpoints[0],
      clock: options.clock ?? hub.settings.clock,
      readMs: options.readMs ?? 0,
      windowBytes: options.windowBytes ?? hub.settings.windowBytes,
      serverHash: hash(options.certificate),
      clientHash: hash(options.clientCertificate ?? options.certificate),
      accepted: undefined,
    };
  }

  async listen(accepted: (link: Link) => void): Promise<void> {
    const { listeners } = this.#hub;
    const taken = this.#endpoints.find((endpoint) => listeners.has(endpoint));
    if (taken !== undefined) {
      throw new GossipError("listen-failed", `${taken} is in use; choose another endpoint.`);
    }
    this.#node.accepted = accepted;
    for (const endpoint of this.#endpoints) listeners.set(endpoint, this.#node);
  }

  dial(endpoint: string, events: DialEvents): Cancel {
    const { dialTimeoutMs } = this.#hub.settings;
    return this.#connect(endpoint, dialTimeoutMs, {
      reached: (node) => events.opened(this.#open(node)),
      failed: (fault, reason) => events.failed(fault, reason),
    });
  }

  ping(endpoint: string, done: (fault: NetworkFault | undefined, reason: string) => void): Cancel {
    const timeoutMs = this.#hub.settings.dialTimeoutMs * PING_SHARE;
    return this.#connect(endpoint, timeoutMs, {
      reached: () => done(undefined, ""),
      failed: done,
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const { listeners, pipes } = this.#hub;
    for (const endpoint of this.#endpoints) {
      if (listeners.get(endpoint) === this.#node) listeners.delete(endpoint);
    }
    for (const stop of this.#pending) stop();
    for (const pipe of pipes) pipe.leave(this.#node.address);
  }

  #open(node: Node): Link {
    const { outbound, inbound, pipe } = openMemoryLinks(this.#hub.settings, {
      dialler: this.#node,
      acceptor: node,
      diallerHash: this.#node.clientHash,
      acceptorHash: node.serverHash,
      closed: () => this.#hub.pipes.delete(pipe),
    });
    this.#hub.pipes.add(pipe);
    node.accepted?.(inbound);
    return outbound;
  }

  /** There and back again, or a failure; stopped by `close`. */
  #connect(endpoint: string, timeoutMs: number, events: ConnectEvents): Cancel {
    const { latencyMs, route } = this.#hub.settings;
    const { address, clock } = this.#node;
    const roundTripMs = latencyMs(address, endpoint) + latencyMs(endpoint, address);
    const waitMs = Math.min(roundTripMs, timeoutMs);
    let cancelTimer: Cancel = () => {};
    const settle = (): void => {
      cancelTimer();
      this.#pending.delete(stop);
    };
    const fail = (fault: NetworkFault, reason: string): void => {
      settle();
      events.failed(fault, reason);
    };
    const stop = (): void => fail("stopped", "the network is closed");
    this.#pending.add(stop);
    const arrive = (): void => {
      const node = this.#hub.listeners.get(endpoint);
      const there = route(address, node?.address ?? endpoint);
      const back = route(node?.address ?? endpoint, address);
      if (there === "lose" || back === "lose" || roundTripMs > timeoutMs) {
        cancelTimer = clock.after(timeoutMs - waitMs, () => fail("timeout", "no answer"));
      } else if (node === undefined || there === "refuse") {
        fail("unreachable", `nothing listens on ${endpoint}`);
      } else {
        settle();
        events.reached(node);
      }
    };
    const soon = this.#closed ? stop : arrive;
    cancelTimer = clock.after(waitMs, soon);
    return settle;
  }
}

interface ConnectEvents {
  reached(node: Node): void;
  failed(fault: NetworkFault, reason: string): void;
}
