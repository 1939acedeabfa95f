/**
 * Peers of a channel, asked over our gossip connections. One question is in flight for each peer, and
 * none is repeated that was met with silence.
 */
import type { Identity, PkiId, Random } from "../core/types/host.ts";
import type { Asked, AskedPeer, AskFault, Match } from "../following/asked-peer.ts";
import { BoundedMap } from "../lib/bounded-map.ts";
import type { Clock } from "../transport/network.ts";
import { encodeUnsigned } from "../wire/envelope.ts";
import type { GossipMessage, GossipMessageInit } from "../wire/messages.ts";
import { accept } from "../wire/verdict.ts";

/** As long as Fabric waits for blocks. */
const ANSWER_TIMEOUT_MS = 3_000;
/** For how long a question that was met with silence is not asked again. */
const SILENCE_MS = 300_000;
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
}

interface Waiting {
  readonly take: (message: GossipMessage) => boolean;
}

class GossipPeer implements AskedPeer {
  readonly identity: Identity;
  readonly name: string;
  readonly #options: GossipPeersOptions;
  readonly #silentSinceMs = new Map<string, number>();
  #waiting: Waiting | undefined;
  /** Ends when the question before is answered. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(identity: Identity, name: string, options: GossipPeersOptions) {
    this.identity = identity;
    this.name = name;
    this.#options = options;
  }

  nonce(): bigint {
    return this.#options.random.uint64();
  }

  ask<T>(kind: string, request: GossipMessageInit, match: Match<T>): Promise<Asked<T>> {
    const turn = this.#turn.then(() => this.#ask(kind, request, match));
    this.#turn = turn;
    return turn;
  }

  receive(message: GossipMessage): boolean {
    return this.#waiting?.take(message) ?? false;
  }

  #ask<T>(kind: string, request: GossipMessageInit, match: Match<T>): Promise<Asked<T>> {
    const { clock, send } = this.#options;
    const nowMs = clock.now().elapsedMs;
    const silentMs = nowMs - (this.#silentSinceMs.get(kind) ?? Number.NEGATIVE_INFINITY);
    if (silentMs < SILENCE_MS) return fail("silent", "it did not answer before");
    if (!send(this.identity.pkiId, encodeUnsigned(request)))
      return fail("unreachable", "it is gone");
    return new Promise((resolve) => {
      const settle = (outcome: Asked<T>): void => {
        cancel();
        this.#waiting = undefined;
        resolve(outcome);
      };
      const cancel = clock.after(ANSWER_TIMEOUT_MS, () => {
        this.#silentSinceMs.set(kind, clock.now().elapsedMs);
        settle({ ok: false, code: "silent", reason: `no answer within ${ANSWER_TIMEOUT_MS} ms` });
      });
      this.#waiting = {
        take(message) {
          const value = match(message);
          if (value !== undefined) settle(accept(value));
          return value !== undefined;
        },
      };
    });
  }
}

function fail(code: AskFault, reason: string): Promise<Asked<never>> {
  return Promise.resolve({ ok: false, code, reason });
}
