/** The streams of a reader: one to each peer, reopened after a loss. */
import { X509Certificate } from "node:crypto";
import { channelNameFault } from "../lib/channel-name.ts";
import { collect } from "../lib/collect.ts";
import { GossipError } from "../lib/errors.ts";
import { givenSigner } from "../msp/given-signer.ts";
import { certificatePem } from "../msp/identity.ts";
import { tlsChainFault } from "../msp/tls-chain.ts";
import { keyDoubt } from "../msp/unfit-key.ts";
import { createSystemClock, createSystemRandom } from "../node/runtime.ts";
import { PartialFrameBudget } from "../transport/limits.ts";
import type { Clock } from "../transport/network.ts";
import { type Asker, loadReaderCredentials, type PeerTarget } from "./credentials.ts";
import type { ReadChannelOptions } from "./options.ts";
import { MESSAGE_BYTES_MAX, openPeerStream, type PeerStream } from "./peer-stream.ts";
import { ReadError } from "./read-error.ts";
import { isRefusal, isUnreachable, type ReadFailure, tellFailure } from "./remedies.ts";
import { createUnjudgedCrypto } from "./unjudged.ts";

/** Peers queried in parallel. */
const TARGETS_MAX = 100;
/** Shared by all peers: room for one longest message in use, the next one under way, and small ones. */
const MEMORY_BYTES = 2 * MESSAGE_BYTES_MAX + 4_194_304;
/** First and last pause between attempts to reach a lost peer; doubles in between. */
const REDIAL_MS = 1_000;
const REDIAL_MAX_MS = 30_000;

/** A peer to query, and its state. */
interface SessionPeer {
  readonly target: PeerTarget;
  stream: PeerStream | undefined;
  /** Why the peer is unusable; undefined while it is usable. */
  failure: ReadFailure | undefined;
  /** Not dialled before this time of the monotonic clock. */
  notBeforeMs: number;
  delayMs: number;
  /** The attempt under way, which all that need the peer wait for: it keeps one stream of ours. */
  dialling: Promise<void> | undefined;
  /** Another address of the same peer, which is used in the place of this one: it has no stream. */
  sameAs: { readonly peer: SessionPeer; readonly pkiId: string } | undefined;
}

export class Session {
  readonly channel: string;
  readonly asker: Asker;
  readonly clock: Clock;
  readonly #answerTimeoutMs: number | undefined;
  readonly #certFile: string | undefined;
  readonly peers: readonly SessionPeer[];
  readonly #random = createSystemRandom();
  readonly #crypto = createUnjudgedCrypto();
  readonly #memory = new PartialFrameBudget(MEMORY_BYTES);
  readonly #closing = new AbortController();

  private constructor(
    { channel, answerTimeoutMs, cert }: ReadChannelOptions,
    asker: Asker,
    targets: readonly PeerTarget[],
    clock: Clock,
  ) {
    this.channel = channel;
    this.#answerTimeoutMs = answerTimeoutMs;
    this.#certFile = cert;
    this.asker = { ...asker, signer: givenSigner(asker.signer) };
    this.clock = clock;
    this.peers = targets.map((target) => ({
      target,
      stream: undefined,
      failure: undefined,
      notBeforeMs: 0,
      delayMs: REDIAL_MS,
      dialling: undefined,
      sameAs: undefined,
    }));
  }

  /** Throws `config-invalid` with all problems of the options; dials nobody yet. */
  static async create(options: ReadChannelOptions): Promise<Session> {
    const problems: string[] = [];
    const { channel } = options;
    const misnamed = channelNameFault(channel);
    if (misnamed !== undefined) problems.push(misnamed);
    const clock = createSystemClock();
    const found = await collect(problems, loadReaderCredentials(options, clock.now().wallMs));
    if (found !== undefined && found.targets.length > TARGETS_MAX) {
      problems.push(`At most ${TARGETS_MAX} peers: name some by --peer.`);
    }
    if (found === undefined || problems.length > 0) {
      throw new GossipError("config-invalid", problems);
    }
    return new Session(options, found.asker, found.targets, clock);
  }

  /** Aborted by `close()`. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Throws after `close()`. */
  requireOpen(): void {
    if (!this.closing.aborted) return;
    throw new GossipError("closed", "the reader was closed: open another one");
  }

  /** Dials peers without a stream that may be dialled again, and waits for all attempts under way. */
  async connect(): Promise<void> {
    this.requireOpen();
    const { elapsedMs } = this.clock.now();
    const isDue = (one: SessionPeer) =>
      !isLive(one) && one.sameAs === undefined && one.notBeforeMs <= elapsedMs;
    // An attempt that fails makes other addresses of that peer due.
    do {
      for (const peer of this.peers.filter(isDue)) void this.#attempt(peer);
      await Promise.all(this.peers.map(({ dialling }) => dialling));
    } while (!this.closing.aborted && this.peers.some(isDue));
  }

  /** The open streams. */
  streams(): readonly PeerStream[] {
    return this.peers.flatMap((peer) => (isLive(peer) ? [peer.stream] : []));
  }

  /** Throws if no peer can be queried: unreachable if nobody is there, else refused. */
  requireStreams(): readonly PeerStream[] {
    const streams = this.streams();
    if (streams.length > 0) return streams;
    const failures = this.peers.flatMap(({ failure }) => failure ?? []);
    const code = failures.every(isUnreachable) ? "unreachable" : "refused";
    throw new ReadError(code, this.notes());
  }

  /** An unresponsive peer is not asked again. */
  fail(stream: PeerStream, failure: ReadFailure): void {
    const peer = this.peers.find((one) => one.stream === stream);
    if (peer === undefined) return;
    peer.failure = { code: failure.code, reason: failure.reason };
    const isFinal = stream.end === undefined;
    if (isFinal) peer.notBeforeMs = Number.POSITIVE_INFINITY;
  }

  /** Why peers are unusable, one sentence each; and what may be why they refuse us. */
  notes(): readonly string[] {
    const failures = this.peers.flatMap(({ target, failure, stream }) => {
      const why = failure ?? stream?.end;
      return why === undefined ? [] : [{ target, why }];
    });
    const notes = [
      ...failures.map(({ target, why }) => tellFailure(target, why)),
      ...this.peers.flatMap(({ target, sameAs }) =>
        sameAs === undefined
          ? []
          : [`${target.name} is the same peer as ${sameAs.peer.target.name}: name it once.`],
      ),
    ];
    const { identity } = this.asker;
    const { publicKey } = new X509Certificate(certificatePem(identity));
    const doubt = keyDoubt(this.#certFile ?? identity.subject, publicKey);
    const isRefused = failures.some(({ why }) => isRefusal(why));
    return isRefused && doubt !== undefined ? [...notes, doubt] : notes;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.peers.map(({ stream }) => stream?.close()));
  }

  #attempt(peer: SessionPeer, ready: Promise<unknown> = Promise.resolve()): Promise<void> {
    peer.dialling ??= ready
      .then(() => this.#dial(peer))
      .finally(() => {
        peer.dialling = undefined;
      });
    return peer.dialling;
  }

  async #dial(peer: SessionPeer): Promise<void> {
    if (this.closing.aborted) return;
    const opened = await openPeerStream({
      target: peer.target,
      asker: this.asker,
      crypto: this.#crypto,
      clock: this.clock,
      random: this.#random,
      memory: this.#memory,
      answerTimeoutMs: this.#answerTimeoutMs,
      signal: this.closing,
      judgeTls: (chain, anchors, use) => tlsChainFault(chain, anchors, { use, atMs: Date.now() }),
    });
    // Peers that keep ending our streams are redialled slowly.
    peer.notBeforeMs = this.clock.now().elapsedMs + peer.delayMs;
    peer.delayMs = Math.min(2 * peer.delayMs, REDIAL_MAX_MS);
    if (!opened.ok) {
      peer.failure = { code: opened.code, reason: opened.reason };
      this.#separate(peer, undefined);
      return;
    }
    const stream = opened.value;
    if (this.closing.aborted) return stream.close();
    peer.failure = undefined;
    const { pkiId } = stream.identity;
    this.#separate(peer, pkiId);
    const same = this.peers.find((one) => one !== peer && one.stream?.identity.pkiId === pkiId);
    if (same === undefined) peer.stream = stream;
    else await this.#merge(peer, same, stream);
  }

  /**
   * One peer under two addresses ends one of our streams for the other, we cannot know which. No
   * two attempts wait for each other: an address that waits has no stream, so none merges into it.
   */
  async #merge(peer: SessionPeer, same: SessionPeer, stream: PeerStream): Promise<void> {
    peer.sameAs = { peer: same, pkiId: stream.identity.pkiId };
    const former = same.stream;
    peer.stream = undefined;
    same.stream = undefined;
    const closed = Promise.all([stream.close(), former?.close()]);
    await this.#attempt(same, closed);
    // Separated again: it was reached there before, and now only here.
    if (peer.sameAs === undefined) await this.#dial(peer);
  }

  /** Has the addresses dialled again in whose place this one was used, unless it leads to their peer. */
  #separate(peer: SessionPeer, pkiId: string | undefined): void {
    for (const one of this.peers) {
      if (one.sameAs?.peer !== peer || one.sameAs.pkiId === pkiId) continue;
      one.sameAs = undefined;
      one.notBeforeMs = 0;
    }
  }
}

function isLive(peer: SessionPeer): peer is SessionPeer & { stream: PeerStream } {
  return peer.failure === undefined && peer.stream !== undefined && peer.stream.end === undefined;
}
