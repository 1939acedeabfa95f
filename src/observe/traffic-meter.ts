/** Counts what goes over a network by the type of message, without a change to the network. */
import type { Link, LinkEvents, Network } from "../transport/network.ts";
import { peekType } from "../wire/peek-type.ts";

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

export function createMeteredTraffic(): MeteredTraffic {
  return { sent: new Map(), received: new Map() };
}

/** Messages of all types; handshakes do not count (spec A 6.9). */
export function messagesOf(volumes: Volumes): number {
  let sum = 0;
  for (const [type, { messages }] of volumes) if (type !== "conn-establish") sum += messages;
  return sum;
}

/** The same network; what it carries is added to `traffic`. */
export function meterNetwork(network: Network, traffic: MeteredTraffic): Network {
  return {
    listen: (accepted, refused) =>
      network.listen((link) => accepted(meterLink(link, traffic)), refused),
    dial: (endpoint, events) =>
      network.dial(endpoint, {
        opened: (link) => events.opened(meterLink(link, traffic)),
        failed: (fault, reason) => events.failed(fault, reason),
      }),
    ping: (endpoint, done) => network.ping(endpoint, done),
    close: () => network.close(),
  };
}

function meterLink(link: Link, { sent, received }: MeteredTraffic): Link {
  const noteSent = meter(sent);
  const noteReceived = meter(received);
  let isClosed = false;
  const { outbound, remoteAddress, localCertHash, remoteCertHash } = link;
  return {
    outbound,
    remoteAddress,
    localCertHash,
    remoteCertHash,
    start: (events) =>
      link.start({
        message(bytes) {
          noteReceived(bytes);
          events.message(bytes);
        },
        drain: () => events.drain(),
        closed(...why: Parameters<LinkEvents["closed"]>) {
          isClosed = true;
          events.closed(...why);
        },
      }),
    admit: () => link.admit(),
    send(bytes) {
      if (!isClosed) noteSent(bytes);
      return link.send(bytes);
    },
    close(refusal) {
      isClosed = true;
      link.close(refusal);
    },
  };
}

/** Counts the messages of one direction of one stream. */
function meter(volumes: Volumes): (bytes: Uint8Array) => void {
  let isFirst = true;
  return (bytes) => {
    const type = isFirst ? "conn-establish" : typeOf(bytes);
    isFirst = false;
    const volume = volumes.get(type) ?? { messages: 0, bytes: 0 };
    volume.messages += 1;
    volume.bytes += bytes.length;
    volumes.set(type, volume);
  };
}

function typeOf(bytes: Uint8Array): string {
  const type = peekType(bytes);
  return type === undefined || type === "conn-establish" ? "unknown" : type;
}
