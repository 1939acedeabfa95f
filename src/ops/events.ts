/** `GET /api/v1/events`: the node's events as server-sent events. */

import type { GossipEvent } from "../observe/events.ts";
import { NO_BLOCKS, type ReadableBlocks } from "./blocks.ts";
import { createEventFeed } from "./event-feed.ts";
import { EventReader } from "./event-reader.ts";
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
/** Delay before a browser reconnects. */
const RETRY_MS = 1_000;

/** Where the stream has its events from. */
export interface EventSource {
  events(): AsyncIterable<GossipEvent>;
  /** Undefined: the node follows no channel. */
  readonly blocks?: ReadableBlocks;
}

/**
 * Adds the stream. A reader that returns with `Last-Event-ID` resumes there; if events were lost,
 * it first gets an event of type `gap`, and then the blocks among them that can still be read. Slow
 * readers get gaps.
 */
export function addEvents(
  app: HttpApp,
  { events, blocks = NO_BLOCKS }: EventSource,
  limits: EventLimits = LIMITS,
): void {
  const { kept, readersMax, heartbeatMs } = limits;
  const feed = createEventFeed(events(), kept, blocks.newest());
  let readers = 0;
  app.get("/api/v1/events", (context) => {
    if (readers >= readersMax) {
      const error = `${readersMax} readers listen already: try again when one has left.`;
      return context.json({ error }, 503);
    }
    const reader = new EventReader(feed, blocks, context.req.header("last-event-id"));
    const stream = streamOf(reader, heartbeatMs, (change) => {
      readers += change;
    });
    return context.body(stream, 200, {
      "content-type": "text/event-stream; charset=utf-8",
      "x-accel-buffering": "no", // Without it nginx buffers events.
    });
  });
}

/** `count` is told of each reader that begins and ends. */
function streamOf(
  reader: EventReader,
  heartbeatMs: number,
  count: (change: 1 | -1) => void,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const gone = new AbortController();
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
        const text = await reader.next(heartbeatMs, gone.signal);
        if (gone.signal.aborted) return;
        if (text === undefined) {
          leave();
          controller.close();
          return;
        }
        controller.enqueue(encoder.encode(text));
      },
      cancel: leave,
    },
    { highWaterMark: 0 },
  );
}
