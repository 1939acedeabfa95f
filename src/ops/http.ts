/** The operations endpoint: health, version, log levels, metrics and the node's views. */

import { TLSSocket } from "node:tls";
import type { TlsFiles } from "../config/config.ts";
import { GossipError } from "../lib/errors.ts";
import type { HostPort } from "../lib/host-port.ts";
import { VERSION } from "../lib/version.ts";
import type { GossipNode } from "../node/node.ts";
import {
  isTrustedClient,
  operationsNotAfterMs,
  readOperationsTls,
  tellExpired,
} from "../node/tls-files.ts";
import { toJson } from "../observe/json.ts";
import type { Log } from "../observe/log.ts";
import { type Meters, noteTls } from "../observe/meters.ts";
import type { TlsCredentials } from "../transport/tls-credentials.ts";
import { shownChain } from "../transport/tls-peer.ts";
import { readableBlocks } from "./blocks.ts";
import { addChannels } from "./channels.ts";
import { addDashboard } from "./dashboard.ts";
import { type EventLoop, watchEventLoop } from "./event-loop.ts";
import { addEvents } from "./events.ts";
import { CONTENT_TYPE } from "./exposition.ts";
import { ALWAYS, createApp, type HttpApp, type HttpsOptions, serve } from "./http-server.ts";
import { addMessages } from "./messages.ts";
import { metricsText } from "./metrics.ts";
import { addParameterCheck } from "./parameters.ts";
import { addTopics, orExplain, tagsIn } from "./topics.ts";

export interface OperationsOptions {
  readonly listen: HostPort;
  readonly tls: TlsFiles;
  readonly node: GossipNode;
  readonly log: Log;
  /** Gets the expiry of the certificate; default: nobody. */
  readonly meters?: Meters | undefined;
}

export interface Operations {
  /** `http://host:port`, with the port in use. */
  readonly url: string;
  /** Reads the TLS files again; what could not be used and stays as it was, one sentence each. */
  reload(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** Starts the endpoint. Throws `listen-failed` if the address cannot be used. */
export async function startOperations(options: OperationsOptions): Promise<Operations> {
  const { listen, tls, meters } = options;
  let credentials = tls.enabled ? await readTls(options) : undefined;
  noteExpiry(meters, credentials);
  const serverTls = credentials && httpsOptions(credentials);
  const eventLoop = watchEventLoop();
  const app = operationsApp(options, eventLoop, () => credentials);
  try {
    const server = await serve(app, listen, serverTls, {
      what: "the operations endpoint",
      remedy: "stop what uses it, or choose another operations.listenAddress",
    });
    return {
      url: server.url,
      async reload() {
        if (!tls.enabled) return [];
        const problems: string[] = [];
        const reread = await readOperationsTls(tls, problems, problems);
        const ends = [operationsNotAfterMs(reread), operationsNotAfterMs(credentials)] as const;
        problems.push(...tellExpired(...ends, Date.now()));
        if (reread === undefined || problems.length > 0) return problems;
        credentials = reread;
        server.setTls(reread);
        noteExpiry(meters, reread);
        return problems;
      },
      close: () => server.close().finally(() => eventLoop.stop()),
    };
  } catch (error) {
    eventLoop.stop();
    throw error;
  }
}

async function readTls({ tls: files, log }: OperationsOptions): Promise<TlsCredentials> {
  const problems: string[] = [];
  const doubts: string[] = [];
  const tls = await readOperationsTls(files, problems, doubts);
  if (tls === undefined) throw new GossipError("config-invalid", problems);
  for (const doubt of doubts) log.logger("gossip").warn(doubt);
  return tls;
}

function noteExpiry(meters: Meters | undefined, tls: TlsCredentials | undefined): void {
  if (meters === undefined || tls === undefined) return;
  noteTls(meters, operationsNotAfterMs(tls));
}

function httpsOptions(credentials: TlsCredentials): HttpsOptions {
  const { cert, key, clientRootCas: ca } = credentials;
  const rest = { requestCert: true, rejectUnauthorized: false, minVersion: "TLSv1.2" } as const;
  return { cert, key, ca: [...ca], ...rest, credentials };
}

/** Whether a connection is of a client that Go would accept; asked once for each, since its chain can be read once. */
function createJudge(
  credentials: () => TlsCredentials | undefined,
): (socket: TLSSocket) => boolean {
  const known = new WeakMap<TLSSocket, boolean>();
  return (socket) => {
    if (socket.authorized) return true;
    const before = known.get(socket);
    if (before !== undefined) return before;
    const cas = credentials()?.clientRootCas ?? [];
    const isTrusted = isTrustedClient(shownChain(socket), cas, Date.now());
    known.set(socket, isTrusted);
    return isTrusted;
  };
}

function operationsApp(
  { listen, tls, node, log }: OperationsOptions,
  eventLoop: EventLoop,
  credentials: () => TlsCredentials | undefined,
): HttpApp {
  const isTrusted = createJudge(credentials);
  // As in Fabric: with TLS, everything but health and version needs a client certificate.
  const app = createApp(listen, ({ incoming: { socket } }, path) => {
    const isOpen = ALWAYS.has(path) && !tls.clientAuthRequired;
    if (!tls.enabled || isOpen) return undefined;
    if (socket instanceof TLSSocket && isTrusted(socket)) return undefined;
    return "a client certificate of a trusted CA is required";
  });
  addParameterCheck(app);
  addHealth(app, node);
  addLogSpec(app, log);
  app.get("/version", (context) => context.json({ CommitSHA: "unknown", Version: VERSION }));
  app.get("/metrics", (context) =>
    context.body(metricsText({ node: node.diagnostics, log, eventLoop }), 200, {
      "content-type": CONTENT_TYPE,
    }),
  );
  app.get("/api/v1/self", (context) => context.json(toJson(node.self())));
  app.get("/api/v1/members", (context) =>
    orExplain(context, async () => {
      const wanted = Object.entries(tagsIn(context));
      const members = node
        .members()
        .filter(({ tags }) => wanted.every(([key, value]) => tags[key] === value));
      return context.json(toJson(members));
    }),
  );
  app.get("/api/v1/identities", (context) => context.json(toJson(node.identities())));
  app.get("/api/v1/connections", (context) => context.json(toJson(node.connections())));
  addChannels(app, node);
  addWhy(app, node);
  addEvents(app, { events: () => node.events(), blocks: readableBlocks(node) });
  addTopics(app, node);
  addMessages(app, node.diagnostics);
  addDashboard(app, "member");
  return app;
}

function addHealth(app: HttpApp, node: GossipNode): void {
  const { diagnostics } = node;
  const checks = [
    ["/healthz", () => diagnostics.problems()],
    ["/readyz", () => diagnostics.unready()],
  ] as const;
  for (const [path, check] of checks) {
    app.get(path, (context) => {
      const time = new Date().toISOString();
      const reasons = check();
      if (reasons.length === 0) return context.json({ status: "OK", time });
      const failed = reasons.map((reason) => ({ component: "gossip", reason }));
      return context.json({ status: "Service Unavailable", time, failed_checks: failed }, 503);
    });
  }
}

function addWhy(app: HttpApp, node: GossipNode): void {
  app.get("/api/v1/why", (context) =>
    orExplain(context, async () => {
      const { peer = "", channel } = context.req.query();
      const { diagnostics } = node;
      if (channel === undefined) return context.json(toJson(diagnostics.why(peer)));
      return context.json(toJson(await node.channel(channel).why(peer)));
    }),
  );
}

function addLogSpec(app: HttpApp, log: Log): void {
  app.get("/logspec", (context) => context.json({ spec: log.spec() }));
  app.put("/logspec", async (context) => {
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
}
