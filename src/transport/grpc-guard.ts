/** Bounds for accepted sockets: how many, how long in the handshake, how long without a stream. */
import type { Http2SecureServer, Http2Server, ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";
import { formatEndpoint } from "./endpoint.ts";
import type { AcceptFault, GrpcContext } from "./grpc-options.ts";
import { keepAlive, openWindow, SERVICE_STREAM } from "./grpc-session.ts";

/** The key of an accepted socket; the TLS layer does not hand out the socket below it. */
function socketKey(socket: Pick<Socket, "remoteAddress" | "remotePort">): string {
  return formatEndpoint(socket.remoteAddress ?? "", socket.remotePort ?? 0);
}

/** Watches over the sockets that a server accepts, from the first byte on. */
export class SocketGuard {
  readonly #context: GrpcContext;
  readonly #isSecure: boolean;
  readonly #open = new Set<Socket>();
  /** Sockets that have not finished TLS and HTTP/2 settings: what they will be counted as. */
  readonly #handshakes = new Map<string, AcceptFault>();
  /** Sockets without a gossip stream, the one that has been so for the longest time first. */
  readonly #idle = new Map<string, Socket>();

  constructor(server: Http2Server | Http2SecureServer, context: GrpcContext) {
    this.#context = context;
    this.#isSecure = isSecure(server);
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
    this.#watchStreams(session, key);
  }

  /** Ends every socket, whatever it is in the middle of. */
  destroyAll(): void {
    for (const socket of this.#open) socket.destroy();
  }

  /** A Ping is asked for by anybody; a gossip stream is soon gone if no handshake follows. */
  #watchStreams(session: ServerHttp2Session, key: string): void {
    const socket = this.#idle.get(key);
    let streams = 0;
    session.on("stream", (stream, headers) => {
      if (headers[":path"] !== SERVICE_STREAM) return;
      streams += 1;
      this.#idle.delete(key);
      stream.once("close", () => {
        streams -= 1;
        if (streams === 0 && socket?.destroyed === false) this.#idle.set(key, socket);
      });
    });
  }

  #admit(socket: Socket): void {
    const { timeouts, stats } = this.#context;
    socket.on("error", () => {}); // The close event that follows tells the rest.
    if (!this.#makeRoom()) {
      stats.refused["too-many-connections"] += 1;
      socket.destroy();
      return;
    }
    stats.accepted += 1;
    const key = socketKey(socket);
    this.#open.add(socket);
    this.#idle.set(key, socket);
    this.#handshakes.set(key, this.#isSecure ? "tls" : "protocol");
    const timer = setTimeout(() => {
      if (this.#handshakes.has(key)) this.#cut(key, "timeout");
    }, timeouts.acceptTimeoutMs);
    socket.once("close", () => {
      clearTimeout(timer);
      stats.acceptedClosed += 1;
      const fault = this.#handshakes.get(key);
      if (fault !== undefined) stats.refused[fault] += 1;
      this.#open.delete(socket);
      this.#handshakes.delete(key);
      this.#idle.delete(key);
    });
  }

  /**
   * A newcomer takes the place of whoever has been there longest without doing anything: silent ones
   * cannot keep others out. False: everybody is busy.
   */
  #makeRoom(): boolean {
    const { limits } = this.#context;
    if (this.#handshakes.size >= limits.handshakesMax) {
      const [slowest] = this.#handshakes.keys();
      if (slowest !== undefined) this.#cut(slowest, "too-many-handshakes");
    }
    if (this.#open.size < limits.connectionsMax) return true;
    const [idlest] = this.#idle.keys();
    if (idlest !== undefined) this.#cut(idlest, "too-many-connections");
    return idlest !== undefined;
  }

  /** Ends an idle socket. Its room is free at once; the close event comes later. */
  #cut(key: string, fault: AcceptFault): void {
    const socket = this.#idle.get(key);
    if (socket === undefined) return;
    this.#context.stats.refused[fault] += 1;
    this.#idle.delete(key);
    this.#handshakes.delete(key);
    this.#open.delete(socket);
    socket.destroy();
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
