/**
 * The node's events for any number of readers. One ring holds recent events, and a reader is a
 * position in it: a slow reader costs nothing, and one that falls behind is told so.
 */
import { Bell } from "../lib/bell.ts";
import type { GossipEvent } from "../observe/events.ts";

interface Chunk {
  /** The oldest first. */
  readonly events: readonly GossipEvent[];
  /** Number of events lost after the position; null: the position belongs to an earlier life. */
  readonly missed: number | null;
}

export interface EventFeed {
  /** The id of the newest event; 0 before the first one. */
  readonly newest: number;
  /** Whether no more events will come. */
  readonly isClosed: boolean;
  /** Number of the newest block that was told, or kept before the first event, by channel. */
  readonly newestBlocks: ReadonlyMap<string, bigint>;
  /** Events after this id, at most `max`. */
  after(id: number, max: number): Chunk;
  /** Resolves at the first event after this id, after `ms`, on abort or at the end. */
  wait(id: number, ms: number, signal: AbortSignal): Promise<void>;
}

/**
 * Reads the events of a node until they end. `keep`: how many recent ones are kept; `keptBlocks`: number
 * of the newest block of each channel, kept by an earlier life of the node.
 */
export function createEventFeed(
  events: AsyncIterable<GossipEvent>,
  keep: number,
  keptBlocks: Promise<ReadonlyMap<string, bigint>>,
): EventFeed {
  const ring: GossipEvent[] = [];
  const newestBlocks = new Map<string, bigint>();
  const changed = new Bell();
  let written = 0;
  let firstId: number | undefined;
  let newest = 0;
  let isClosed = false;

  const read = async (): Promise<void> => {
    for await (const event of events) {
      ring[written % keep] = event;
      written += 1;
      firstId ??= event.id;
      newest = event.id;
      if (event.type === "block") newestBlocks.set(event.channel, event.block.number);
      changed.ring();
    }
    isClosed = true;
    changed.ring();
  };
  void read();
  void keptBlocks.then((kept) => {
    for (const [channel, number] of kept) {
      if (!newestBlocks.has(channel)) newestBlocks.set(channel, number);
    }
    changed.ring();
  });

  /** The event that came `age` events before the newest. */
  const past = (age: number): GossipEvent | undefined =>
    age < ring.length ? ring[(written - 1 - age) % keep] : undefined;

  return {
    get newest() {
      return newest;
    },
    get isClosed() {
      return isClosed;
    },
    newestBlocks,
    after(id, max) {
      let behind = 0;
      while ((past(behind)?.id ?? id) > id) behind += 1;
      const found: GossipEvent[] = [];
      for (let age = behind - 1; age >= 0 && found.length < max; age--) {
        const event = past(age);
        if (event) found.push(event);
      }
      if (firstId !== undefined && id < firstId - 1) return { events: found, missed: null };
      return { events: found, missed: found[0] ? found[0].id - id - 1 : 0 };
    },
    async wait(id, ms, signal) {
      if (newest <= id && !isClosed) await changed.heard(signal, ms);
    },
  };
}
