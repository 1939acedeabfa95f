/** The HTTP server of a devnet: the dashboard and its API. */
import type { Context } from "hono";
import { GossipError } from "../lib/errors.ts";
import type { HostPort } from "../lib/host-port.ts";
import { addDashboard } from "../ops/dashboard.ts";
import { createApp, type HttpApp, type HttpServer, serve } from "../ops/http-server.ts";
import type { ChannelFeed } from "./channel-feed.ts";
import { addChannel } from "./channel-routes.ts";
import type { Observer } from "./observer.ts";
import { parseGroups } from "./partition.ts";
import { HOST } from "./plan.ts";
import { isAction, type Supervisor } from "./supervisor.ts";

interface ServerOptions {
  readonly port: number;
  readonly supervisor: Supervisor;
  readonly observer: Observer;
  readonly feed: ChannelFeed | undefined;
}

/** Member paths that we proxy, because a page cannot query another origin. */
const RELAYED = new Set([
  "self",
  "members",
  "identities",
  "connections",
  "events",
  "messages",
  "why",
  "channels",
]);
/** And what is below `channels`. */
const RELAYED_CHANNEL = /^channels\/[a-z0-9.-]{1,249}(\/(config|blocks|heights))?$/;

/** Starts the server. Throws `listen-failed` if the port cannot be used. */
export async function startServer(options: ServerOptions): Promise<HttpServer> {
  const listen = { host: HOST, port: options.port };
  return serve(devnetApp(listen, options), listen, undefined, {
    what: "the dashboard",
    remedy: "stop what uses the port, or choose another --base-port",
  });
}

function devnetApp(listen: HostPort, options: ServerOptions): HttpApp {
  const { supervisor, observer } = options;
  const app = createApp(listen);
  addDashboard(app, "devnet");
  app.get("/api/v1/devnet", (context) => context.json({ members: supervisor.list() }));
  app.get("/api/v1/devnet/views", async (context) => context.json((await observer.look()).views));
  app.get("/api/v1/devnet/connections", async (context) =>
    context.json((await observer.look()).connections),
  );
  app.get("/api/v1/devnet/members/:name/log", async (context) => {
    const tail = await supervisor.logTail(context.req.param("name"));
    return tail === undefined ? context.notFound() : context.text(tail);
  });
  app.get("/api/v1/devnet/members/:name/api/:what{.+}", (context) => relay(context, supervisor));
  app.post("/api/v1/devnet/members/:name/:action", (context) => act(context, supervisor));
  app.get("/api/v1/devnet/partition", (context) => context.json({ groups: supervisor.groups }));
  app.post("/api/v1/devnet/partition", (context) => partition(context, supervisor));
  addChannel(app, options);
  return app;
}

/** Proxies a request to a member; a stream ends when either side disconnects. */
async function relay(context: Context, supervisor: Supervisor): Promise<Response> {
  const { name = "", what = "" } = context.req.param();
  const operations = supervisor.operationsOf(name);
  const isRelayed = RELAYED.has(what) || RELAYED_CHANNEL.test(what);
  if (operations === undefined || !isRelayed) return context.notFound();
  const last = context.req.header("last-event-id");
  try {
    const answer = await fetch(`${operations}/api/v1/${what}${new URL(context.req.url).search}`, {
      headers: last === undefined ? {} : { "last-event-id": last },
      signal: context.req.raw.signal,
    });
    const type = answer.headers.get("content-type") ?? "application/json";
    const body = answer.body && endsQuietly(answer.body);
    // Respond through the context, which adds the common headers.
    const passed = new Response(body, { status: answer.status, headers: { "content-type": type } });
    return context.newResponse(passed.body, passed);
  } catch {
    return context.json({ error: `${name} does not answer; is it running?` }, 502);
  }
}

/** The same stream; an abort by the other side ends it without an error. */
function endsQuietly(body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream({
    async pull(controller) {
      try {
        const { value, done } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      } catch {
        controller.close(); // The member or the client has disconnected.
      }
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

async function partition(context: Context, supervisor: Supervisor): Promise<Response> {
  const body: unknown = await context.req.json().catch(() => undefined);
  const parsed = parseGroups(
    body,
    supervisor.list().map(({ name }) => name),
  );
  if (!parsed.ok) return context.json({ error: parsed.error }, 400);
  await supervisor.partition(parsed.groups);
  return context.json({ groups: supervisor.groups });
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
