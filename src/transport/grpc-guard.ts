/** Bounds for accepted sockets: how many, how long in the handshake, how long without a stream. */
import type { Http2SecureServer, Http2Server, ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";
import { formatEndpoint } from "./endpoint.ts";
import type { AcceptFault, GrpcContext } from "./grpc-options.ts";
import { keepAlive, openWindow } from "./grpc-session.ts";

export interface SocketGuard {
  /** Watches over a new session: its handshake, idle time and keepalive. */
  tend(session: ServerHttp2Session): void;
}

/** The key of an accepted socket; the TLS layer does not hand out the socket below it. */
function socketKey(socket: Pick<Socket, "remoteAddress" | "remotePort">): string {
  return formatEndpoint(socket.remoteAddress ?? "", socket.remotePort ?? 0);
}

export function guardSockets(
  server: Http2Server | Http2SecureServer,
  context: GrpcContext,
): SocketGuard {
  const { limits, timeouts, stats } = context;
  /** Sockets that have not finished TLS and HTTP/2 settings: what cuts them off. */
  const handshakes = new Map<string, { readonly timer: NodeJS.Timeout; fault: AcceptFault }>();
  server.maxConnections = limits.connectionsMax;

  function handshakeEnded(key: string): AcceptFault | undefined {
    const handshake = handshakes.get(key);
    clearTimeout(handshake?.timer);
    handshakes.delete(key);
    return handshake?.fault;
  }

  server.on("drop", () => {
    stats.refused["too-many-connections"] += 1;
  });
  server.on("connection", (socket: Socket) => {
    socket.on("error", () => {}); // The close event that follows tells the rest.
    const key = socketKey(socket);
    if (handshakes.size >= limits.handshakesMax) {
      stats.refused["too-many-handshakes"] += 1;
      socket.destroy();
      return;
    }
    stats.accepted += 1;
    const timer = setTimeout(() => {
      mark(key, "timeout");
      socket.destroy();
    }, timeouts.acceptTimeoutMs);
    handshakes.set(key, { timer, fault: isSecure(server) ? "tls" : "protocol" });
    socket.once("close", () => {
      stats.acceptedClosed += 1;
      const fault = handshakeEnded(key);
      if (fault !== undefined) stats.refused[fault] += 1;
    });
  });

  function mark(key: string, fault: AcceptFault): void {
    const handshake = handshakes.get(key);
    if (handshake !== undefined) handshake.fault = fault;
  }

  server.on("secureConnection", (socket: Socket) => mark(socketKey(socket), "protocol"));
  server.on("tlsClientError", (_error: Error, socket: Socket) => socket.destroy());
  server.on("unknownProtocol", (socket: Socket) => {
    mark(socketKey(socket), "protocol");
    socket.destroy();
  });
  server.on("sessionError", () => {}); // Its socket is closed, and counted there.

  return {
    tend(session) {
      const key = socketKey(session.socket);
      session.on("error", () => {});
      session.once("remoteSettings", () => handshakeEnded(key));
      openWindow(session);
      keepAlive(session, timeouts.serverKeepaliveMs, timeouts.keepaliveTimeoutMs);
      endIdle(session, timeouts.idleTimeoutMs);
    },
  };
}

function isSecure(server: Http2Server | Http2SecureServer): server is Http2SecureServer {
  return "setSecureContext" in server;
}

/** Ends a session that has carried no stream for so long: whoever needs us opens another one. */
function endIdle(session: ServerHttp2Session, idleTimeoutMs: number): void {
  let streams = 0;
  let timer: NodeJS.Timeout | undefined;
  const arm = (): void => {
    timer = setTimeout(() => session.destroy(), idleTimeoutMs);
  };
  arm();
  session.on("stream", (stream) => {
    streams += 1;
    clearTimeout(timer);
    stream.once("close", () => {
      streams -= 1;
      if (streams === 0 && !session.destroyed) arm();
    });
  });
  session.once("close", () => clearTimeout(timer));
}
