/**
 * Peers of a channel, asked over our gossip connections. One question is in flight for each peer, and
 * none is repeated soon that was met with silence.
 */
import type { Identity, PkiId, Random } from "../core/types/host.ts";
import type { Asked, AskedPeer, Match } from "../following/asked-peer.ts";
import { QuestionLine } from "../following/question-line.ts";
import { BoundedMap } from "../lib/bounded-map.ts";
import type { Clock } from "../transport/network.ts";
import type { GossipMessage, GossipMessageInit } from "../wire/messages.ts";

/** For how long a question that was met with silence is not asked again: the first time, and at most. */
const [SILENCE_MS, SILENCE_MAX_MS] = [30_000, 300_000];
const PEERS_MAX = 10_000;

interface GossipPeersOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** False if the peer cannot be reached now. */
  readonly send: (pkiId: PkiId, bytes: Uint8Array) => boolean;
}

export class GossipPeers {
  readonly #options: GossipPeersOptions;
  readonly #peers = new BoundedMap<string, GossipPeer>(PEERS_MAX);

  constructor(options: GossipPeersOptions) {
    this.#options = options;
  }

  /** The peer as far as the channel is concerned; the same object each time. */
  of(channel: string, identity: Identity, name: string): AskedPeer {
    const key = `${channel} ${identity.pkiId}`;
    const known = this.#peers.get(key);
    if (known !== undefined) return known;
    const peer = new GossipPeer(identity, name, this.#options);
    this.#peers.set(key, peer);
    return peer;
  }

  /** A message of the channel; true if somebody had asked for it. */
  receive(channel: string, from: PkiId, message: GossipMessage): boolean {
    return this.#peers.get(`${channel} ${from}`)?.receive(message) ?? false;
  }

  /** The connection to a peer has ended, and with it whatever it was asked. */
  disconnected(channel: string, pkiId: PkiId): void {
    this.#peers.get(`${channel} ${pkiId}`)?.disconnected();
  }
}

class GossipPeer implements AskedPeer {
  readonly identity: Identity;
  readonly name: string;
  readonly clock: Clock;
  readonly #random: Random;
  readonly #line: QuestionLine;

  constructor(identity: Identity, name: string, { clock, random, send }: GossipPeersOptions) {
    this.identity = identity;
    this.name = name;
    this.clock = clock;
    this.#random = random;
    this.#line = new QuestionLine({
      ...{ clock, silenceMs: SILENCE_MS, silenceMaxMs: SILENCE_MAX_MS },
      send: (bytes) => (send(identity.pkiId, bytes) ? undefined : GONE),
    });
  }

  nonce(): bigint {
    return this.#random.uint64();
  }

  ask<T>(kind: string, request: GossipMessageInit, match: Match<T>): Promise<Asked<T>> {
    return this.#line.ask(kind, request, match);
  }

  receive(message: GossipMessage): boolean {
    return this.#line.receive(message);
  }

  disconnected(): void {
    this.#line.fail(GONE.code, GONE.reason);
  }
}

const GONE = { ok: false, code: "unreachable", reason: "it is gone" } as const;
