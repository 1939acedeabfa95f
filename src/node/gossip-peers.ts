/**
 * Peers of a channel, asked over our gossip connections. One question is in flight for each peer, and
 * none is repeated soon that was met with silence.
 */
import type { Core } from "../core/core.ts";
import { isOnChannel } from "../core/tables/channels.ts";
import { preferredEndpoint } from "../core/tables/members.ts";
import type { Identity, PkiId, Random } from "../core/types/host.ts";
import type { Asked, AskedPeer, Match } from "../following/asked-peer.ts";
import { QuestionLine } from "../following/question-line.ts";
import { BoundedMap } from "../lib/bounded-map.ts";
import type { Connections } from "../transport/connection-options.ts";
import type { Clock } from "../transport/network.ts";
import type { GossipMessage, GossipMessageInit } from "../wire/messages.ts";

/** For how long a question that was met with silence is not asked again: the first time, and at most. */
const [SILENCE_MS, SILENCE_MAX_MS] = [30_000, 300_000];
const PEERS_MAX = 10_000;

interface GossipPeersOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Whether the peer may still be asked about the channel: not if its organisation was removed. */
  readonly isOn: (channel: string, mspId: string) => boolean;
  /** False if the peer cannot be reached now. `isAllowed`: whether it may be sent, if it has to wait. */
  readonly send: (pkiId: PkiId, bytes: Uint8Array, isAllowed: () => boolean) => boolean;
  /** What came of a question about a channel. */
  readonly asked: (channel: string, peer: AskedPeer, outcome: Asked<unknown>) => void;
}

/** The members of the core, over these connections. */
export function createGossipPeers(
  { options, channels, members }: Core,
  clock: Clock,
  connections: Pick<Connections, "send">,
  asked: GossipPeersOptions["asked"],
): GossipPeers {
  return new GossipPeers({
    ...{ clock, random: options.random, asked },
    isOn(name, mspId) {
      const channel = channels.table.get(name);
      return channel !== undefined && isOnChannel(channel, mspId, options.self.mspId);
    },
    send(pkiId, bytes, isAllowed) {
      const member = members.table.get(pkiId);
      if (member?.status !== "alive") return false;
      const endpoint = preferredEndpoint(member);
      connections.send({ pkiId, endpoint }, [{ bytes, isPersonal: true, isAllowed }]);
      return true;
    },
  });
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
    const peer = new GossipPeer(channel, identity, name, this.#options);
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
  readonly #asked: (outcome: Asked<unknown>) => void;

  constructor(
    channel: string,
    identity: Identity,
    name: string,
    { clock, random, isOn, send, asked }: GossipPeersOptions,
  ) {
    this.identity = identity;
    this.name = name;
    this.clock = clock;
    this.#random = random;
    this.#asked = (outcome) => asked(channel, this, outcome);
    this.#line = new QuestionLine({
      ...{ clock, silenceMs: SILENCE_MS, silenceMaxMs: SILENCE_MAX_MS },
      send(bytes) {
        const isAllowed = (): boolean => isOn(channel, identity.mspId);
        if (!isAllowed()) return REMOVED;
        return send(identity.pkiId, bytes, isAllowed) ? undefined : GONE;
      },
    });
  }

  nonce(): bigint {
    return this.#random.uint64();
  }

  async ask<T>(kind: string, request: GossipMessageInit, match: Match<T>): Promise<Asked<T>> {
    const outcome = await this.#line.ask(kind, request, match);
    this.#asked(outcome);
    return outcome;
  }

  receive(message: GossipMessage): boolean {
    return this.#line.receive(message);
  }

  disconnected(): void {
    this.#line.fail(GONE.code, GONE.reason);
  }
}

const REMOVED = {
  ok: false,
  code: "unreachable",
  reason: "its organisation is not on the channel any more",
} as const;
const GONE = { ok: false, code: "unreachable", reason: "it is gone" } as const;
