/** Follows an event stream of a node, and reconnects after interruptions. */
import { setTimeout as sleep } from "node:timers/promises";
import { printable } from "../lib/printable.ts";
import { open, readText, refusal } from "./client.ts";
import { readServerEvents, type ServerEvent } from "./event-stream.ts";
import type { Target } from "./target.ts";
import { notANode, UnreachableError } from "./unreachable.ts";

/** The node sends a keepalive every 15 s. */
const SILENCE_MAX_MS = 40_000;
const RETRY_MIN_MS = 500;
const RETRY_MAX_MS = 10_000;

/** Takes events until stopped. The first connection must succeed; later ones are retried. */
export async function followStream(
  target: Target,
  path: string,
  stop: AbortSignal,
  take: (event: ServerEvent) => void,
): Promise<void> {
  let last: string | undefined;
  let retryMs = RETRY_MIN_MS;
  const read = async (): Promise<void> => {
    for await (const event of listen(target, path, last, stop)) {
      retryMs = RETRY_MIN_MS;
      last = event.id ?? last;
      take(event);
    }
  };
  await untilStopped(stop, read);
  while (!stop.aborted) {
    process.stderr.write(`the stream ended; connecting again in ${retryMs / 1_000} s\n`);
    await untilStopped(stop, () => sleep(retryMs, undefined, { signal: stop }));
    retryMs = Math.min(2 * retryMs, RETRY_MAX_MS);
    try {
      await untilStopped(stop, read);
    } catch (error) {
      if (!(error instanceof UnreachableError)) throw error;
      process.stderr.write(`${printable(error.message)}\n`);
    }
  }
}

/** A failure caused by our own stop is not an error. */
async function untilStopped(stop: AbortSignal, work: () => Promise<void>): Promise<void> {
  try {
    if (!stop.aborted) await work();
  } catch (error) {
    if (!stop.aborted) throw error;
  }
}

/** Yields the events after `last` until the connection ends or times out. */
async function* listen(
  target: Target,
  path: string,
  last: string | undefined,
  stop: AbortSignal,
): AsyncGenerator<ServerEvent, undefined> {
  const silence = new AbortController();
  const signal = AbortSignal.any([stop, silence.signal]);
  const headers = { accept: "text/event-stream", ...(last ? { "last-event-id": last } : {}) };
  const timer = setTimeout(() => silence.abort(), SILENCE_MAX_MS);
  try {
    const response = await open(target, path, { headers }, signal);
    const { statusCode = 0, headers: told } = response;
    if (statusCode !== 200) {
      throw refusal(target, path, statusCode, await readText(target, path, response));
    }
    if (!told["content-type"]?.startsWith("text/event-stream")) {
      response.destroy();
      throw notANode(target, path);
    }
    response.setEncoding("utf8").on("data", () => timer.refresh());
    yield* readServerEvents(response);
  } catch (error) {
    if (!isEnd(error)) throw error;
  } finally {
    clearTimeout(timer);
  }
  return undefined;
}

/** An established connection that broke. */
function isEnd(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "ECONNRESET" || code === "ABORT_ERR" || code === "ERR_STREAM_PREMATURE_CLOSE";
}
