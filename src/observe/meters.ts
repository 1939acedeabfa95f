/** What is measured around a running node: its network, its signature checks, its TLS certificates. */

import type { Crypto, PkiId } from "../core/types/host.ts";
import type { Link, LinkEvents, Network } from "../transport/network.ts";
import { type ContentType, parseEnvelope, parseMessage, peekType } from "../wire/envelope.ts";
import { parsePkiId } from "../wire/received.ts";
import type { TlsUse } from "./events.ts";

/** Durations counted by their upper bound: a histogram as Prometheus knows it. */
export interface Histogram {
  /** Upper bounds in seconds, ascending; what is longer than the last is counted all the same. */
  readonly bounds: readonly number[];
  /** Durations up to the bound of the same index and above the one before. */
  readonly counts: number[];
  /** All durations together, in seconds, and how many they were. */
  sum: number;
  count: number;
}

export interface Volume {
  messages: number;
  /** Of encoded envelopes: framing and TLS come on top. */
  bytes: number;
}

/** One direction, by type (`alive`, `hello`); `unknown`: of no type that we know. Types that did not occur are missing. */
export type Volumes = Map<string, Volume>;

/**
 * Messages and bytes by type. Whatever comes first on a stream is its handshake and counts as
 * `conn-establish`; nothing else does.
 */
export interface MeteredTraffic {
  readonly sent: Volumes;
  readonly received: Volumes;
}

export interface Meters {
  readonly traffic: MeteredTraffic;
  /** Of signature checks. */
  readonly checks: Histogram;
  /** By use: when the certificate expires, milliseconds since the epoch. */
  tlsNotAfterMs: ReadonlyMap<TlsUse, number>;
}

/** Bounds for the seconds of one check: P-256 takes 50 to 100 microseconds, P-384 ten times that. */
const CHECK_BOUNDS = [50e-6, 100e-6, 200e-6, 500e-6, 1e-3, 2e-3, 5e-3, 20e-3];

export function createMeters(): Meters {
  return {
    traffic: { sent: new Map(), received: new Map() },
    checks: createHistogram(CHECK_BOUNDS),
    tlsNotAfterMs: new Map(),
  };
}

/** Certificates are in force from now on, beside those for other uses. */
export function noteTls(meters: Meters, expiries: ReadonlyMap<TlsUse, number>): void {
  meters.tlsNotAfterMs = new Map([...meters.tlsNotAfterMs, ...expiries]);
}

export function createHistogram(bounds: readonly number[]): Histogram {
  return { bounds, counts: bounds.map(() => 0), sum: 0, count: 0 };
}

export function addDuration(histogram: Histogram, seconds: number): void {
  const { bounds, counts } = histogram;
  const index = bounds.findIndex((bound) => seconds <= bound);
  if (index >= 0) counts[index] = (counts[index] ?? 0) + 1;
  histogram.sum += seconds;
  histogram.count += 1;
}

/** The same crypto; adds the seconds of each signature check to `seconds`. */
export function meterChecks(crypto: Crypto, seconds: Histogram): Crypto {
  return {
    ...crypto,
    verify(identity, payload, signature) {
      const startedMs = performance.now();
      const isValid = crypto.verify(identity, payload, signature);
      addDuration(seconds, (performance.now() - startedMs) / 1_000);
      return isValid;
    },
  };
}

/** Messages of all types; handshakes do not count (spec A 6.9). */
export function messagesOf(volumes: Volumes): number {
  let sum = 0;
  for (const [type, { messages }] of volumes) if (type !== "conn-establish") sum += messages;
  return sum;
}

type Direction = keyof MeteredTraffic;

/** Hears of each message that crosses one link. */
type LinkWatcher = (direction: Direction, bytes: Uint8Array) => void;

/** A link whose messages are shown. */
interface TappedLink {
  /** The endpoint we dialled, or the address of the socket that came in. */
  readonly remote: string;
  /** Who the other side says it is in its handshake; null before that. Not verified here. */
  readonly pkiId: PkiId | null;
}

/** Shows messages to somebody. */
export type Tap = (
  link: TappedLink,
  direction: Direction,
  type: ContentType | undefined,
  bytes: Uint8Array,
) => void;

/** The same network; adds what it carries to `traffic`, if given, and shows it to the taps. */
export function meterNetwork(
  network: Network,
  traffic: MeteredTraffic | undefined,
  taps: ReadonlySet<Tap>,
): Network {
  return watchNetwork(network, (remote) => {
    const link: { remote: string; pkiId: PkiId | null } = { remote, pkiId: null };
    const isFirst = createFirsts();
    return (direction, bytes) => {
      const isHandshake = isFirst(direction);
      if (isHandshake && direction === "received") link.pkiId = pkiIdIn(bytes);
      if (traffic === undefined && taps.size === 0) return;
      const type = peekType(bytes);
      if (traffic) count(traffic[direction], typeName(type, isHandshake), bytes);
      for (const tap of taps) tap(link, direction, type, bytes);
    };
  });
}

/** Whether it is the first message in its direction. */
function createFirsts(): (direction: Direction) => boolean {
  let [hasSent, hasReceived] = [false, false];
  return (direction) => {
    const had = direction === "sent" ? hasSent : hasReceived;
    if (direction === "sent") hasSent = true;
    else hasReceived = true;
    return !had;
  };
}

/** The first message of a stream is its handshake, and no other is. */
function typeName(type: ContentType | undefined, isHandshake: boolean): string {
  if (isHandshake) return "conn-establish";
  return type === undefined || type === "conn-establish" ? "unknown" : type;
}

function count(volumes: Volumes, type: string, { length }: Uint8Array): void {
  const volume = volumes.get(type) ?? { messages: 0, bytes: 0 };
  volume.messages += 1;
  volume.bytes += length;
  volumes.set(type, volume);
}

/** Who a handshake says it is from; null if it is none. */
function pkiIdIn(bytes: Uint8Array): PkiId | null {
  if (peekType(bytes) !== "conn-establish") return null;
  const envelope = parseEnvelope(bytes);
  const message = envelope.ok ? parseMessage(envelope.value.payload) : envelope;
  if (!message.ok || message.value.content?.type !== "conn-establish") return null;
  return parsePkiId(message.value.content.value.pkiId) ?? null;
}

/**
 * The same network. `watch` is called for each link, with the endpoint that we dialled or the address
 * of the socket that came in.
 */
export function watchNetwork(network: Network, watch: (remote: string) => LinkWatcher): Network {
  return {
    listen: (accepted, refused) =>
      network.listen((link) => accepted(watchLink(link, watch(link.remoteAddress))), refused),
    dial: (endpoint, events) =>
      network.dial(endpoint, {
        opened: (link) => events.opened(watchLink(link, watch(endpoint))),
        failed: (fault, reason) => events.failed(fault, reason),
      }),
    ping: (endpoint, done) => network.ping(endpoint, done),
    close: () => network.close(),
  };
}

function watchLink(link: Link, watch: LinkWatcher): Link {
  return new WatchedLink(link, watch);
}

/** One object for both directions, as each message passes it twice. */
class WatchedLink implements Link, LinkEvents {
  readonly outbound: boolean;
  readonly remoteAddress: string;
  readonly localCertHash: Uint8Array;
  readonly remoteCertHash: Uint8Array | undefined;
  readonly #link: Link;
  readonly #watch: LinkWatcher;
  #events: LinkEvents | undefined;
  #isClosed = false;

  constructor(link: Link, watch: LinkWatcher) {
    this.outbound = link.outbound;
    this.remoteAddress = link.remoteAddress;
    this.localCertHash = link.localCertHash;
    this.remoteCertHash = link.remoteCertHash;
    this.#link = link;
    this.#watch = watch;
  }

  start(events: LinkEvents): void {
    this.#events = events;
    this.#link.start(this);
  }

  admit(): void {
    this.#link.admit();
  }

  send(bytes: Uint8Array): boolean {
    if (!this.#isClosed) this.#watch("sent", bytes);
    return this.#link.send(bytes);
  }

  close(refusal?: string): void {
    this.#isClosed = true;
    this.#link.close(refusal);
  }

  message(bytes: Uint8Array): void {
    this.#watch("received", bytes);
    this.#events?.message(bytes);
  }

  drain(): void {
    this.#events?.drain();
  }

  closed(...why: Parameters<LinkEvents["closed"]>): void {
    this.#isClosed = true;
    this.#events?.closed(...why);
  }
}
