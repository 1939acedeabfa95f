/** Everything that a node tells: events for its listeners, failures and counts for its diagnostics. */
import type { PkiId } from "../core/types/host.ts";
import { add, type Counters, createCounters } from "../observe/counters.ts";
import { toldOfMessage } from "../observe/diagnosis/causes.ts";
import { createFailures, type Failures } from "../observe/diagnosis/failures.ts";
import { createRejectionFilter } from "../observe/event-rate-filter.ts";
import { createEventRepeats, limitPerMinute } from "../observe/event-repeats.ts";
import type { EventContent, GossipEvent, RejectionCode } from "../observe/events.ts";
import { QUIET_REJECTIONS } from "../observe/quiet-rejections.ts";
import type { Clock } from "../transport/network.ts";
import { createEventStream, type EventStream } from "./event-stream.ts";

/** Between two events of one failure. */
const PAUSES = { firstMs: 10_000, maxMs: 600_000 };
/** Refused handshakes that become events in a minute, lest strangers push out all other events. */
const REFUSALS_PER_MINUTE = 60;

export class Publisher {
  readonly events: EventStream<GossipEvent>;
  readonly failures: Failures = createFailures();
  readonly counters: Counters = createCounters();
  readonly #clock: Clock;
  readonly #heard: (content: EventContent) => void;
  readonly #omittedRejections = createRejectionFilter();
  readonly #omittedBefore = createEventRepeats(PAUSES);
  readonly #isFrequent = limitPerMinute(REFUSALS_PER_MINUTE);
  #eventId: number;
  /** What waits for those who are about to listen. */
  #held: GossipEvent[] | undefined;

  /** `eventsMax`: events kept for a listener that does not read; `heard` is told of each first. */
  constructor(clock: Clock, eventsMax: number, heard: (content: EventContent) => void) {
    this.events = createEventStream(eventsMax);
    this.#clock = clock;
    this.#heard = heard;
    this.#eventId = Math.trunc(clock.now().wallMs);
  }

  publish(content: EventContent): void {
    const { wallMs, elapsedMs } = this.#clock.now();
    const time = new Date(wallMs);
    this.failures.note({ id: this.#eventId, time, ...content });
    this.#heard(content);
    this.counters.events.note(content);
    const omitted = this.#omittedBefore(content, elapsedMs);
    if (omitted === undefined) return;
    if (content.type === "handshake-failed" && this.#isFrequent(elapsedMs)) return;
    const times = omitted > 0 ? { times: omitted + 1 } : {};
    const event = { id: ++this.#eventId, time, ...content, ...times };
    if (this.#held) this.#held.push(event);
    else this.events.push(event);
  }

  /** Keeps events until the event loop turns: whoever listens by then has them all. */
  hold(): void {
    const held: GossipEvent[] = [];
    this.#held = held;
    this.#clock.after(0, () => {
      this.#held = undefined;
      for (const event of held) this.events.push(event);
    });
  }

  /** Counts what a peer sent and we did not use; what says something against the peer becomes an event. */
  reject(pkiId: PkiId, code: RejectionCode, times = 1): void {
    add(this.counters.dropped, code, times);
    if (QUIET_REJECTIONS.has(code)) return;
    const now = this.#clock.now();
    const { reason } = toldOfMessage(code);
    const failure = { during: "message", code, reason, time: new Date(now.wallMs) } as const;
    this.failures.noteFailure({ pkiId }, failure, times);
    const omitted = this.#omittedRejections({ from: pkiId, code, times }, now);
    if (omitted === undefined) return;
    const again = omitted > 0 ? { times: omitted + 1 } : {};
    this.publish({ type: "message-rejected", pkiId, code, ...again });
  }
}
