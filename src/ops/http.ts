/** The operations endpoint: health, version, log levels, metrics and the node's views (product 4). */

import { readFile } from "node:fs/promises";
import { createServer as createHttpServer, type Server } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { TLSSocket } from "node:tls";
import { getRequestListener } from "@hono/node-server";
import { Hono } from "hono";
import type { TlsFiles } from "../config/config.ts";
import type { HostPort } from "../config/host-port.ts";
import { GossipError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { GossipNode } from "../node.ts";
import { VERSION } from "../version.ts";
import { metricsText } from "./metrics.ts";

export interface OperationsOptions {
  readonly listen: HostPort;
  readonly tls: TlsFiles;
  readonly node: GossipNode;
  readonly log: Log;
}

export interface Operations {
  /** `http://host:port`, with the port in use. */
  readonly url: string;
  close(): Promise<void>;
}

/** Starts the endpoint. Throws `listen-failed` if the address cannot be used. */
export async function startOperations(options: OperationsOptions): Promise<Operations> {
  const { listen, tls } = options;
  const handle = getRequestListener(operationsApp(options).fetch);
  const server: Server = tls.enabled
    ? createHttpsServer(await tlsOptions(tls), (request, response) => {
        const { authorized } = request.socket as TLSSocket;
        if (authorized || !tls.clientAuthRequired || isOpen(request.url ?? "")) {
          void handle(request, response);
        } else {
          response.writeHead(401).end("a client certificate of a trusted CA is required\n");
        }
      })
    : createHttpServer((request, response) => void handle(request, response));
  server.requestTimeout = 10_000;
  server.maxConnections = 256;
  await bind(server, listen);
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : listen.port;
  const host = listen.host.includes(":") ? `[${listen.host}]` : listen.host || "localhost";
  return {
    url: `${tls.enabled ? "https" : "http"}://${host}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Health and version stay open, as in Fabric, so that an orchestrator can ask without certificate. */
function isOpen(url: string): boolean {
  return url.startsWith("/healthz") || url.startsWith("/version");
}

async function tlsOptions(tls: TlsFiles): Promise<object> {
  const [cert, key, ...ca] = await Promise.all(
    [tls.certFile, tls.keyFile, ...tls.clientRootCaFiles].map((file) => readFile(file ?? "")),
  );
  return { cert, key, ca, requestCert: true, rejectUnauthorized: false, minVersion: "TLSv1.2" };
}

function bind(server: Server, { host, port }: HostPort): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => {
      const remedy = "stop what uses it, or choose another operations.listenAddress";
      const where = `the operations endpoint cannot listen on ${host}:${port}`;
      reject(new GossipError("listen-failed", `${where} (${error.message}): ${remedy}.`));
    });
    server.listen(port, host, () => resolve());
  });
}

function operationsApp({ node, log }: OperationsOptions): Hono {
  const app = new Hono();
  app.get("/healthz", (context) => {
    const time = new Date().toISOString();
    const reasons = node.problems();
    if (reasons.length === 0) return context.json({ status: "OK", time });
    const failed = reasons.map((reason) => ({ component: "gossip", reason }));
    return context.json({ status: "Service Unavailable", time, failed_checks: failed }, 503);
  });
  app.get("/version", (context) => context.json({ CommitSHA: "unknown", Version: VERSION }));
  app.get("/logspec", (context) => context.json({ spec: log.spec() }));
  app.put("/logspec", async (context) => {
    if (!isSameOrigin(context.req.raw)) return context.json({ error: "cross-origin" }, 403);
    try {
      const body: unknown = await context.req.json();
      const spec = typeof body === "object" && body && "spec" in body ? body.spec : undefined;
      if (typeof spec !== "string") return context.json({ error: 'send {"spec": "..."}' }, 400);
      log.setSpec(spec);
      return context.body(null, 204);
    } catch (error) {
      const message = error instanceof GossipError ? error.message : "the body is not JSON";
      return context.json({ error: message }, 400);
    }
  });
  app.get("/metrics", (context) => context.text(metricsText(node)));
  app.get("/api/v1/self", (context) => context.json(node.self()));
  app.get("/api/v1/members", (context) => context.json(node.members()));
  app.get("/api/v1/identities", (context) => context.json(node.identities()));
  app.get("/api/v1/connections", (context) => context.json(node.connections()));
  app.notFound((context) => context.json({ error: "no such path" }, 404));
  return app;
}

/** A browser says where a request comes from; one from another page must not change anything. */
export function isSameOrigin(request: Request): boolean {
  const site = request.headers.get("sec-fetch-site");
  if (site !== null && site !== "same-origin" && site !== "none") return false;
  const origin = request.headers.get("origin");
  return origin === null || URL.parse(origin)?.host === request.headers.get("host");
}
