/** Common parts of our HTTP servers: listening, refusals, headers. */
import { constants } from "node:crypto";
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createHttpsServer, type ServerOptions } from "node:https";
import { isIP, type Socket } from "node:net";
import { getRequestListener, type HttpBindings } from "@hono/node-server";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { GossipError } from "../lib/errors.ts";
import { formatHostPort, type HostPort } from "../lib/host-port.ts";
import { printable } from "../lib/printable.ts";
import { BACKLOG } from "../transport/grpc-options.ts";
import { useServerContext } from "../transport/grpc-tls.ts";
import { FairScheduler } from "../transport/limits.ts";
import type { TlsCredentials } from "../transport/tls-credentials.ts";
import { greetInTurns } from "./greet-in-turns.ts";
import { Places } from "./places.ts";
import { readInTurns } from "./read-in-turns.ts";

/** An application with access to the socket of a request. */
export type HttpApp = Hono<{ Bindings: HttpBindings }>;

/** Maximum body: a message to other members. */
const BODY_BYTES_MAX = 20_480;
const TOO_LARGE = `A request may have at most ${BODY_BYTES_MAX} bytes: send less.`;
const UNDECODABLE =
  "The path or a parameter is not UTF-8 where it has percent signs: write é as %C3%A9, and a percent sign itself as %25.";
const HEADERS_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 10_000;
const TLS_OPTIONS = {
  handshakeTimeout: 5_000,
  secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
};
/** Answered even at capacity, for monitoring. */
export const ALWAYS: ReadonlySet<string> = new Set(["/healthz", "/readyz", "/version"]);

/** Why this request is not answered, if so; asked before its body is read. */
export type Refuse = (bindings: HttpBindings, path: string) => string | undefined;

/**
 * An application that checks the origin of requests: on loopback only requests for this machine,
 * and changes only from our own pages or from programs. Whoever is `unauthorized` gets a 401. Bodies
 * are bounded.
 */
export function createApp({ host }: HostPort, unauthorized?: Refuse): HttpApp {
  const app: HttpApp = new Hono();
  const isLocal = isLoopback(host);
  app.use(async (context, next) => {
    context.header("x-content-type-options", "nosniff");
    context.header("cache-control", "no-store");
    const refusal = refuse(context.req.raw, isLocal);
    if (refusal !== undefined) return context.json({ error: refusal }, 403);
    if (!isDecodable(context.req.raw)) return context.json({ error: UNDECODABLE }, 400);
    const stranger = unauthorized?.(context.env, context.req.path);
    if (stranger !== undefined) return context.json({ error: stranger }, 401);
    await next();
    // Nobody reads a body that HEAD leaves out; a stream would wait for its reader.
    if (context.req.method === "HEAD") await context.res.body?.cancel();
    return undefined;
  });
  app.use(
    bodyLimit({
      maxSize: BODY_BYTES_MAX,
      onError: (context) => context.json({ error: TOO_LARGE }, 413, { connection: "close" }),
    }),
  );
  app.onError((error, context) => {
    // A client that leaves before its request is complete is no failure of ours.
    if (!context.env.incoming.socket.destroyed) {
      const lines = (error.stack ?? error.message).split("\n").map(printable);
      process.stderr.write(`${lines.join("\n")}\n`);
    }
    return context.json({ error: "this request failed unexpectedly" }, 500);
  });
  app.notFound((context) => {
    const { method, path } = context.req;
    const methods = methodsOf(app, path);
    if (methods.length === 0 || methods.includes(method === "HEAD" ? "GET" : method))
      return context.json({ error: "no such path" }, 404);
    const allow = methods.join(", ");
    return context.json({ error: `${method} does nothing here: use ${allow}.` }, 405, { allow });
  });
  return app;
}

/** Whether what its percent signs encode is UTF-8: a part that is not would be taken as it is written. */
function isDecodable({ url }: Request): boolean {
  try {
    decodeURIComponent(url);
    return true;
  } catch {
    return false;
  }
}

/** The methods that a path has. */
function methodsOf(app: HttpApp, path: string): readonly string[] {
  return [...new Set(routesAt(app, path).map(({ method }) => method))];
}

/** What answers at a path, by method and pattern; middleware is for all. */
export function routesAt(
  { routes }: HttpApp,
  path: string,
): readonly { readonly method: string; readonly path: string }[] {
  const parts = path.split("/");
  const isAt = (pattern: string): boolean => {
    const wanted = pattern.split("/");
    return (
      wanted.length === parts.length &&
      wanted.every((part, i) => part === parts[i] || (part.startsWith(":") && parts[i] !== ""))
    );
  };
  return routes.filter(({ method, path: pattern }) => method !== "ALL" && isAt(pattern));
}

/** The fault of a request's origin, if any. */
function refuse(request: Request, isLocal: boolean): string | undefined {
  const name = URL.parse(`http://${request.headers.get("host")}`)?.hostname ?? "";
  // Another page can point its own host name at this machine; the Host header reveals it.
  if (isLocal && !isLoopback(name)) {
    return `"${name.slice(0, 100)}" is not this machine; use http://127.0.0.1.`;
  }
  const isReading = request.method === "GET" || request.method === "HEAD";
  if (isReading || isTrustworthy(request, isLocal)) return undefined;
  return "Another page must not change anything here; use our own pages or a program.";
}

/** A browser sends an origin; a program does not. */
function isTrustworthy({ headers }: Request, isLocal: boolean): boolean {
  const site = headers.get("sec-fetch-site");
  if (site !== null && site !== "same-origin" && site !== "none") return false;
  const origin = headers.get("origin");
  if (origin === null) return true;
  // Beyond loopback the host name proves nothing, so no page may change anything.
  return isLocal && URL.parse(origin)?.host === headers.get("host");
}

function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, "");
  return bare === "localhost" || bare === "::1" || (isIP(bare) === 4 && bare.startsWith("127."));
}

export interface HttpServer {
  /** `http://host:port`, with the port in use. */
  readonly url: string;
  /** Puts other TLS files in force for new connections; without effect where none were in use. */
  setTls(credentials: TlsCredentials): void;
  close(): Promise<void>;
}

/** With `credentials`, clients are judged by these. */
export interface HttpsOptions extends ServerOptions {
  readonly credentials?: TlsCredentials;
}

/** Serves the application. Throws `listen-failed` with the remedy if the address cannot be used. */
export async function serve(
  app: HttpApp,
  listen: HostPort,
  tls: HttpsOptions | undefined,
  explain: { readonly what: string; readonly remedy: string },
): Promise<HttpServer> {
  const answer = getRequestListener(app.fetch);
  const turns = new FairScheduler();
  const take = (request: IncomingMessage, response: ServerResponse): void => {
    if (request.socket.destroyed) return; // Cut a moment ago.
    response.once("finish", () => endUnread(request));
    const isUrgent = ALWAYS.has(request.url ?? "");
    const place = places.hold(request, response);
    if (place === "none") request.socket.destroy();
    else if (announcedBytes(request) > BODY_BYTES_MAX) refuseBody(response);
    else if (isUrgent) void answer(request, response);
    else if (place === "any") turns.take(() => void answer(request, response));
    else response.writeHead(503, { connection: "close" }).end("too many connections\n");
  };
  const limits = { headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS };
  const options = { ...limits, connectionsCheckingInterval: 1_000 };
  const server = tls
    ? createHttpsServer({ ...options, ...TLS_OPTIONS, ...tls }, take)
    : createHttpServer(options, take);
  if (tls?.credentials) useServerContext(server, tls.credentials);
  // Node's own: they begin TLS.
  const begins = tls ? server.listeners("connection") : [];
  if (tls) server.removeAllListeners("connection");
  const places = new Places(server);
  if (tls) greetInTurns(server, begins, turns);
  server.on(tls ? "secureConnection" : "connection", (socket: Socket) =>
    readInTurns(socket, turns),
  );
  await bind(server, listen, explain);
  server.on("error", () => {}); // A failed accept must not end the server.
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : listen.port;
  return {
    url: `${tls ? "https" : "http"}://${formatHostPort({ host: listen.host, port })}`,
    setTls: (credentials) => {
      if (tls) useServerContext(server, credentials);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Of a body without a length nothing is known before it has come. */
function announcedBytes({ headers }: IncomingMessage): number {
  return Number(headers["content-length"] ?? 0);
}

function refuseBody(response: ServerResponse): void {
  const head = { connection: "close", "content-type": "application/json" };
  response.writeHead(413, head).end(JSON.stringify({ error: TOO_LARGE }));
}

/** Whoever has its answer need not send the rest of its body: Node would read it to its end. */
function endUnread({ complete, socket }: IncomingMessage): void {
  if (!complete) socket.destroySoon();
}

function bind(
  server: Server,
  listen: HostPort,
  { what, remedy }: { readonly what: string; readonly remedy: string },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = ({ message, code }: NodeJS.ErrnoException): void => {
      const where = `${what} cannot listen on ${formatHostPort(listen)}`;
      const isFull = code === "EMFILE" || code === "ENFILE";
      const help = isFull ? "raise the limit of open files, as with ulimit -n" : remedy;
      reject(new GossipError("listen-failed", `${where} (${message}): ${help}.`));
    };
    server.once("error", failed);
    server.listen({ ...listen, backlog: BACKLOG }, () => {
      server.off("error", failed);
      resolve();
    });
  });
}
