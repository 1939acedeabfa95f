/**
 * One authenticated stream to one peer for requests and answers. We send what a client may send:
 * the handshake, identity pulls, StateInfo pulls and state requests, never an alive message or a
 * StateInfo. One request is in flight at a time; an unanswered one is not repeated.
 */
import type { Crypto, Identity, Random } from "../core/types/host.ts";
import type { Asked, AskedPeer, AskFault, Match } from "../following/asked-peer.ts";
import { createGrpcNetwork, type GrpcNetwork } from "../transport/grpc.ts";
import { shakeHands } from "../transport/handshake.ts";
import type { Clock, Link, LinkEvents, NetworkFault } from "../transport/network.ts";
import { isRefusal } from "../transport/refusal.ts";
import type { TlsJudge } from "../transport/tls-credentials.ts";
import { copyBytes } from "../wire/bytes.ts";
import { encodeUnsigned, parseEnvelope, parseMessage } from "../wire/envelope.ts";
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
  /** Timeout from dial to complete handshake. */
  readonly connectTimeoutMs?: number;
  /** Timeout of one answer; default 3_000, as long as Fabric waits for blocks. */
  readonly answerTimeoutMs?: number;
}

/** The maximum that Fabric's peers send (`peer.maxSendMsgSize`). */
const MESSAGE_BYTES_MAX = 104_857_600;
/** Blocks arrive as fast as we request them. */
const BYTES_PER_SECOND = 1_073_741_824;
const CONNECT_TIMEOUT_MS = 10_000;
const HANDSHAKE_TIMEOUT_MS = 3_000;
const ANSWER_TIMEOUT_MS = 3_000;

/** Dials, performs the handshake, and returns the stream. */
export function openPeerStream(options: StreamOptions): Promise<Asked<PeerStream>> {
  const { target, clock, connectTimeoutMs = CONNECT_TIMEOUT_MS } = options;
  const network = createGrpcNetwork({
    listen: { host: "127.0.0.1", port: 0 }, // Never bound: we only dial.
    ...(target.tls ? { tls: target.tls } : {}),
    judgeTls: options.judgeTls,
    limits: { receivedBytesMax: MESSAGE_BYTES_MAX, receivedBytesPerSecond: BYTES_PER_SECOND },
  });
  return new Promise((resolve) => {
    const finish = (outcome: Asked<PeerStream>): void => {
      cancelTimer();
      if (!outcome.ok) void network.close();
      resolve(outcome);
    };
    const fail = (code: AskFault, reason: string): void => finish({ ok: false, code, reason });
    const cancelTimer = clock.after(connectTimeoutMs, () =>
      fail("timeout", `no handshake within ${connectTimeoutMs} ms`),
    );
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

interface Waiting {
  message(message: GossipMessage): boolean;
  fail(code: AskFault, reason: string): void;
}

export class PeerStream implements AskedPeer {
  readonly target: PeerTarget;
  /** The identity from the handshake, judged by the stream's crypto. */
  readonly identity: Identity;
  readonly events: LinkEvents;
  readonly #link: Link;
  readonly #network: GrpcNetwork;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #timeoutMs: number;
  #waiting: Waiting | undefined;
  /** Resolves when the previous request is complete. */
  #turn: Promise<unknown> = Promise.resolve();
  #end: { readonly code: AskFault; readonly reason: string } | undefined;
  readonly #silent = new Set<string>();

  constructor(link: Link, identity: Identity, network: GrpcNetwork, options: StreamOptions) {
    this.#link = link;
    this.identity = identity;
    this.target = options.target;
    this.#network = network;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#timeoutMs = options.answerTimeoutMs ?? ANSWER_TIMEOUT_MS;
    this.events = {
      message: (bytes) => this.#receive(bytes),
      drain: () => {},
      closed: (code, reason) => this.#closed(code, reason),
    };
  }

  /** Why the stream ended; undefined while it is open. */
  get end(): { readonly code: AskFault; readonly reason: string } | undefined {
    return this.#end;
  }

  get name(): string {
    return this.target.name;
  }

  nonce(): bigint {
    return this.#random.uint64();
  }

  /**
   * Sends a request after all earlier ones are complete, and waits for its answer. `kind` is not
   * requested again after silence.
   */
  ask<T>(kind: string, request: GossipMessageInit, match: Match<T>): Promise<Asked<T>> {
    const turn = this.#turn.then(() => this.#ask(kind, request, match));
    this.#turn = turn;
    return turn;
  }

  async close(): Promise<void> {
    this.#end ??= { code: "stopped", reason: "we closed it" };
    this.#link.close();
    await this.#network.close();
  }

  #ask<T>(kind: string, request: GossipMessageInit, match: Match<T>): Promise<Asked<T>> {
    if (this.#end !== undefined) return Promise.resolve({ ok: false, ...this.#end });
    if (this.#silent.has(kind)) {
      return Promise.resolve({ ok: false, code: "silent", reason: "it did not answer before" });
    }
    return new Promise((resolve) => {
      const settle = (outcome: Asked<T>): void => {
        cancel();
        this.#waiting = undefined;
        resolve(outcome);
      };
      const fail = (code: AskFault, reason: string): void => settle({ ok: false, code, reason });
      let hasRubbish = false;
      const cancel = this.#clock.after(this.#timeoutMs, () => {
        this.#silent.add(kind);
        if (hasRubbish) fail("malformed", "what it sent is no gossip message");
        else fail("silent", `no answer within ${this.#timeoutMs} ms`);
      });
      this.#waiting = {
        fail,
        message(message) {
          const value = match(message);
          if (value !== undefined) settle(accept(value));
          return value !== undefined;
        },
      };
      this.#rubbish = () => {
        hasRubbish = true;
      };
      this.#link.send(encodeUnsigned(request));
    });
  }

  #rubbish: () => void = () => {};

  #receive(bytes: Uint8Array): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return; // We never asked.
    const message = readMessage(copyBytes(bytes));
    if (message.ok) waiting.message(message.value);
    else this.#rubbish();
  }

  #closed(code: NetworkFault, reason: string): void {
    this.#end ??= { code, reason };
    this.#waiting?.fail(code, reason);
    void this.#network.close();
  }

  /** Whether the peer refused us, as opposed to being unreachable. */
  get isRefused(): boolean {
    return this.#end !== undefined && isRefusal(this.#end.code);
  }
}

function readMessage(bytes: Uint8Array): Verdict<GossipMessage> {
  const envelope = parseEnvelope(bytes);
  return envelope.ok ? parseMessage(envelope.value.payload) : reject("malformed");
}
