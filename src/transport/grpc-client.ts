import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from "node:http2";
import { connect as connectTcp, type LookupFunction, type Socket } from "node:net";
import { connect as connectTls, TLSSocket } from "node:tls";
import { DeniedError } from "./dial-rules.ts";
import { formatEndpoint, type HostAndPort, parseEndpoint } from "./endpoint.ts";
import {
  decodeStatusMessage,
  encodeFrame,
  GRPC_OK,
  GRPC_RESOURCE_EXHAUSTED,
  GRPC_UNIMPLEMENTED,
  GRPC_UNKNOWN,
  plainText,
} from "./grpc-framing.ts";
import { createStreamLink, type StreamRole } from "./grpc-link.ts";
import { type GrpcContext, HTTP2_LIMITS } from "./grpc-options.ts";
import {
  GRPC_CONTENT_TYPE,
  keepAlive,
  openWindow,
  SERVICE_PING,
  SERVICE_STREAM,
  sessionFacts,
} from "./grpc-session.ts";
import { clientOptions, serverFault } from "./grpc-tls.ts";
import type { Cancel, Link, NetworkFault, StreamEnd } from "./network.ts";
import { readRefusal } from "./refusal.ts";
import type { TlsCredentials } from "./tls-credentials.ts";
import { tlsFailure } from "./tls-fault.ts";
import { speaksTls } from "./tls-trial.ts";

export interface SessionEvents {
  opened(session: ClientHttp2Session): void;
  failed(end: StreamEnd): void;
}

/** How far a dial has come; `tls` lasts until the other side has said anything in HTTP/2. */
type DialPhase = "tcp" | "tls" | "http2";

/** Connects, with TLS if there are files for it, and pings. Unless cancelled, one event follows. */
export function openSession(
  endpoint: string,
  tls: TlsCredentials | undefined,
  context: GrpcContext,
  events: SessionEvents,
): Cancel {
  const address = parseEndpoint(endpoint);
  if (address === undefined) {
    const reason = `"${plainText(endpoint)}" is not host:port`;
    const soon = setImmediate(() => events.failed({ fault: "unreachable", reason }));
    return () => clearImmediate(soon);
  }
  const resolve = context.dialFilter.resolver(address);
  if (resolve === undefined) {
    const { message: reason } = new DeniedError(plainText(address.host));
    const soon = setImmediate(() => events.failed({ fault: "denied", reason }));
    return () => clearImmediate(soon);
  }
  const dial = new SessionDial(address, resolve, tls, context, events);
  return () => dial.cancel();
}

class SessionDial {
  readonly #endpoint: string;
  readonly #context: GrpcContext;
  readonly #events: SessionEvents;
  readonly #socket: Socket;
  #session: ClientHttp2Session | undefined;
  readonly #address: HostAndPort;
  readonly #isPlain: boolean;
  #phase: DialPhase = "tcp";
  /** The other side has spoken HTTP/2. */
  #hasSettings = false;
  #timer: NodeJS.Timeout;
  #isSettled = false;
  #isCancelled = false;

  constructor(
    address: HostAndPort,
    lookup: LookupFunction,
    tls: TlsCredentials | undefined,
    context: GrpcContext,
    events: SessionEvents,
  ) {
    this.#endpoint = formatEndpoint(address.host, address.port);
    this.#address = address;
    this.#isPlain = tls === undefined;
    this.#context = context;
    this.#events = events;
    this.#timer = this.#failAfter(context.timeouts.dialTimeoutMs, "no connection");
    const socket = openSocket(address, lookup, tls, context.judgeTls !== undefined);
    this.#socket = socket;
    socket.on("error", (error) => this.#failWith(error));
    socket.once("close", () => this.#failWith(new Error(LOST)));
    socket.once("connect", () => {
      this.#phase = tls === undefined ? "http2" : "tls";
    });
    socket.once(tls === undefined ? "connect" : "secureConnect", () => {
      if (this.#isTrusted(address.host, tls)) this.#startHttp2();
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
    this.#timer = setTimeout(() => socket.destroy(), dialTimeoutMs).unref();
    socket.once("secureConnect", () => socket.end());
  }

  #destroy(): void {
    this.#session?.destroy();
    this.#socket.destroy();
  }

  #isTrusted(host: string, tls: TlsCredentials | undefined): boolean {
    const socket = this.#socket;
    const { judgeTls } = this.#context;
    if (this.#isSettled || tls === undefined || !(socket instanceof TLSSocket)) return true;
    const end = judgeTls && serverFault(socket, host, tls, judgeTls);
    if (end !== undefined) this.#fail(end);
    return end === undefined;
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
    session.on("error", (error) => this.#failWith(error));
    session.once("close", () => this.#failWith(new Error(LOST)));
    session.once("remoteSettings", () => this.#ping(session));
  }

  #ping(session: ClientHttp2Session): void {
    if (this.#isSettled) return;
    this.#phase = "http2";
    this.#hasSettings = true;
    clearTimeout(this.#timer);
    this.#timer = this.#failAfter(this.#context.timeouts.connTimeoutMs, "no answer to Ping");
    sendPing(session, this.#endpoint, (end) => {
      if (end !== undefined) this.#fail(end);
      else if (this.#settle()) this.#events.opened(session);
    });
  }

  /** Whether this is the first time. */
  #settle(): boolean {
    const isFirst = !this.#isSettled;
    this.#isSettled = true;
    clearTimeout(this.#timer);
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

  #failAfter(delayMs: number, what: string): NodeJS.Timeout {
    const reason = `${what} within ${delayMs} ms`;
    return setTimeout(() => this.#fail({ fault: "timeout", reason }), delayMs);
  }
}

function openSocket(
  { host, port }: HostAndPort,
  lookup: LookupFunction,
  tls: TlsCredentials | undefined,
  hasJudge: boolean,
): Socket {
  if (tls === undefined) return connectTcp({ host, port, lookup, noDelay: true });
  const options = { ...clientOptions(tls, host), host, port, lookup };
  return connectTls({ ...options, rejectUnauthorized: !hasJudge }).setNoDelay(true);
}

const LOST = "the connection was closed";
const NO_HTTP2 = "the other side does not speak HTTP/2";
const LOST_CODES: readonly string[] = ["ECONNRESET", "EPIPE"];

function dialFault(error: Error, phase: DialPhase): StreamEnd {
  if (error instanceof DeniedError) return { fault: "denied", reason: plainText(error.message) };
  const code = "code" in error ? String(error.code) : "";
  // Trying several addresses of one name fails with an AggregateError, which has no message.
  const reason = plainText(error.message || code);
  if (phase === "tcp") return { fault: code === "ETIMEDOUT" ? "timeout" : "unreachable", reason };
  const isLost = LOST_CODES.includes(code) || error.message === LOST;
  if (phase === "tls") {
    // With TLS 1.3 a server judges our certificate after the handshake, as we see it; some close
    // without a word then.
    if (isLost) return { fault: "tls-closed", reason };
    const { fault, reason: detail } = tlsFailure(error);
    return { fault, reason: fault === "protocol" ? NO_HTTP2 : detail };
  }
  return { fault: isLost ? "closed" : "protocol", reason };
}

/** Opens a call; undefined if the session has just ended. */
function request(
  session: ClientHttp2Session,
  endpoint: string,
  path: string,
): ClientHttp2Stream | undefined {
  if (session.destroyed || session.closed) return undefined;
  const stream = session.request(
    {
      [constants.HTTP2_HEADER_METHOD]: "POST",
      [constants.HTTP2_HEADER_AUTHORITY]: endpoint,
      [constants.HTTP2_HEADER_PATH]: path,
      [constants.HTTP2_HEADER_CONTENT_TYPE]: GRPC_CONTENT_TYPE,
      [constants.HTTP2_HEADER_TE]: "trailers",
    },
    { endStream: false },
  );
  return stream;
}

/** Follows how a call ends: its gRPC status, or the error that came instead. */
function watchStatus(stream: ClientHttp2Stream): () => StreamEnd & { readonly ok: boolean } {
  let status: number | undefined;
  let reason = "";
  const read = (headers: Record<string, unknown>): void => {
    const code = headers["grpc-status"];
    if (code === undefined) return;
    status = Number(code);
    reason = decodeStatusMessage(String(headers["grpc-message"] ?? ""));
  };
  stream.on("error", (error) => {
    reason ||= plainText(error.message);
  });
  stream.once("response", (headers) => {
    read(headers);
    if (headers[":status"] === 200) return;
    status ??= -1;
    reason ||= `HTTP status ${headers[":status"]}`;
  });
  stream.once("trailers", read);
  return () => {
    if (status === undefined) return { ok: false, fault: "closed", reason: reason || LOST };
    if (status === GRPC_OK) return { ok: true, fault: "closed", reason: "ended with status OK" };
    if (status === GRPC_UNKNOWN) return { ok: false, ...readRefusal(reason) };
    return { ok: false, fault: statusFault(status), reason: `gRPC status ${status}: ${reason}` };
  };
}

function statusFault(status: number): NetworkFault {
  if (status === GRPC_RESOURCE_EXHAUSTED) return "message-too-large";
  return status === GRPC_UNIMPLEMENTED || status === -1 ? "protocol" : "closed";
}

function sendPing(
  session: ClientHttp2Session,
  endpoint: string,
  done: (end: StreamEnd | undefined) => void,
): void {
  const stream = request(session, endpoint, SERVICE_PING);
  if (stream === undefined) {
    done({ fault: "closed", reason: LOST });
    return;
  }
  const ending = watchStatus(stream);
  stream.resume(); // The answer is empty; its status is what matters.
  stream.once("close", () => {
    const end = ending();
    done(end.ok ? undefined : end);
  });
  stream.end(encodeFrame(new Uint8Array(0)));
}

/** Opens the gossip stream of a session, which it then owns. */
export function openStream(
  session: ClientHttp2Session,
  endpoint: string,
  context: GrpcContext,
): Link | undefined {
  const facts = sessionFacts(session);
  const stream = request(session, endpoint, SERVICE_STREAM);
  if (stream === undefined) return undefined;
  openWindow(session);
  keepAlive(session, context.timeouts.clientKeepaliveMs, context.timeouts.keepaliveTimeoutMs);
  const role: StreamRole = {
    begin: () => {}, // The request did.
    admit: () => {}, // We chose whom to dial.
    count: () => {},
    cut: () => session.destroy(),
    // A trailer that came with the end is read first.
    end: () => setImmediate(() => session.destroy()),
    ending: watchStatus(stream),
  };
  return createStreamLink(stream, { outbound: true, ...facts }, role, context);
}
