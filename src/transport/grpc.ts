import type { ClientHttp2Session } from "node:http2";
import { GossipError } from "../lib/errors.ts";
import type { HostPort } from "../lib/host-port.ts";
import type { Caution } from "./caution.ts";
import type { DialRules } from "./dial-rules.ts";
import { openSession, type SessionEvents } from "./grpc-client.ts";
import { openStream } from "./grpc-dialled-call.ts";
import {
  createGrpcContext,
  type GrpcContext,
  type GrpcLimits,
  type GrpcStats,
  type GrpcTimeouts,
} from "./grpc-options.ts";
import { createGrpcServer, type GrpcServer } from "./grpc-server.ts";
import { checkTls } from "./grpc-tls.ts";
import type { PartialFrameBudget } from "./limits.ts";
import type { Cancel, DialEvents, Link, Network, NetworkFault, Refuse } from "./network.ts";
import type { TlsCredentials, TlsJudge } from "./tls-credentials.ts";
import { type CallPeer, callUnary, type UnaryAnswer } from "./unary.ts";

export interface GrpcOptions {
  /** Where to accept; port 0 takes a free one (Fabric: `peer.listenAddress`). */
  readonly listen: HostPort;
  /** Mutual TLS, for both roles; undefined: plain TCP in both (Fabric: `peer.tls.enabled`). */
  readonly tls?: TlsCredentials;
  readonly timeouts?: Partial<GrpcTimeouts>;
  readonly limits?: Partial<GrpcLimits>;
  /** Which addresses are not dialled; default: none. */
  readonly dialRules?: DialRules;
  /** Asked about TLS chains that OpenSSL refuses; default: its word stands. */
  readonly judgeTls?: TlsJudge;
  /** Shared by several networks; default: one of its own, with room for the longest message. */
  readonly partialFrames?: PartialFrameBudget;
  /** What is known of long TLS chains of those whom we dial; default: nothing. */
  readonly caution?: Caution;
}

export interface GrpcNetwork extends Network {
  /** The port in use once `listen` has resolved; before that the configured one. */
  readonly port: number;
  /**
   * Uses other certificates or trust from the next handshake on. Connections that exist stay, and
   * so does `clientAuthRequired`. Unusable files throw, and change nothing.
   */
  setTls(tls: TlsCredentials): void;
  /**
   * Endpoints that names of our user lead to, in place of the former ones: they may be anywhere, and of
   * `name/address:port` the certificate must be for the name.
   */
  setNamed(endpoints: readonly string[]): void;
  /** Connects, pings, calls once, closes. Resolves after five seconds at the latest. */
  readonly call: CallPeer;
  /** Totals so far. */
  stats(): GrpcStats;
}

/** Fabric's gossip service over gRPC: spec A 1, on node:http2. Unusable TLS files throw. */
export function createGrpcNetwork(options: GrpcOptions): GrpcNetwork {
  return new Grpc(options);
}

/** For a call, its connection included. */
const CALL_TIMEOUT_MS = 5_000;
const CLOSED = "the network is closed";

class Grpc implements GrpcNetwork {
  readonly #listen: HostPort;
  readonly #context: GrpcContext;
  #tls: TlsCredentials | undefined;
  #server: GrpcServer | undefined;
  #port: number;
  #closing: Promise<void> | undefined;
  /** Every dial and ping under way, as what ends it when we close. */
  readonly #pending = new Set<Cancel>();
  readonly #sessions = new Set<ClientHttp2Session>();

  constructor(options: GrpcOptions) {
    if (options.tls !== undefined) checkTls(options.tls);
    this.#listen = options.listen;
    this.#port = options.listen.port;
    this.#tls = options.tls;
    const { timeouts, limits, dialRules, judgeTls, partialFrames, caution } = options;
    this.#context = createGrpcContext(
      timeouts,
      limits,
      dialRules,
      judgeTls,
      partialFrames,
      caution,
    );
  }

  get port(): number {
    return this.#port;
  }

  stats(): GrpcStats {
    const { stats } = this.#context;
    return { ...stats, refused: { ...stats.refused } };
  }

  setTls(tls: TlsCredentials): void {
    checkTls(tls);
    this.#server?.setTls(tls);
    this.#tls = tls;
  }

  setNamed(endpoints: readonly string[]): void {
    this.#context.dialFilter.setNamed(endpoints);
  }

  async listen(accepted: (link: Link) => void, refused: Refuse = () => {}): Promise<void> {
    if (this.#closing !== undefined) throw new GossipError("closed", CLOSED);
    this.#server = createGrpcServer(this.#tls, this.#context, accepted, refused);
    this.#port = await this.#server.listen(this.#listen);
  }

  dial(endpoint: string, events: DialEvents): Cancel {
    return this.#connect(
      { endpoint, start: "call" },
      {
        opened: (dialled) => {
          const { session } = dialled;
          const link = openStream(dialled, this.#context);
          if (link === undefined) return events.failed("closed", "the connection was closed");
          this.#context.stats.dialled += 1;
          this.#sessions.add(session);
          session.once("close", () => this.#sessions.delete(session));
          events.opened(link);
        },
        failed: ({ fault, reason }) => events.failed(fault, reason),
      },
    );
  }

  ping(endpoint: string, done: (fault: NetworkFault | undefined, reason: string) => void): Cancel {
    return this.#connect(
      { endpoint, start: "ping" },
      {
        opened: ({ session }) => {
          session.destroy();
          done(undefined, "");
        },
        failed: ({ fault, reason }) => done(fault, reason),
      },
    );
  }

  readonly call: CallPeer = (endpoint, call) =>
    new Promise((resolve) => {
      const late = setTimeout(() => {
        cancel();
        resolve({ ok: false, fault: "timeout", reason: `no answer within ${CALL_TIMEOUT_MS} ms` });
      }, CALL_TIMEOUT_MS);
      const done = (answer: UnaryAnswer): void => {
        clearTimeout(late);
        resolve(answer);
      };
      let cancel = this.#connect(
        { endpoint, start: "ping-first" },
        {
          opened: (dialled) => {
            const { session } = dialled;
            this.#sessions.add(session);
            session.once("close", () => this.#sessions.delete(session));
            cancel = () => session.destroy();
            callUnary(dialled, call).then(done, (error: unknown) => {
              session.destroy();
              done({ ok: false, fault: "closed", reason: String(error) });
            });
          },
          failed: (end) => done({ ok: false, ...end }),
        },
      );
    });

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const stop of this.#pending) stop();
    for (const session of this.#sessions) session.destroy();
    await this.#server?.close();
  }

  /** Opens a session; once we are closing it fails, whatever it had reached. */
  #connect(target: Parameters<typeof openSession>[0], events: SessionEvents): Cancel {
    if (this.#closing !== undefined) {
      const soon = setImmediate(() => events.failed({ fault: "stopped", reason: CLOSED }));
      return () => clearImmediate(soon);
    }
    const cancel = openSession(target, this.#tls, this.#context, {
      opened: (dialled) => {
        this.#pending.delete(stop);
        events.opened(dialled);
      },
      failed: (end) => {
        this.#pending.delete(stop);
        events.failed(end);
      },
    });
    const stop = (): void => {
      this.#pending.delete(stop);
      cancel();
      events.failed({ fault: "stopped", reason: CLOSED });
    };
    this.#pending.add(stop);
    return () => {
      this.#pending.delete(stop);
      cancel();
    };
  }
}
