/**
 * One authenticated stream to one peer, on which we ask and are answered. We send what a client may:
 * the handshake, identity pulls, StateInfo pulls and state requests; never an alive message or a
 * StateInfo. One request is in flight at a time, and none is repeated that was met with silence.
 */
import type { Crypto, Identity, Random } from "../core/types/host.ts";
import type { Asked, AskedPeer, AskFault, Match } from "../following/asked-peer.ts";
import { QuestionLine } from "../following/question-line.ts";
import { createGrpcNetwork, type GrpcNetwork } from "../transport/grpc.ts";
import { shakeHands } from "../transport/handshake.ts";
import type { PartialFrameBudget } from "../transport/limits.ts";
import type { Clock, Link, LinkEvents, NetworkFault } from "../transport/network.ts";
import { isRefusal } from "../transport/refusal.ts";
import type { TlsJudge } from "../transport/tls-credentials.ts";
import { copyBytes } from "../wire/bytes.ts";
import { parseEnvelope, parseMessage } from "../wire/envelope.ts";
import type { GossipMessage, GossipMessageInit } from "../wire/messages.ts";
import { accept, reject, type Verdict } from "../wire/verdict.ts";
import type { Asker, PeerTarget } from "./credentials.ts";

interface StreamOptions {
  readonly target: PeerTarget;
  readonly asker: Asker;
  /** Judges the peer's identity. */
  readonly crypto: Crypto;
  readonly clock: Clock;
  readonly random: Random;
  readonly judgeTls: TlsJudge;
  /** Memory that all streams of a reader share: partial messages, and answers in use. */
  readonly memory: PartialFrameBudget;
  /** From dial to finished handshake. */
  readonly connectTimeoutMs?: number;
  /** For one answer; default: as `QuestionLine` has it. */
  readonly answerTimeoutMs?: number | undefined;
  /** Ends the attempt. */
  readonly signal?: AbortSignal | undefined;
}

/** As much as Fabric's peers send (`peer.maxSendMsgSize`). */
export const MESSAGE_BYTES_MAX = 104_857_600;
/** Blocks come as fast as we ask for them. */
const BYTES_PER_SECOND = 1_073_741_824;
const CONNECT_TIMEOUT_MS = 10_000;
const HANDSHAKE_TIMEOUT_MS = 3_000;
const CLOSED = "we closed it";

/** Dials, shakes hands, and returns the stream. */
export function openPeerStream(options: StreamOptions): Promise<Asked<PeerStream>> {
  const { target, clock, signal, connectTimeoutMs = CONNECT_TIMEOUT_MS } = options;
  const network = createGrpcNetwork({
    listen: { host: "127.0.0.1", port: 0 }, // Never bound: we only dial.
    ...(target.tls ? { tls: target.tls } : {}),
    judgeTls: options.judgeTls,
    partialFrames: options.memory,
    limits: { receivedBytesMax: MESSAGE_BYTES_MAX, receivedBytesPerSecond: BYTES_PER_SECOND },
  });
  return new Promise((resolve) => {
    const finish = (outcome: Asked<PeerStream>): void => {
      cancelTimer();
      signal?.removeEventListener("abort", stop);
      if (!outcome.ok) void network.close();
      resolve(outcome);
    };
    const fail = (code: AskFault, reason: string): void => finish({ ok: false, code, reason });
    const cancelTimer = clock.after(connectTimeoutMs, () =>
      fail("timeout", `no handshake within ${connectTimeoutMs} ms`),
    );
    const stop = (): void => fail("stopped", CLOSED);
    signal?.addEventListener("abort", stop);
    network.dial(target.endpoint, {
      failed: fail,
      opened: (link) => greet(link, network, options, finish),
    });
  });
}

function greet(
  link: Link,
  network: GrpcNetwork,
  options: StreamOptions,
  finish: (outcome: Asked<PeerStream>) => void,
): void {
  const { asker, crypto, clock } = options;
  const { signer, identity: self } = asker;
  const shaking = { link, clock, crypto, signer, self, probe: false };
  shakeHands(
    { ...shaking, timeoutMs: HANDSHAKE_TIMEOUT_MS },
    {
      refused: (code, reason) => finish({ ok: false, code, reason }),
      accepted({ identity }) {
        const stream = new PeerStream(link, identity, network, options);
        finish(accept(stream));
        return stream.events;
      },
    },
  );
}

export class PeerStream implements AskedPeer {
  readonly target: PeerTarget;
  /** The identity from the handshake, judged by the stream's crypto. */
  readonly identity: Identity;
  readonly clock: Clock;
  readonly events: LinkEvents;
  readonly #link: Link;
  readonly #network: GrpcNetwork;
  readonly #random: Random;
  readonly #line: QuestionLine;
  readonly #memory: PartialFrameBudget;
  /** Uses of answers that have not ended, and the bytes that came meanwhile. */
  #uses = 0;
  #usedBytes = 0;
  #end: { readonly code: AskFault; readonly reason: string } | undefined;

  constructor(link: Link, identity: Identity, network: GrpcNetwork, options: StreamOptions) {
    this.#link = link;
    this.identity = identity;
    this.target = options.target;
    this.clock = options.clock;
    this.#network = network;
    this.#random = options.random;
    this.#memory = options.memory;
    this.#line = new QuestionLine({
      clock: options.clock,
      silenceMs: Number.POSITIVE_INFINITY,
      answerTimeoutMs: options.answerTimeoutMs,
      send: (bytes) => this.#send(bytes),
    });
    this.events = {
      message: (bytes) => this.#receive(bytes),
      drain: () => {},
      closed: (code, reason) => this.#closed(code, reason),
    };
  }

  /** Why it ended; undefined while it lives. */
  get end(): { readonly code: AskFault; readonly reason: string } | undefined {
    return this.#end;
  }

  get name(): string {
    return this.target.name;
  }

  nonce(): bigint {
    return this.#random.uint64();
  }

  ask<T>(kind: string, request: GossipMessageInit, match: Match<T>): Promise<Asked<T>> {
    return this.#line.ask(kind, request, match);
  }

  /**
   * Until the work ends, all that the peer sends takes its share of the reader's memory: its answers
   * are in use. If the peers of a reader take too much together, the one with the most is dropped.
   */
  async using<T>(work: () => Promise<T>): Promise<T> {
    this.#uses++;
    try {
      return await work();
    } finally {
      this.#uses--;
      if (this.#uses === 0) this.#hold(0);
    }
  }

  #hold(bytes: number): void {
    this.#usedBytes = bytes;
    this.#memory.hold(this.#giveUp, bytes);
  }

  readonly #giveUp = (): void => {
    this.#usedBytes = 0;
    this.#link.close();
    this.#closed("message-too-large", "the peers have sent too much together, and it the most");
  };

  async close(): Promise<void> {
    this.#end ??= { code: "stopped", reason: CLOSED };
    this.#link.close();
    await this.#network.close();
  }

  #send(bytes: Uint8Array) {
    if (this.#end !== undefined) return { ok: false, ...this.#end } as const;
    this.#link.send(bytes);
    return undefined;
  }

  #receive(bytes: Uint8Array): void {
    if (!this.#line.isOpen) return; // Nobody asked.
    if (this.#uses > 0) this.#hold(this.#usedBytes + bytes.length);
    if (this.#end !== undefined) return;
    const message = readMessage(kept(bytes));
    if (message.ok) this.#line.receive(message.value);
    else this.#line.receiveRubbish();
  }

  #closed(code: NetworkFault, reason: string): void {
    this.#end ??= { code, reason };
    this.#line.fail(code, reason);
    void this.#network.close();
  }

  /** Whether the peer has refused us, as opposed to being gone. */
  get isRefused(): boolean {
    return this.#end !== undefined && isRefusal(this.#end.code);
  }
}

/** A large message fills its buffer, and is not copied: that would take long. A small one would pin much. */
function kept(bytes: Uint8Array): Uint8Array {
  return 2 * bytes.length >= bytes.buffer.byteLength ? bytes : copyBytes(bytes);
}

function readMessage(bytes: Uint8Array): Verdict<GossipMessage> {
  const envelope = parseEnvelope(bytes);
  return envelope.ok ? parseMessage(envelope.value.payload) : reject("malformed");
}
