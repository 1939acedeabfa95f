/** The HTTP side of a devnet: the dashboard, and what it asks for (product 4). */
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { type Context, Hono } from "hono";
import { GossipError } from "../errors.ts";
import { isSameOrigin } from "../ops/http.ts";
import type { Observer } from "./observer.ts";
import { HOST } from "./plan.ts";
import { isAction, type Supervisor } from "./supervisor.ts";

export interface ServerOptions {
  readonly port: number;
  readonly supervisor: Supervisor;
  readonly observer: Observer;
}

export interface DevnetServer {
  readonly url: string;
  close(): void;
}

const PAGE = [
  { path: "/", file: "index.html", type: "text/html; charset=utf-8" },
  { path: "/page.js", file: "page.js", type: "text/javascript; charset=utf-8" },
  { path: "/model.js", file: "model.js", type: "text/javascript; charset=utf-8" },
  { path: "/graph.js", file: "graph.js", type: "text/javascript; charset=utf-8" },
  { path: "/page.css", file: "page.css", type: "text/css; charset=utf-8" },
] as const;

const HEADERS = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
} as const;

/** Starts the server. Throws `listen-failed` if the port cannot be used. */
export async function startServer(options: ServerOptions): Promise<DevnetServer> {
  const handle = getRequestListener((await devnetApp(options)).fetch);
  const server = createServer((request, response) => void handle(request, response));
  server.requestTimeout = 10_000;
  server.maxConnections = 256;
  await new Promise<void>((resolve, reject) => {
    server.once("error", ({ message }) => {
      const where = `the dashboard cannot listen on ${HOST}:${options.port}`;
      const remedy = "stop what uses the port, or choose another --base-port";
      reject(new GossipError("listen-failed", `${where} (${message}): ${remedy}.`));
    });
    server.listen(options.port, HOST, resolve);
  });
  return {
    url: `http://${HOST}:${options.port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function devnetApp({ supervisor, observer }: ServerOptions): Promise<Hono> {
  const app = new Hono();
  app.use(async (context, next) => {
    for (const [name, value] of Object.entries(HEADERS)) context.header(name, value);
    const refusal = refuse(context.req.raw);
    if (refusal !== undefined) return context.json({ error: refusal }, 403);
    return next();
  });
  for (const { path, file, type } of PAGE) {
    const content = await readFile(new URL(`./page/${file}`, import.meta.url), "utf8");
    app.get(path, (context) => context.body(content, 200, { "content-type": type }));
  }
  app.get("/api/v1/devnet", (context) => context.json({ members: supervisor.list() }));
  app.get("/api/v1/devnet/views", async (context) => context.json((await observer.look()).views));
  app.get("/api/v1/devnet/connections", async (context) =>
    context.json((await observer.look()).connections),
  );
  app.get("/api/v1/devnet/members/:name/log", async (context) => {
    const tail = await supervisor.logTail(context.req.param("name"));
    return tail === undefined ? context.notFound() : context.text(tail);
  });
  app.post("/api/v1/devnet/members/:name/:action", (context) => act(context, supervisor));
  app.post("/api/v1/devnet/partition", (context) =>
    context.json({ error: "Partitions cannot be made yet; pause or stop members instead." }, 501),
  );
  app.notFound((context) => context.json({ error: "no such path" }, 404));
  return app;
}

/** What is wrong with where a request comes from, if anything. */
function refuse(request: Request): string | undefined {
  // A page elsewhere can point a host name of its own at this machine; the name gives it away.
  const host = URL.parse(`http://${request.headers.get("host")}`)?.hostname ?? "";
  if (!["127.0.0.1", "localhost", "[::1]"].includes(host)) {
    return `"${host.slice(0, 100)}" is not this machine; use http://127.0.0.1.`;
  }
  const isReading = request.method === "GET" || request.method === "HEAD";
  if (isReading || isSameOrigin(request)) return undefined;
  return "Another page must not change anything here; use the dashboard or a program.";
}

async function act(context: Context, supervisor: Supervisor): Promise<Response> {
  const { name = "", action = "" } = context.req.param();
  if (!supervisor.has(name)) return context.json({ error: `no member ${name.slice(0, 100)}` }, 404);
  if (!isAction(action)) return context.json({ error: `no action ${action.slice(0, 100)}` }, 404);
  try {
    const outcome = await supervisor.act(name, action);
    if (outcome.ok) return context.json(outcome.member);
    return context.json({ error: outcome.error }, 409);
  } catch (error) {
    if (!(error instanceof GossipError)) throw error;
    return context.json({ error: error.message }, 500);
  }
}
