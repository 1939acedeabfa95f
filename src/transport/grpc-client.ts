import { lookup } from "node:dns";
import { type ClientHttp2Session, connect } from "node:http2";
import { connect as connectTcp, type LookupFunction, type Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { formatHostPort, type HostPort, parseEndpoint } from "../lib/host-port.ts";
import { plainText } from "../lib/plain-text.ts";
import { DeniedError } from "./dial-rules.ts";
import { farewell } from "./farewell.ts";
import { type DialledSession, LOST, sendPing } from "./grpc-dialled-call.ts";
import { type GrpcContext, HTTP2_LIMITS } from "./grpc-options.ts";
import { watchFrames } from "./grpc-session.ts";
import { clientOptions, serverFault } from "./grpc-tls.ts";
import type { Cancel, StreamEnd } from "./network.ts";
import { afterPatiently, LOOP_TIMER, PING_SHARE } from "./patience.ts";
import { PiecewiseSocket } from "./piecewise-socket.ts";
import type { WatchedSocket } from "./socket-watch.ts";
import type { TlsCredentials } from "./tls-credentials.ts";
import { tlsFailure } from "./tls-fault.ts";
import { connectTls } from "./tls-peer.ts";
import { speaksTls } from "./tls-trial.ts";

export interface SessionEvents {
  opened(dialled: DialledSession): void;
  failed(end: StreamEnd): void;
}

/** How far a dial has come; `tls` lasts until the other side has said anything in HTTP/2. */
type DialPhase = "tcp" | "tls" | "http2";

/** What a session is for: a unary Ping alone, one before something else, or something else at once. */
export type SessionStart = "ping" | "ping-first" | "call";

/**
 * Connects, with TLS if there are files for it, and perhaps pings. Unless cancelled, one event follows.
 */
export function openSession(
  { endpoint, start }: { readonly endpoint: string; readonly start: SessionStart },
  tls: TlsCredentials | undefined,
  context: GrpcContext,
  events: SessionEvents,
): Cancel {
  const named = context.dialFilter.resolved(endpoint);
  const address = named?.address ?? parseEndpoint(endpoint);
  if (address === undefined) {
    const reason = `"${plainText(endpoint)}" is not host:port`;
    const soon = setImmediate(() => events.failed({ fault: "unreachable", reason }));
    return () => clearImmediate(soon);
  }
  const resolve = named ? (lookup as LookupFunction) : context.dialFilter.resolver(address);
  if (resolve === undefined) {
    const { message: reason } = new DeniedError(plainText(address.host));
    const soon = setImmediate(() => events.failed({ fault: "denied", reason }));
    return () => clearImmediate(soon);
  }
  // Members behind one name are told apart by address, and certified for the name.
  const serverName = named?.host ?? tls?.serverName ?? address.host;
  const authority = formatHostPort({ ...address, ...(named ? { host: named.host } : {}) });
  const target = { address, serverName, authority, resolve, start };
  const dial = new SessionDial(target, tls, context, events);
  return () => dial.cancel();
}

interface Target {
  readonly address: HostPort;
  /** The name that the certificate must bear. */
  readonly serverName: string;
  readonly authority: string;
  readonly resolve: LookupFunction;
  readonly start: SessionStart;
}

class SessionDial {
  readonly #authority: string;
  readonly #context: GrpcContext;
  readonly #events: SessionEvents;
  readonly #socket: Socket;
  #session: ClientHttp2Session | undefined;
  #watched: WatchedSocket | undefined;
  readonly #address: HostPort;
  readonly #isPlain: boolean;
  readonly #start: SessionStart;
  #phase: DialPhase = "tcp";
  /** The other side has spoken HTTP/2. */
  #hasSettings = false;
  #cancelTimer: Cancel;
  #isSettled = false;
  #isCancelled = false;

  constructor(
    target: Target,
    tls: TlsCredentials | undefined,
    context: GrpcContext,
    events: SessionEvents,
  ) {
    const { address, authority, serverName, start } = target;
    this.#start = start;
    this.#authority = authority;
    this.#address = address;
    this.#isPlain = tls === undefined;
    this.#context = context;
    this.#events = events;
    this.#cancelTimer = this.#failAfter(
      context.timeouts.dialTimeoutMs * (start === "ping" ? PING_SHARE : 1),
      "no connection",
    );
    const { socket, below, read } = openSocket(target, tls, context);
    this.#socket = socket;
    socket.on("error", (error) => this.#failWith(error));
    // Of what is wrong with its HTTP/2 the session tells only then.
    socket.once("close", () => setImmediate(() => this.#failWith(new Error(LOST))));
    below.once("connect", () => {
      this.#phase = tls === undefined ? "http2" : "tls";
      const { caution } = context;
      const events = { cut: (reason?: string) => this.#cut(reason), caution };
      const isTls = tls !== undefined;
      this.#watched = context.sockets.watch(read, formatHostPort(address), events, isTls);
      socket.once("close", () => this.#watched?.forget());
    });
    socket.once(tls === undefined ? "connect" : "secureConnect", () => {
      this.#watched?.readingBegan();
      if (this.#isTrusted(serverName, tls)) this.#startHttp2();
    });
  }

  cancel(): void {
    this.#isCancelled = true;
    if (!this.#settle()) return;
    if (this.#session === undefined && this.#socket instanceof TLSSocket) this.#endAfterTls();
    else this.#destroy();
  }

  /** Cut short, a TLS handshake would be an error in the log of the other side; Fabric's is loud. */
  #endAfterTls(): void {
    const socket = this.#socket.unref();
    const { dialTimeoutMs } = this.#context.timeouts;
    setTimeout(() => socket.destroy(), dialTimeoutMs).unref();
    socket.once("secureConnect", () => socket.end());
  }

  #destroy(): void {
    this.#session?.destroy();
    this.#socket.destroy();
  }

  /** It has brought more than is fair. */
  #cut(reason = "it sends too much before TLS is established"): void {
    if (this.#phase === "tls") this.#fail({ fault: "tls-bad-certificate", reason });
    this.#destroy();
  }

  #isTrusted(host: string, tls: TlsCredentials | undefined): boolean {
    const socket = this.#socket;
    const { judgeTls } = this.#context;
    if (this.#isSettled || tls === undefined || !(socket instanceof TLSSocket)) return true;
    const end = judgeTls && serverFault(socket, host, tls, judgeTls);
    if (end === undefined) return true;
    if (this.#settle()) {
      this.#leave(socket, end);
      this.#events.failed(end);
    }
    return false;
  }

  /** Not without a word: nobody else could tell those who run the server what is wrong with it. */
  #leave(socket: TLSSocket, { fault }: StreamEnd): void {
    const words = socket.alpnProtocol === "h2" ? farewell(fault) : undefined;
    if (words === undefined) {
      this.#destroy();
      return;
    }
    const { dialTimeoutMs } = this.#context.timeouts;
    setTimeout(() => socket.destroy(), dialTimeoutMs).unref();
    socket.unref().end(words, () => socket.destroySoon());
  }

  #startHttp2(): void {
    if (this.#isSettled) return;
    const socket = this.#socket;
    const isSecure = socket instanceof TLSSocket;
    if (isSecure && socket.alpnProtocol !== "h2") {
      this.#fail({ fault: "protocol", reason: NO_HTTP2 });
      return;
    }
    // Not the endpoint: that comes from a peer, and might be none that a URL can hold.
    const url = isSecure ? "https://gossip" : "http://gossip";
    const session = connect(url, { ...HTTP2_LIMITS, createConnection: () => socket });
    this.#session = session;
    const watched = this.#watched;
    if (watched === undefined) return; // Not connected, then.
    watchFrames(session, () => watched.countFrame() || this.#destroy());
    session.on("error", (error) => this.#failWith(error));
    session.once("close", () => this.#failWith(new Error(LOST)));
    session.once("remoteSettings", () =>
      this.#begin({ session, watched, authority: this.#authority }),
    );
  }

  #begin(dialled: DialledSession): void {
    if (this.#isSettled) return;
    this.#phase = "http2";
    this.#hasSettings = true;
    if (this.#start !== "call") this.#ping(dialled);
    else if (this.#settle()) this.#events.opened(dialled);
  }

  #ping(dialled: DialledSession): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#failAfter(this.#context.timeouts.connTimeoutMs, "no answer to Ping");
    sendPing(dialled, (end) => {
      if (end !== undefined) this.#fail(end);
      else if (this.#settle()) this.#events.opened(dialled);
    });
  }

  /** Whether this is the first time. */
  #settle(): boolean {
    const isFirst = !this.#isSettled;
    this.#isSettled = true;
    this.#cancelTimer();
    return isFirst;
  }

  #fail(end: StreamEnd): void {
    if (!this.#settle()) return;
    this.#destroy();
    const isMute = this.#isPlain && this.#phase === "http2" && !this.#hasSettings;
    if (isMute && (end.fault === "closed" || end.fault === "protocol")) this.#askForTls(end);
    else this.#events.failed(end);
  }

  /** It takes plain TCP and hangs up on plain HTTP/2: most likely it expects TLS, so we look. */
  #askForTls(end: StreamEnd): void {
    speaksTls(this.#address, (isTls) => {
      if (this.#isCancelled) return;
      this.#events.failed(isTls ? { fault: "tls-expected", reason: "" } : end);
    });
  }

  #failWith(error: Error): void {
    this.#fail(dialFault(error, this.#phase));
  }

  #failAfter(delayMs: number, what: string): Cancel {
    const reason = `${what} within ${delayMs} ms`;
    const fail = (): void => this.#fail({ fault: "timeout", reason });
    return afterPatiently(LOOP_TIMER, delayMs, fail);
  }
}

interface Opened {
  readonly socket: Socket;
  /** Tells when TCP is connected. */
  readonly below: Socket;
  /** What comes, before TLS if it goes through our hands. */
  readonly read: Socket | PiecewiseSocket;
}

function openSocket(
  { address: { host, port }, serverName, resolve: lookup }: Target,
  tls: TlsCredentials | undefined,
  { judgeTls, caution }: GrpcContext,
): Opened {
  const rejectUnauthorized = judgeTls === undefined;
  if (tls !== undefined && !caution.isOn) {
    const options = { ...clientOptions(tls, serverName), host, port, lookup, rejectUnauthorized };
    const socket = connectTls(options).setNoDelay(true);
    return { socket, below: socket, read: socket };
  }
  const below = connectTcp({ host, port, lookup, noDelay: true });
  if (tls === undefined) return { socket: below, below, read: below };
  const read = new PiecewiseSocket(below);
  const options = { ...clientOptions(tls, serverName), socket: read, rejectUnauthorized };
  return { socket: connectTls(options), below, read };
}

const NO_HTTP2 = "the other side does not speak HTTP/2";
const LOST_CODES: readonly string[] = ["ECONNRESET", "EPIPE"];

function dialFault(error: Error, phase: DialPhase): StreamEnd {
  if (error instanceof DeniedError) return { fault: "denied", reason: plainText(error.message) };
  const code = "code" in error ? String(error.code) : "";
  if ("syscall" in error && error.syscall === "getaddrinfo") {
    return { fault: "name-unresolved", reason: code };
  }
  // Trying several addresses of one name fails with an AggregateError, which has no message.
  const reason = plainText(error.message || code);
  if (phase === "tcp") return { fault: code === "ETIMEDOUT" ? "timeout" : "unreachable", reason };
  const isLost = LOST_CODES.includes(code) || error.message === LOST;
  if (phase === "http2") return { fault: isLost ? "closed" : "protocol", reason };
  // With TLS 1.3 a server judges our certificate after the handshake, as we see it; some close
  // without a word then.
  return isLost ? { fault: "tls-closed", reason } : tlsFault(error, code);
}

function tlsFault(error: Error, code: string): StreamEnd {
  const { fault, reason } = tlsFailure(error);
  // TLS is over when the other side's first words are no HTTP/2.
  const isHttp = fault === "protocol" || code.startsWith("ERR_HTTP2_");
  return isHttp ? { fault: "protocol", reason: NO_HTTP2 } : { fault, reason };
}
