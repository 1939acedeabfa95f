/** Bounds for accepted sockets: how many, how long in the handshake, how long without a stream. */
import type { Http2SecureServer, Http2Server, ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";
import { formatEndpoint } from "./endpoint.ts";
import type { AcceptFault, GrpcContext } from "./grpc-options.ts";
import { keepAlive, openWindow } from "./grpc-session.ts";

/** The key of an accepted socket; the TLS layer does not hand out the socket below it. */
function socketKey(socket: Pick<Socket, "remoteAddress" | "remotePort">): string {
  return formatEndpoint(socket.remoteAddress ?? "", socket.remotePort ?? 0);
}

/** Watches over the sockets that a server accepts, from the first byte on. */
export class SocketGuard {
  readonly #context: GrpcContext;
  readonly #isSecure: boolean;
  /** Sockets that have not finished TLS and HTTP/2 settings: what they will be counted as. */
  readonly #handshakes = new Map<string, AcceptFault>();

  constructor(server: Http2Server | Http2SecureServer, context: GrpcContext) {
    this.#context = context;
    this.#isSecure = isSecure(server);
    server.maxConnections = context.limits.connectionsMax;
    server.on("drop", () => {
      context.stats.refused["too-many-connections"] += 1;
    });
    server.on("connection", (socket: Socket) => this.#admit(socket));
    server.on("secureConnection", (socket: Socket) => this.#mark(socketKey(socket), "protocol"));
    server.on("tlsClientError", (_error: Error, socket: Socket) => socket.destroy());
    server.on("unknownProtocol", (socket: Socket) => socket.destroy());
    server.on("sessionError", () => {}); // Its socket is closed, and counted there.
  }

  /** Watches over a new session: its handshake, idle time and keepalive. */
  tend(session: ServerHttp2Session): void {
    const { timeouts } = this.#context;
    const key = socketKey(session.socket);
    session.on("error", () => {}); // The close event that follows tells the rest.
    session.once("remoteSettings", () => this.#handshakes.delete(key));
    openWindow(session);
    keepAlive(session, timeouts.serverKeepaliveMs, timeouts.keepaliveTimeoutMs);
    endIdle(session, timeouts.idleTimeoutMs);
  }

  #admit(socket: Socket): void {
    const { limits, timeouts, stats } = this.#context;
    socket.on("error", () => {}); // The close event that follows tells the rest.
    if (this.#handshakes.size >= limits.handshakesMax) {
      stats.refused["too-many-handshakes"] += 1;
      socket.destroy();
      return;
    }
    stats.accepted += 1;
    const key = socketKey(socket);
    this.#handshakes.set(key, this.#isSecure ? "tls" : "protocol");
    const timer = setTimeout(() => {
      if (!this.#handshakes.has(key)) return;
      this.#mark(key, "timeout");
      socket.destroy();
    }, timeouts.acceptTimeoutMs);
    socket.once("close", () => {
      clearTimeout(timer);
      stats.acceptedClosed += 1;
      const fault = this.#handshakes.get(key);
      if (fault !== undefined) stats.refused[fault] += 1;
      this.#handshakes.delete(key);
    });
  }

  #mark(key: string, fault: AcceptFault): void {
    if (this.#handshakes.has(key)) this.#handshakes.set(key, fault);
  }
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
