/** Counts what goes over a network by the type of message, without a change to the network. */
import type { Network } from "../transport/network.ts";
import { watchNetwork } from "../transport/watched-network.ts";
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
export function meterNetwork(network: Network, { sent, received }: MeteredTraffic): Network {
  return watchNetwork(network, () => ({ sent: meter(sent), received: meter(received) }));
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
