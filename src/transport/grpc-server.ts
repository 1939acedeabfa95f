import {
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type Http2Session,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import { GossipError } from "../lib/errors.ts";
import { formatHostPort, type HostPort } from "../lib/host-port.ts";
import { hearFarewell } from "./farewell.ts";
import { acceptStream, answerPing, refuseCall, requestFault } from "./grpc-call.ts";
import { SocketGuard } from "./grpc-guard.ts";
import { BACKLOG, type GrpcContext, HTTP2_LIMITS } from "./grpc-options.ts";
import { SERVICE_PING, sessionFacts } from "./grpc-session.ts";
import { hearRefusals, judgeClients, serverOptions, useServerContext } from "./grpc-tls.ts";
import type { Link, Refuse } from "./network.ts";
import type { TlsCredentials } from "./tls-credentials.ts";

export interface GrpcServer {
  /** Resolves to the bound port; rejects with `listen-failed`. */
  listen(address: HostPort): Promise<number>;
  /** New handshakes use these files; connections that exist stay. */
  setTls(tls: TlsCredentials): void;
  /** Ends every stream with status OK, then every connection. Resolves when the port is free. */
  close(): Promise<void>;
}

/** How long an ended stream may take to deliver its status before it is cut. */
const GRACE_MS = 200;

export function createGrpcServer(
  tls: TlsCredentials | undefined,
  context: GrpcContext,
  accepted: (link: Link) => void,
  refused: Refuse,
): GrpcServer {
  let current = tls;
  const server = createHttp2Server(tls, context);
  watchClients(server, () => current, context, refused);
  const sessions = new Set<ServerHttp2Session>();
  const links = new Set<Link>();
  const guard = new SocketGuard(server, context, refused);

  server.on("session", (session) => {
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
    hearFarewell(session, refused);
    guard.tend(session);
  });
  server.on("stream", (stream, headers) => {
    stream.on("error", () => {}); // The close event that follows tells the rest.
    const { session } = stream;
    if (session === undefined || !guard.allow(session, stream)) return;
    // Strangers share a part of each round of the event loop: a crowd of them waits for itself.
    context.scheduler.take(() => serve(stream, headers, context, accept));
  });

  const accept: Accept = (stream, session) => {
    const guest = { admit: () => guard.admit(session, stream) };
    const link = acceptStream(stream, sessionFacts(session), guest, context);
    if (link === undefined) return;
    links.add(link);
    stream.once("close", () => links.delete(link));
    accepted(link);
  };

  return {
    listen: (address) => listen(server, address),

    setTls(files) {
      if (!("setSecureContext" in server)) return;
      current = files;
      useServerContext(server, files);
    },

    close() {
      for (const link of links) link.close();
      for (const session of sessions) session.close();
      return new Promise((resolve) => {
        // Sockets in the middle of TLS are no sessions, and some close without a word.
        const cut = setTimeout(() => {
          for (const session of sessions) session.destroy();
          guard.destroyAll();
          setImmediate(resolve);
        }, GRACE_MS);
        server.close(() => {
          clearTimeout(cut);
          resolve();
        });
      });
    },
  };
}

/** Judges the certificates of clients where they have to show one, and hears of those who refuse ours. */
function watchClients(
  server: Http2Server | Http2SecureServer,
  tls: () => TlsCredentials | undefined,
  { judgeTls }: GrpcContext,
  refused: Refuse,
): void {
  const files = tls();
  if (!("setSecureContext" in server) || files === undefined) return;
  hearRefusals(server, refused);
  if (files.clientAuthRequired && judgeTls) {
    judgeClients(server, () => tls() ?? files, judgeTls, refused);
  }
}

type Accept = (stream: ServerHttp2Stream, session: Http2Session) => void;

function serve(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  context: GrpcContext,
  accept: Accept,
): void {
  const { session } = stream;
  if (session === undefined || session.destroyed) return;
  const fault = requestFault(headers);
  if (fault !== undefined) refuseCall(stream, fault);
  else if (headers[":path"] === SERVICE_PING) answerPing(stream, context);
  else accept(stream, session);
}

function createHttp2Server(
  tls: TlsCredentials | undefined,
  { timeouts, judgeTls }: GrpcContext,
): Http2Server | Http2SecureServer {
  if (tls === undefined) return createServer(HTTP2_LIMITS);
  const server = createSecureServer({
    ...HTTP2_LIMITS,
    ...serverOptions(tls, judgeTls),
    // The guard's limit comes first; it spans TCP, TLS and HTTP/2, and counts.
    handshakeTimeout: 2 * timeouts.acceptTimeoutMs,
  });
  useServerContext(server, tls);
  return server;
}

const RAISE_LIMIT = "raise the limit of open files, as with ulimit -n";
const LISTEN_REMEDIES: Readonly<Record<string, string>> = {
  EADDRINUSE: "stop the process that uses it, or choose another port",
  EADDRNOTAVAIL: "choose an address of this machine",
  EACCES: "choose a port above 1023, or allow this user to listen there",
  EMFILE: RAISE_LIMIT,
  ENFILE: RAISE_LIMIT,
};

function listen(server: Http2Server | Http2SecureServer, address: HostPort): Promise<number> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      const remedy = LISTEN_REMEDIES[error.code ?? ""] ?? "choose another address or port";
      const problem = `Cannot listen on ${formatHostPort(address)} (${error.message}); ${remedy}.`;
      reject(new GossipError("listen-failed", problem, { cause: error }));
    };
    server.once("error", failed);
    server.listen({ ...address, backlog: BACKLOG }, () => {
      server.off("error", failed);
      server.on("error", () => {}); // Accepting one socket failed; the next may succeed.
      const bound = server.address();
      resolve(typeof bound === "object" && bound !== null ? bound.port : address.port);
    });
  });
}
