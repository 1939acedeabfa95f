/**
 * A network in memory, in the time of a given clock: for tests and simulations. Deterministic: what
 * happens, and in which order, follows from the calls and the clock alone. Needs nothing of its
 * platform, so it runs in a browser too.
 */
import { GossipError } from "../lib/errors.ts";
import { EMPTY_BYTES } from "../wire/bytes.ts";
import type { Arrivals, Border, CrossingDial, Send } from "./memory-crossing.ts";
import { type End, MemoryLink, openMemoryLinks, type Pipe } from "./memory-link.ts";
import type { HubOptions, MemorySettings } from "./memory-options.ts";
import { Transit } from "./memory-transit.ts";
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
  /** To be told of what other hubs of the same network hand over. */
  readonly arrivals: Arrivals;
}

interface Hub {
  readonly settings: MemorySettings;
  readonly listeners: Map<string, Node>;
  readonly pipes: Set<Pipe>;
  /** Ends of links in a network of several hubs. */
  readonly ends: Map<number, MemoryLink>;
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
  const hub: Hub = { settings, listeners: new Map(), pipes: new Set(), ends: new Map() };
  return {
    get links() {
      return hub.pipes.size;
    },
    arrivals: arrivalsAt(hub),
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
    const { border, dialTimeoutMs } = this.#hub.settings;
    if (border !== undefined) return this.#dialAcross(border, endpoint, events);
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
    const { ends, listeners, pipes } = this.#hub;
    for (const endpoint of this.#endpoints) {
      if (listeners.get(endpoint) === this.#node) listeners.delete(endpoint);
    }
    for (const stop of this.#pending) stop();
    for (const pipe of pipes) pipe.leave(this.#node.address);
    for (const end of ends.values()) if (end.address === this.#node.address) end.close();
  }

  /** Both hubs open their ends at the same moment, without asking each other then. */
  #dialAcross(border: Border, endpoint: string, events: DialEvents): Cancel {
    const { clock, dialTimeoutMs } = this.#hub.settings;
    const { address } = this.#node;
    const link = border.nextLink();
    const nowMs = clock.now().elapsedMs;
    const atMs = nowMs + Math.min(this.#roundTripMs(endpoint), dialTimeoutMs);
    const isAbroad = border.isAbroad(endpoint);
    if (isAbroad) border.dialled({ link, dialler: address, endpoint, atMs });
    let isWithdrawn = false;
    const cancel = this.#connect(endpoint, dialTimeoutMs, {
      reached: (node) => {
        const near = openEnd(this.#hub, this.#node, node, { link, outbound: true });
        if (!isAbroad) accept(this.#hub, this.#node, node, link);
        if (isWithdrawn) near.close();
        else events.opened(near);
      },
      failed: (fault, reason) => {
        if (!isWithdrawn) events.failed(fault, reason);
      },
    });
    return () => {
      isWithdrawn = true;
      if (clock.now().elapsedMs + border.crossingMs > atMs) return;
      cancel();
      if (isAbroad) border.withdrew(link, endpoint);
    };
  }

  #roundTripMs(endpoint: string): number {
    const { latencyMs } = this.#hub.settings;
    const { address } = this.#node;
    return latencyMs(address, endpoint) + latencyMs(endpoint, address);
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
    const { route } = this.#hub.settings;
    const { address, clock } = this.#node;
    const roundTripMs = this.#roundTripMs(endpoint);
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

/** Ends of a link have numbers next to each other: that of its dialler is even. */
function endOf({ link, outbound }: { link: number; outbound: boolean }): number {
  return 2 * link + (outbound ? 0 : 1);
}

/** Opens our end of a link in a network of several hubs. */
function openEnd(
  hub: Hub,
  own: Node,
  other: Node,
  { link, outbound }: { readonly link: number; readonly outbound: boolean },
): MemoryLink {
  const { settings, ends } = hub;
  const [key, far] = [endOf({ link, outbound }), endOf({ link, outbound: !outbound })];
  const near = new MemoryLink(settings, () => ends.delete(key), {
    outbound,
    own,
    remoteAddress: other.address,
    localCertHash: outbound ? own.clientHash : own.serverHash,
    remoteCertHash: outbound ? other.serverHash : other.clientHash,
  });
  ends.set(key, near);
  const { border } = settings;
  const send = border?.isAbroad(other.address)
    ? border.way(far, own.address, other.address)
    : sendWithin(ends, far);
  const transit = new Transit(near, own.clock, other.windowBytes, send);
  near.join(transit);
  return near;
}

/** Both ends are here; the other one may not be open yet. */
function sendWithin(ends: Hub["ends"], far: number): Send {
  let there: MemoryLink | undefined;
  return (dueMs, sentAtMs, content) => {
    there ??= ends.get(far);
    there?.receive(dueMs, content, sentAtMs);
  };
}

function accept(hub: Hub, dialler: Node, acceptor: Node, link: number): void {
  acceptor.accepted?.(openEnd(hub, acceptor, dialler, { link, outbound: false }));
}

/** What other hubs hand over. */
function arrivalsAt(hub: Hub): Arrivals {
  const { ends, listeners, settings } = hub;
  const dials = new Map<number, Cancel>();

  function answer({ link, dialler, endpoint }: CrossingDial): void {
    dials.delete(link);
    const [from, to] = [listeners.get(dialler), listeners.get(endpoint)];
    if (from !== undefined && to !== undefined) accept(hub, from, to, link);
  }

  return {
    dialled(dial) {
      const delayMs = dial.atMs - settings.clock.now().elapsedMs;
      dials.set(
        dial.link,
        settings.clock.after(delayMs, () => answer(dial)),
      );
    },
    withdrew(link) {
      dials.get(link)?.();
      dials.delete(link);
    },
    sent({ end, dueMs, sentAtMs, contents }) {
      const link = ends.get(end);
      if (link) for (const content of contents) link.receive(dueMs, content, sentAtMs);
    },
  };
}
