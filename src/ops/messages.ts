/**
 * `GET /api/v1/messages`: sent and received messages as server-sent events, decoded only while
 * read.
 */
import { toJson } from "../observe/json.ts";
import type { MessageBatch } from "../observe/message-tap.ts";
import type { HttpApp } from "./http-server.ts";

export interface MessageLimits {
  /** Maximum readers; default 8. Each has its messages decoded separately. */
  readonly readersMax: number;
  /** Interval of keepalive comments, in milliseconds; default 15_000. */
  readonly heartbeatMs: number;
}

const LIMITS: MessageLimits = { readersMax: 8, heartbeatMs: 15_000 };

/** What has the messages: a node. */
interface MessageSource {
  messages(signal: AbortSignal): AsyncIterator<MessageBatch>;
}

/**
 * Adds the stream: each message is an event; an event of type `skipped` counts the messages omitted
 * before the next ones. A slow reader loses messages; nothing accumulates for it.
 */
export function addMessages(
  app: HttpApp,
  source: MessageSource,
  { readersMax, heartbeatMs }: MessageLimits = LIMITS,
): void {
  let readers = 0;
  app.get("/api/v1/messages", (context) => {
    if (readers >= readersMax) {
      const error = `${readersMax} readers watch already: try again when one has left.`;
      return context.json({ error }, 503);
    }
    const stream = streamOf(source, heartbeatMs, (change) => {
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
  source: MessageSource,
  heartbeatMs: number,
  count: (change: 1 | -1) => void,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const gone = new AbortController();
  let batches: AsyncIterator<MessageBatch> | undefined;
  let next: Promise<IteratorResult<MessageBatch>> | undefined;
  const leave = (): void => {
    if (batches !== undefined && !gone.signal.aborted) count(-1);
    gone.abort();
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (batches === undefined) {
          count(1);
          batches = source.messages(gone.signal);
          controller.enqueue(encoder.encode(": messages follow\n\n"));
        }
        next ??= batches.next();
        const batch = await within(heartbeatMs, next);
        if (batch !== undefined) next = undefined;
        if (gone.signal.aborted) return;
        if (batch?.done === true) {
          leave();
          controller.close();
          return;
        }
        const text = batch === undefined ? ": still here\n\n" : format(batch.value);
        controller.enqueue(encoder.encode(text));
      },
      cancel: leave,
    },
    { highWaterMark: 0 },
  );
}

/** Undefined if it takes longer. */
async function within<T>(ms: number, answer: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  const first = await Promise.race([answer, late]);
  clearTimeout(timer);
  return first;
}

function format({ messages, skipped }: MessageBatch): string {
  const gap = skipped === 0 ? "" : `event: skipped\ndata: ${JSON.stringify({ skipped })}\n\n`;
  const events = messages.map(
    (message) => `id: ${message.id}\ndata: ${JSON.stringify(toJson(message))}\n\n`,
  );
  return gap + events.join("");
}
