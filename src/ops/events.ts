/** `GET /api/v1/events`: the node's events as server-sent events. */

import type { GossipEvent } from "../observe/events.ts";
import { toJson } from "../observe/json.ts";
import { createEventFeed, type EventFeed } from "./event-feed.ts";
import type { HttpApp } from "./http-server.ts";

export interface EventLimits {
  /** Events kept for reconnecting or slow readers; default 1_000, about 1 MB. */
  readonly kept: number;
  /** Maximum readers; default 64. */
  readonly readersMax: number;
  /**
   * Interval of keepalive comments, in milliseconds; default 15_000. They keep proxies from closing
   * the stream and detect lost readers.
   */
  readonly heartbeatMs: number;
}

const LIMITS: EventLimits = { kept: 1_000, readersMax: 64, heartbeatMs: 15_000 };
/** Maximum events per write. */
const CHUNK_MAX = 100;
/** Delay before a browser reconnects. */
const RETRY_MS = 1_000;

/**
 * Adds the stream. A reader that returns with `Last-Event-ID` resumes there; if events were lost,
 * it first gets an event of type `gap`. Slow readers get gaps.
 */
export function addEvents(
  app: HttpApp,
  node: { events(): AsyncIterable<GossipEvent> },
  limits: EventLimits = LIMITS,
): void {
  const { kept, readersMax, heartbeatMs } = limits;
  const feed = createEventFeed(node.events(), kept);
  let readers = 0;
  app.get("/api/v1/events", (context) => {
    if (readers >= readersMax) {
      const error = `${readersMax} readers listen already: try again when one has left.`;
      return context.json({ error }, 503);
    }
    const last = context.req.header("last-event-id");
    const reader = { start: positionOf(feed, last), isBack: last !== undefined, heartbeatMs };
    const stream = streamOf(feed, reader, (change) => {
      readers += change;
    });
    return context.body(stream, 200, {
      "content-type": "text/event-stream; charset=utf-8",
      "x-accel-buffering": "no", // Without it nginx buffers events.
    });
  });
}

/** The start position of a reader: after its last event, or the next event. */
function positionOf(feed: EventFeed, last: string | undefined): number {
  if (last === undefined || !/^\d{1,16}$/.test(last)) return feed.newest;
  const id = Number(last);
  return id <= feed.newest ? id : 0; // A future id belongs to a life with another clock.
}

interface Reader {
  /** The id before the first event to send. */
  readonly start: number;
  /** Whether the reader returns, from this or an earlier life of the node. */
  readonly isBack: boolean;
  readonly heartbeatMs: number;
}

/** `count` is told of each reader that begins and ends. */
function streamOf(
  feed: EventFeed,
  { start, isBack, heartbeatMs }: Reader,
  count: (change: 1 | -1) => void,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const gone = new AbortController();
  let position = start;
  let isFirst = true;
  const leave = (): void => {
    if (!gone.signal.aborted && !isFirst) count(-1);
    gone.abort();
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (isFirst) {
          isFirst = false;
          count(1);
          controller.enqueue(encoder.encode(`retry: ${RETRY_MS}\n: events follow\n\n`));
          return;
        }
        await feed.wait(position, heartbeatMs, gone.signal);
        if (gone.signal.aborted) return;
        const { events, missed } = feed.after(position, CHUNK_MAX);
        position = events.at(-1)?.id ?? position;
        if (events.length === 0 && feed.isClosed) {
          leave();
          controller.close();
          return;
        }
        // A reader that came before the first event has missed no earlier life.
        const isGap = missed !== 0 && (missed !== null || isBack);
        const gap = isGap ? `event: gap\ndata: ${JSON.stringify({ missed })}\n\n` : "";
        const text = events.length === 0 ? ": still here\n\n" : events.map(formatEvent).join("");
        controller.enqueue(encoder.encode(gap + text));
      },
      cancel: leave,
    },
    { highWaterMark: 0 },
  );
}

function formatEvent(event: GossipEvent): string {
  return `id: ${event.id}\ndata: ${JSON.stringify(toJson(event))}\n\n`;
}
