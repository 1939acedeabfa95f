/** The HTTP side of a devnet: the dashboard, and what it asks for (product 4). */
import { readFile } from "node:fs/promises";
import type { Context } from "hono";
import type { HostPort } from "../config/host-port.ts";
import { GossipError } from "../errors.ts";
import { createApp, type HttpApp, type HttpServer, serve } from "../ops/http-server.ts";
import type { Observer } from "./observer.ts";
import { HOST } from "./plan.ts";
import { isAction, type Supervisor } from "./supervisor.ts";

export interface ServerOptions {
  readonly port: number;
  readonly supervisor: Supervisor;
  readonly observer: Observer;
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
  "referrer-policy": "no-referrer",
} as const;

/** Starts the server. Throws `listen-failed` if the port cannot be used. */
export async function startServer(options: ServerOptions): Promise<HttpServer> {
  const listen = { host: HOST, port: options.port };
  return serve(await devnetApp(listen, options), listen, undefined, {
    what: "the dashboard",
    remedy: "stop what uses the port, or choose another --base-port",
  });
}

async function devnetApp(
  listen: HostPort,
  { supervisor, observer }: ServerOptions,
): Promise<HttpApp> {
  const app = createApp(listen);
  app.use(async (context, next) => {
    for (const [name, value] of Object.entries(HEADERS)) context.header(name, value);
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
  app.post("/api/v1/devnet/partition", partition);
  return app;
}

/** No groups means to heal, and there is nothing to heal. */
async function partition(context: Context): Promise<Response> {
  const body: unknown = await context.req.json().catch(() => undefined);
  const groups = typeof body === "object" && body && "groups" in body ? body.groups : undefined;
  if (Array.isArray(groups) && groups.length === 0) return context.json({ groups: [] });
  const error = "Partitions cannot be made yet; pause or stop members instead.";
  return context.json({ error }, 501);
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
