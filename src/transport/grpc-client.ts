import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from "node:http2";
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { checkServerIdentity, connect as connectTls, TLSSocket } from "node:tls";
import { formatEndpoint, type HostAndPort, parseEndpoint } from "./endpoint.ts";
import {
  decodeStatusMessage,
  encodeFrame,
  GRPC_OK,
  GRPC_RESOURCE_EXHAUSTED,
  GRPC_UNIMPLEMENTED,
  plainText,
} from "./grpc-framing.ts";
import { createStreamLink, type StreamEnd, type StreamRole } from "./grpc-link.ts";
import { type GrpcContext, HTTP2_LIMITS, TLS_COMMON, type TlsFiles } from "./grpc-options.ts";
import {
  GRPC_CONTENT_TYPE,
  keepAlive,
  openWindow,
  SERVICE_PING,
  SERVICE_STREAM,
  sessionFacts,
} from "./grpc-session.ts";
import type { Cancel, Link, NetworkFault } from "./network.ts";

export interface SessionEvents {
  opened(session: ClientHttp2Session): void;
  failed(end: StreamEnd): void;
}

type DialPhase = "tcp" | "tls" | "http2";

/** Connects, with TLS if there are files for it, and pings. Unless cancelled, one event follows. */
export function openSession(
  endpoint: string,
  tls: TlsFiles | undefined,
  context: GrpcContext,
  events: SessionEvents,
): Cancel {
  const address = parseEndpoint(endpoint);
  if (address === undefined) {
    const reason = `"${plainText(endpoint)}" is not host:port`;
    const soon = setImmediate(() => events.failed({ fault: "unreachable", reason }));
    return () => clearImmediate(soon);
  }
  const { dialTimeoutMs, connTimeoutMs } = context.timeouts;
  let settled = false;
  let phase: DialPhase = "tcp";
  let session: ClientHttp2Session | undefined;
  let timer: NodeJS.Timeout | undefined;
  const settle = (): boolean => {
    const first = !settled;
    settled = true;
    clearTimeout(timer);
    return first;
  };
  const cancel = (): boolean => {
    if (!settle()) return false;
    session?.destroy();
    socket.destroy();
    return true;
  };
  const fail = (end: StreamEnd): void => {
    if (cancel()) events.failed(end);
  };
  const failWith = (error: Error): void => fail(dialFault(error, phase));
  const failAfter = (delayMs: number, what: string): NodeJS.Timeout =>
    setTimeout(() => fail({ fault: "timeout", reason: `${what} within ${delayMs} ms` }), delayMs);

  timer = failAfter(dialTimeoutMs, "no connection");
  const socket = openSocket(address, tls);
  socket.on("error", failWith);
  socket.once("close", () => failWith(new Error(LOST)));
  socket.once("connect", () => {
    phase = tls === undefined ? "http2" : "tls";
  });
  socket.once(tls === undefined ? "connect" : "secureConnect", () => {
    if (settled) return;
    phase = "http2";
    if (socket instanceof TLSSocket && socket.alpnProtocol !== "h2") {
      return fail({ fault: "protocol", reason: "the other side does not speak HTTP/2" });
    }
    const opened = startHttp2(socket, address, tls !== undefined, failWith);
    session = opened;
    opened.once("remoteSettings", () => {
      if (settled) return;
      clearTimeout(timer);
      timer = failAfter(connTimeoutMs, "no answer to Ping");
      sendPing(opened, (end) => {
        if (end !== undefined) fail(end);
        else if (settle()) events.opened(opened);
      });
    });
  });
  return cancel;
}

function openSocket({ host, port }: HostAndPort, tls: TlsFiles | undefined): Socket {
  if (tls === undefined) return connectTcp({ host, port, noDelay: true });
  return connectTls({
    ...TLS_COMMON,
    host,
    port,
    // The name must not be sent for an address; the certificate is checked against `host` then.
    ...(isIP(host) === 0 ? { servername: host } : {}),
    cert: tls.clientCert ?? tls.cert,
    key: tls.clientKey ?? tls.key,
    ca: [...tls.rootCas],
    // Go takes every certificate of the pool as an anchor, intermediates too.
    allowPartialTrustChain: true,
    ALPNProtocols: ["h2"],
    checkServerIdentity(name, certificate) {
      // Like Go we do not fall back to the common name.
      if (certificate.subjectaltname === undefined) {
        return new Error(`the certificate of ${name} has no subject alternative name`);
      }
      return checkServerIdentity(name, certificate);
    },
  }).setNoDelay(true);
}

function startHttp2(
  socket: Socket,
  { host, port }: HostAndPort,
  secure: boolean,
  failed: (error: Error) => void,
): ClientHttp2Session {
  const authority = `${secure ? "https" : "http"}://${formatEndpoint(host, port)}`;
  const session = connect(authority, { ...HTTP2_LIMITS, createConnection: () => socket });
  session.on("error", failed);
  session.once("close", () => failed(new Error(LOST)));
  return session;
}

const LOST = "the connection was closed";
const LOST_CODES: readonly string[] = ["ECONNRESET", "EPIPE"];

function dialFault(error: Error, phase: DialPhase): StreamEnd {
  const code = "code" in error ? String(error.code) : "";
  // Trying several addresses of one name fails with an AggregateError, which has no message.
  const reason = plainText(error.message || code);
  if (phase === "tcp") return { fault: code === "ETIMEDOUT" ? "timeout" : "unreachable", reason };
  if (LOST_CODES.includes(code) || error.message === LOST) return { fault: "closed", reason };
  // With TLS 1.3 a server refuses our certificate only after the handshake, as we see it.
  const isTls = phase === "tls" || code.startsWith("ERR_SSL");
  return { fault: isTls ? "tls" : "protocol", reason };
}

/** Opens a call; undefined if the session has just ended. */
function request(session: ClientHttp2Session, path: string): ClientHttp2Stream | undefined {
  if (session.destroyed || session.closed) return undefined;
  const stream = session.request(
    {
      [constants.HTTP2_HEADER_METHOD]: "POST",
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
    return { ok: false, fault: statusFault(status), reason: `gRPC status ${status}: ${reason}` };
  };
}

function statusFault(status: number): NetworkFault {
  if (status === GRPC_RESOURCE_EXHAUSTED) return "message-too-large";
  return status === GRPC_UNIMPLEMENTED || status === -1 ? "protocol" : "closed";
}

function sendPing(session: ClientHttp2Session, done: (end: StreamEnd | undefined) => void): void {
  const stream = request(session, SERVICE_PING);
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
export function openStream(session: ClientHttp2Session, context: GrpcContext): Link | undefined {
  const facts = sessionFacts(session);
  const stream = request(session, SERVICE_STREAM);
  if (stream === undefined) return undefined;
  openWindow(session);
  keepAlive(session, context.timeouts.clientKeepaliveMs, context.timeouts.keepaliveTimeoutMs);
  const role: StreamRole = {
    // A trailer that came with the end is read first.
    end: () => setImmediate(() => session.destroy()),
    ending: watchStatus(stream),
  };
  return createStreamLink(stream, { outbound: true, ...facts }, role, context);
}
