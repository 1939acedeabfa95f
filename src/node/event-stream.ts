/** Events for any number of listeners, none of whom can hold up the node or fill its memory. */
import { leavingAtOnce } from "../lib/ending.ts";

interface Listener<T> {
  readonly waiting: T[];
  readonly wants: (event: T) => boolean;
  wake: (() => void) | undefined;
  isClosed: boolean;
}

export interface EventStream<T> {
  /** Hands an event to every listener. One that lags behind loses its oldest events. */
  push(event: T): void;
  /** Every event from now on that the listener wants, until the stream is closed or the signal aborts. */
  listen(signal?: AbortSignal, wants?: (event: T) => boolean): AsyncIterableIterator<T>;
  /** Ends all listeners once they have read what waits. */
  close(): void;
}

/**
 * `waitingMax`: events kept for a listener that does not read; `lost` is told of each that it loses;
 * `copied`: what a listener may change without others seeing it; default: the event itself.
 */
export function createEventStream<T>(
  waitingMax: number,
  lost: (event: T) => void = () => {},
  copied: (event: T) => T = (event) => event,
): EventStream<T> {
  const listeners = new Set<Listener<T>>();
  let isClosed = false;

  function close(listener: Listener<T>): void {
    listener.isClosed = true;
    listeners.delete(listener);
    listener.wake?.();
  }

  return {
    push(event) {
      for (const listener of listeners) {
        if (!listener.wants(event)) continue;
        const oldest = listener.waiting.length >= waitingMax ? listener.waiting.shift() : undefined;
        if (oldest !== undefined) lost(oldest);
        listener.waiting.push(copied(event));
        listener.wake?.();
      }
    },
    listen(signal, wants = () => true) {
      const listener: Listener<T> = { waiting: [], wants, wake: undefined, isClosed };
      if (!isClosed && signal?.aborted !== true) listeners.add(listener);
      else listener.isClosed = true;
      const leave = (): void => close(listener);
      signal?.addEventListener("abort", leave, { once: true });
      return read(listener, () => {
        signal?.removeEventListener("abort", leave);
        leave();
      });
    },
    close() {
      isClosed = true;
      for (const listener of [...listeners]) close(listener);
    },
  };
}

function read<T>(listener: Listener<T>, done: () => void): AsyncGenerator<T, undefined> {
  return leavingAtOnce(waitFor(listener, done), done);
}

async function* waitFor<T>(listener: Listener<T>, done: () => void): AsyncGenerator<T, undefined> {
  try {
    for (;;) {
      const event = listener.waiting.shift();
      if (event !== undefined) yield event;
      else if (listener.isClosed) return undefined;
      else {
        await new Promise<void>((resolve) => {
          listener.wake = resolve;
        });
        listener.wake = undefined;
      }
    }
  } finally {
    done();
  }
}
