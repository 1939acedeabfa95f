/** Messages among members of our kind over HTTP: broadcast, query, subscribe, services. */
import type { Context } from "hono";
import { GossipError, type GossipErrorCode } from "../lib/errors.ts";
import { readTags, TIMEOUT_REMEDY } from "../node/check-saying.ts";
import type { GossipNode } from "../node/node.ts";
import { toJson } from "../observe/json.ts";
import type { Answer, Audience, Query, TopicEvent } from "../observe/topics.ts";
import type { HttpApp } from "./http-server.ts";

const LISTENERS_MAX = 64;
/** Interval of keepalive comments. */
const HEARTBEAT_MS = 15_000;
/** Matches every topic, for subscribers. */
const ALL = "*";

const STATUS: Partial<Record<GossipErrorCode, 400 | 429 | 503>> = {
  "too-fast": 429,
  "signing-failed": 503,
  closed: 503,
};

export function addTopics(app: HttpApp, node: GossipNode): void {
  app.get("/api/v1/services", (context) => context.json(toJson(node.services())));
  app.post("/api/v1/events/:topic", (context) =>
    orExplain(context, async () => {
      const payload = new Uint8Array(await context.req.arrayBuffer());
      const id = await node.broadcast(context.req.param("topic"), payload, audienceOf(context));
      return context.json({ id });
    }),
  );
  app.post("/api/v1/queries/:topic", (context) =>
    orExplain(context, async () => {
      const payload = new Uint8Array(await context.req.arrayBuffer());
      const timeoutMs = timeoutIn(context);
      const query = node.query(context.req.param("topic"), payload, {
        ...audienceOf(context),
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      });
      const answers = await collect(query, context.req.raw.signal);
      return context.json(toJson({ answers, unanswered: query.unanswered }));
    }),
  );
  addListening(app, node);
}

/** The answers until all have come, time is up, or the client is gone. */
async function collect(query: Query, gone: AbortSignal): Promise<readonly Answer[]> {
  const coming = query[Symbol.asyncIterator]();
  const leave = (): void => void coming.return?.();
  gone.addEventListener("abort", leave);
  if (gone.aborted) leave();
  const answers: Answer[] = [];
  for await (const answer of { [Symbol.asyncIterator]: () => coming }) answers.push(answer);
  return answers;
}

function addListening(app: HttpApp, node: GossipNode): void {
  let listeners = 0;
  app.get("/api/v1/events/:topic", (context) =>
    orExplain(context, async () => {
      if (listeners >= LISTENERS_MAX) {
        const error = `${LISTENERS_MAX} listen already: try again when one has left.`;
        return context.json({ error }, 503);
      }
      const topic = context.req.param("topic");
      const gone = new AbortController();
      const events = node.subscribe(topic === ALL ? undefined : topic, gone.signal);
      listeners += 1;
      gone.signal.addEventListener("abort", () => {
        listeners -= 1;
      });
      return context.body(streamOf(events, gone), 200, {
        "content-type": "text/event-stream; charset=utf-8",
        "x-accel-buffering": "no", // Without it nginx buffers events.
      });
    }),
  );
}

/** A slow listener loses events as every subscriber does, beyond a buffer. */
function streamOf(
  events: AsyncIterator<TopicEvent, unknown>,
  gone: AbortController,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let next = events.next();
  let timer: NodeJS.Timeout | undefined;
  let isFirst = true;
  const stillHere = (): Promise<"still here"> =>
    new Promise((resolve) => {
      timer = setTimeout(() => resolve("still here"), HEARTBEAT_MS);
    });
  const leave = (): void => {
    clearTimeout(timer);
    if (!gone.signal.aborted) gone.abort();
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (isFirst) {
          isFirst = false;
          return controller.enqueue(encoder.encode(": events follow\n\n"));
        }
        const found = await Promise.race([next, stillHere()]);
        clearTimeout(timer);
        if (gone.signal.aborted) return;
        if (found === "still here") return controller.enqueue(encoder.encode(": still here\n\n"));
        if (found.done) {
          leave();
          return controller.close();
        }
        next = events.next();
        controller.enqueue(encoder.encode(`data: ${JSON.stringify(toJson(found.value))}\n\n`));
      },
      cancel: leave,
    },
    { highWaterMark: 0 },
  );
}

function timeoutIn(context: Context): number | undefined {
  const text = context.req.query("timeoutMs");
  if (text === undefined) return undefined;
  if (/^\d{1,100}$/.test(text)) return Number(text);
  const shown = JSON.stringify(text.slice(0, 100));
  throw new GossipError("message-invalid", `timeoutMs is ${shown}: ${TIMEOUT_REMEDY}.`);
}

/** `?tag=NAME=VALUE&organisation=MSPID`, both repeatable. */
function audienceOf(context: Context): Audience {
  const organisations = context.req.queries("organisation") ?? [];
  return { tags: tagsIn(context), ...(organisations.length > 0 ? { organisations } : {}) };
}

/** The tags of a request. */
export function tagsIn(context: Context): Readonly<Record<string, string>> {
  return readTags(context.req.queries("tag") ?? []);
}

/** The caller's mistake as text. */
export async function orExplain(
  context: Context,
  answer: () => Promise<Response>,
): Promise<Response> {
  try {
    return await answer();
  } catch (error) {
    if (!(error instanceof GossipError)) throw error;
    return context.json({ error: error.message }, STATUS[error.code] ?? 400);
  }
}
