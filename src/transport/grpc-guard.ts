/**
 * Bounds for accepted sockets: how many, how long in the handshake, how long without a stream, how
 * many streams, how many bytes. What counts is whether the dialler has proven who it is.
 */
import type {
  Http2SecureServer,
  Http2Server,
  Http2Session,
  ServerHttp2Session,
  ServerHttp2Stream,
} from "node:http2";
import type { Socket } from "node:net";
import { formatHostPort } from "../lib/host-port.ts";
import { originOf } from "../lib/origin.ts";
import { LeakyBucket, type Rate } from "../lib/rate-limit.ts";
import { Standing } from "../lib/standing.ts";
import { readAlong } from "./client-flight.ts";
import type { AcceptFault, GrpcContext } from "./grpc-options.ts";
import { endIdle, keepAlive, openWindow, watchFrames, watchStreams } from "./grpc-session.ts";
import { limitPieces } from "./limits.ts";
import type { Refuse } from "./network.ts";
import { afterPatiently, LOOP_TIMER } from "./patience.ts";
import { nameAsBelow, PiecewiseSocket } from "./piecewise-socket.ts";
import type { WatchedSocket } from "./socket-watch.ts";

/** The key of an accepted socket; the TLS layer does not hand out the socket below it. */
function socketKey(socket: Pick<Socket, "remoteAddress" | "remotePort">): string {
  return formatHostPort({
    host: socket.remoteAddress ?? "",
    port: socket.remotePort ?? 0,
  });
}

/** A peer opens a Ping and one gossip stream in a session: this many are allowed at once. */
const STREAMS: Rate = { burst: 4, perSecond: 1 };

/** An accepted socket. */
interface Guest {
  /** Remote address and port. */
  readonly key: string;
  readonly socket: Socket;
  /** See {@link originOf}. */
  readonly origin: string;
  /** What it counts as if it ends now; undefined once TLS and the HTTP/2 settings are finished. */
  handshake: AcceptFault | undefined;
  session: Http2Session | undefined;
  wasProven: boolean;
  readonly streams: LeakyBucket;
  /** Says also whether the dialler has proven who it is, by a gossip stream that is still open. */
  readonly watched: WatchedSocket;
}

const isProven = ({ watched }: Guest): boolean => watched.conduct.isProven;

/** Watches over the sockets that a server accepts, from the first byte on. */
export class SocketGuard {
  readonly #context: GrpcContext;
  readonly #refused: Refuse;
  readonly #isSecure: boolean;
  readonly #objection: ReturnType<typeof readAlong>;
  /** By remote address and port, the oldest first. */
  readonly #guests = new Map<string, Guest>();
  /** How many of each origin have proven nothing; and how many of all are in their handshake. */
  readonly #unproven = new Map<string, number>();
  #handshakes = 0;
  readonly #standing = new Standing(() => performance.now());
  readonly #bySession = new WeakMap<Http2Session, Guest>();
  readonly #counted = new WeakSet<ServerHttp2Stream>();

  constructor(server: Http2Server | Http2SecureServer, context: GrpcContext, refused: Refuse) {
    this.#context = context;
    this.#refused = refused;
    this.#isSecure = isSecure(server);
    this.#objection = readAlong(server);
    // Node's own: it begins TLS, or HTTP/2 where there is none.
    const begins = server.listeners("connection");
    server.removeAllListeners("connection");
    server.on("connection", (socket: Socket) => {
      const accepted = this.#accept(socket);
      for (const begin of accepted ? begins : []) begin.call(server, accepted);
    });
    server.prependListener("secureConnection", nameAsBelow);
    server.prependListener("tlsClientError", (_error: Error, socket: Socket) =>
      nameAsBelow(socket),
    );
    server.on("secureConnection", (socket: Socket) => {
      if (socket.destroyed) return; // Its client is not trusted.
      const guest = this.#guests.get(socketKey(socket));
      guest?.watched.readingBegan();
      if (guest?.handshake !== undefined) guest.handshake = "protocol";
    });
    server.on("tlsClientError", (_error: Error, socket: Socket) => socket.destroy());
    server.on("unknownProtocol", (socket: Socket) => socket.destroy());
    server.on("sessionError", () => {}); // Its socket is closed, and counted there.
  }

  /** Watches over a new session: its handshake, idle time and keepalive. */
  tend(session: ServerHttp2Session): void {
    const { timeouts } = this.#context;
    session.on("error", (error) => this.#countBroken(session, error));
    session.once("remoteSettings", () => {
      const guest = this.#guestOf(session);
      if (guest !== undefined) this.#endHandshake(guest);
    });
    watchFrames(session, () => this.#countFrame(session));
    watchStreams(session, (stream) => this.#countStream(session, stream));
    openWindow(session);
    keepAlive(session, timeouts.serverKeepaliveMs, timeouts.keepaliveTimeoutMs);
    endIdle(session, timeouts.idleTimeoutMs);
  }

  /** Node ends who breaks the rules of HTTP/2. Of handshakes the close event tells. */
  #countBroken(session: Http2Session, error: Error): void {
    const isBroken = "code" in error && error.code === "ERR_HTTP2_ERROR";
    const guest = this.#bySession.get(session);
    if (isBroken && guest !== undefined && guest.handshake === undefined) {
      this.#context.stats.refused.protocol += 1;
    }
  }

  /**
   * Counts the pieces that arrive in a stream, whatever it is for. False: the session has opened more
   * streams than anybody needs, and was ended.
   */
  allow(session: Http2Session, stream: ServerHttp2Stream): boolean {
    if (!this.#counted.has(stream)) this.#countStream(session, stream); // Before Node 24.3.
    const guest = this.#guestOf(session);
    if (guest === undefined) return false; // Cut a moment ago; the rest of its frames is not read.
    limitPieces(stream, guest.watched, () => this.#cut(guest, "too-many-frames"));
    return true;
  }

  #countStream(session: Http2Session, stream: ServerHttp2Stream): void {
    this.#counted.add(stream);
    const guest = this.#guestOf(session);
    if (guest === undefined) return;
    guest.watched.rest();
    if (!guest.streams.take(1, performance.now())) this.#cut(guest, "too-many-streams");
  }

  #countFrame(session: Http2Session): void {
    const guest = this.#guestOf(session);
    if (guest?.watched.countFrame() === false) this.#cut(guest, "too-many-frames");
  }

  /**
   * The dialler of this gossip stream has proven who it is. Until the stream ends its socket stays,
   * whoever else wants in.
   */
  admit(session: Http2Session, stream: ServerHttp2Stream): void {
    if (session.destroyed || stream.destroyed) return;
    const guest = this.#guestOf(session);
    if (guest === undefined || isProven(guest)) return;
    this.#setProven(guest, true);
    stream.once("close", () => this.#setProven(guest, false));
  }

  /** Ends every socket, whatever it is in the middle of. */
  destroyAll(): void {
    for (const { socket } of this.#guests.values()) socket.destroy();
  }

  /** What TLS or HTTP/2 is to read; undefined: there is no room. */
  #accept(socket: Socket): Socket | PiecewiseSocket | undefined {
    const { timeouts, stats, sockets } = this.#context;
    socket.on("error", () => {}); // The close event that follows tells the rest.
    const origin = originOf(socket.remoteAddress ?? "");
    if (!this.#makeRoom(origin)) {
      stats.refused["too-many-connections"] += 1;
      socket.destroy();
      return undefined;
    }
    stats.accepted += 1;
    const read = this.#isSecure ? new PiecewiseSocket(socket) : socket;
    const key = socketKey(socket);
    const handshake = this.#isSecure ? "tls" : "protocol";
    const guest: Guest = {
      key,
      socket,
      origin,
      handshake,
      session: undefined,
      wasProven: false,
      streams: new LeakyBucket(STREAMS),
      watched: sockets.watch(
        read,
        origin,
        { cut: (reason) => this.#cutGreedy(guest, reason), objection: this.#objection },
        this.#isSecure,
      ),
    };
    this.#forgetStale(key);
    this.#guests.set(key, guest);
    this.#handshakes += 1;
    this.#count(origin, 1);
    const cancelTimer = afterPatiently(LOOP_TIMER, timeouts.acceptTimeoutMs, () => {
      if (guest.handshake !== undefined) this.#cut(guest, "timeout");
    });
    socket.once("close", () => {
      cancelTimer();
      stats.acceptedClosed += 1;
      if (guest.handshake !== undefined) stats.refused[guest.handshake] += 1;
      this.#forget(guest);
    });
    return read;
  }

  /** It has brought more than is fair. `reason`: before TLS is established. */
  #cutGreedy(guest: Guest, reason: string | undefined): void {
    if (reason !== undefined) this.#refused("tls-client-refused", guest.key, reason);
    this.#cut(guest, reason === undefined ? "too-many-frames" : "tls");
  }

  /**
   * A newcomer takes the place of somebody who has not proven who it is: neither silent ones keep
   * others out, nor does an address that holds many, nor a crowd that comes again and again. False:
   * everybody is proven.
   */
  #makeRoom(origin: string): boolean {
    const { connectionsMax, handshakesMax, unprovenPerAddressMax } = this.#context.limits;
    if ((this.#unproven.get(origin) ?? 0) >= unprovenPerAddressMax) {
      this.#cutFirst("too-many-connections", (guest) => guest.origin === origin);
    }
    if (this.#handshakes >= handshakesMax) {
      this.#cutWorst("too-many-handshakes", ({ handshake }) => handshake !== undefined);
    }
    return (
      this.#guests.size < connectionsMax ||
      this.#cutWorst("too-many-connections", (guest) => !isProven(guest))
    );
  }

  /** Of this kind: the oldest one of the origin that has most of them, or has failed most often. */
  #cutWorst(fault: AcceptFault, isKind: (guest: Guest) => boolean): boolean {
    const kind = [...this.#guests.values()].filter(isKind);
    const worst = this.#standing.worstOf(kind.map(({ origin }) => origin));
    return this.#cutFirst(fault, (guest) => isKind(guest) && guest.origin === worst);
  }

  /** Ends the oldest socket of this kind that has proven nothing; false if there is none. */
  #cutFirst(fault: AcceptFault, isKind: (guest: Guest) => boolean): boolean {
    for (const guest of this.#guests.values()) {
      if (isProven(guest) || !isKind(guest)) continue;
      this.#cut(guest, fault);
      return true;
    }
    return false;
  }

  /** Undefined if it was cut: what it still brings is not for us. */
  #guestOf(session: Http2Session): Guest | undefined {
    if (session.destroyed) return undefined;
    // Not when the session begins: without TLS that is before we hear of the socket.
    const guest = this.#bySession.get(session) ?? this.#guests.get(socketKey(session.socket));
    if (guest === undefined || this.#guests.get(guest.key) !== guest) return undefined;
    this.#bySession.set(session, guest);
    guest.session = session;
    return guest;
  }

  /** Ends a socket. Its room is free at once; the close event comes later. */
  #cut(guest: Guest, fault: AcceptFault): void {
    if (this.#guests.get(guest.key) !== guest) return;
    this.#context.stats.refused[fault] += 1;
    this.#forget(guest);
    // The session, or it would still make streams of what has come; the socket, or more would come.
    guest.session?.destroy();
    guest.socket.destroy();
  }

  /** Who resets a connection may come again from the same port before we have read of it. */
  #forgetStale(key: string): void {
    const stale = this.#guests.get(key);
    if (stale === undefined) return;
    this.#forget(stale);
    stale.socket.destroy();
  }

  #forget(guest: Guest): void {
    if (this.#guests.get(guest.key) !== guest) return;
    this.#guests.delete(guest.key);
    this.#endHandshake(guest);
    guest.watched.forget();
    if (!isProven(guest)) this.#count(guest.origin, -1);
    if (!guest.wasProven) this.#standing.failed(guest.origin);
  }

  #endHandshake(guest: Guest): void {
    if (guest.handshake === undefined) return;
    guest.handshake = undefined;
    this.#handshakes -= 1;
  }

  #setProven(guest: Guest, hasProof: boolean): void {
    const isKnown = this.#guests.get(guest.key) === guest;
    if (!isKnown || isProven(guest) === hasProof) return;
    guest.watched.prove(hasProof);
    this.#count(guest.origin, hasProof ? -1 : 1);
    guest.wasProven ||= hasProof;
  }

  #count(origin: string, change: 1 | -1): void {
    const count = (this.#unproven.get(origin) ?? 0) + change;
    if (count > 0) this.#unproven.set(origin, count);
    else this.#unproven.delete(origin);
  }
}

function isSecure(server: Http2Server | Http2SecureServer): server is Http2SecureServer {
  return "setSecureContext" in server;
}
