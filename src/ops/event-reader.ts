/**
 * One reader of the event stream: what it gets next, as text of server-sent events. Its position is the
 * id of an event and, by channel, the number of the last block that it got: blocks outlive the node and
 * the recent events, so that a reader gets each of them once, in order, whatever happens in between.
 */
import type { GossipEvent } from "../observe/events.ts";
import { toJson } from "../observe/json.ts";
import type { ReadableBlocks } from "./blocks.ts";
import type { EventFeed } from "./event-feed.ts";

/** Maximum events per write. */
const CHUNK_MAX = 100;
/** As {@link EventReader} writes it: `1795364262386 mychannel:107`. */
const ID = /^(\d{1,16})((?: [a-z][a-z0-9.-]{0,248}:\d{1,20})*)$/;

/** Blocks of a channel up to this number that the reader has not got. */
interface Lack {
  readonly channel: string;
  readonly to: bigint;
}

export class EventReader {
  readonly #feed: EventFeed;
  readonly #blocks: ReadableBlocks;
  /** Whether it returns, from this or an earlier life of the node. */
  readonly #isBack: boolean;
  /** The id before the first event to send. */
  #position: number;
  /** Number of the last block that was sent, by channel. */
  readonly #sent: Map<string, bigint>;
  #lack: Lack | undefined;

  /** `last`: the id of the last event that the reader got, as it says; others count as none. */
  constructor(feed: EventFeed, blocks: ReadableBlocks, last: string | undefined) {
    const [, id, places = ""] = ID.exec(last ?? "") ?? [];
    this.#feed = feed;
    this.#blocks = blocks;
    this.#isBack = last !== undefined;
    this.#position = id === undefined ? feed.newest : Number(id);
    // A future id belongs to a life with another clock.
    if (this.#position > feed.newest) this.#position = 0;
    this.#sent = id === undefined ? new Map(feed.newestBlocks) : placesIn(places, blocks.channels);
  }

  /** Waits for events, `maxMs` at most. Undefined: no more will come. */
  async next(maxMs: number, signal: AbortSignal): Promise<string | undefined> {
    let text: string | undefined = "";
    while (text === "" && !signal.aborted) {
      const lack = this.#lack ?? this.#lackNow();
      text = lack ? await this.#readStored(lack) : await this.#readRecent(maxMs, signal);
    }
    return text;
  }

  async #readRecent(maxMs: number, signal: AbortSignal): Promise<string | undefined> {
    await this.#feed.wait(this.#position, maxMs, signal);
    const { events, missed } = this.#feed.after(this.#position, CHUNK_MAX);
    const [first] = events;
    if (first === undefined) {
      if (this.#feed.isClosed) return undefined;
      return this.#lackNow() ? "" : ": still here\n\n";
    }
    // A reader that came before the first event has missed no earlier life.
    const isGap = missed !== 0 && (missed !== null || this.#isBack);
    if (!isGap) return this.#format(events);
    this.#position = first.id - 1;
    return `event: gap\ndata: ${JSON.stringify({ missed })}\n\n${this.#format(events)}`;
  }

  /** The events until one that lacks the blocks before it. */
  #format(events: readonly GossipEvent[]): string {
    let text = "";
    for (const event of events) {
      if (event.type === "block") {
        const { channel, block } = event;
        const sent = this.#sent.get(channel);
        if (sent !== undefined && block.number > sent + 1n) {
          this.#lack = { channel, to: block.number - 1n };
          return text;
        }
        this.#sent.set(channel, block.number);
      }
      this.#position = event.id;
      text += this.#formatOne(event);
    }
    return text;
  }

  /** What a reader that has got all recent events lacks. */
  #lackNow(): Lack | undefined {
    if (this.#position < this.#feed.newest) return undefined;
    for (const [channel, sent] of this.#sent) {
      const to = this.#feed.newestBlocks.get(channel);
      if (to !== undefined && to > sent) return { channel, to };
    }
    return undefined;
  }

  /** Some of the lacking blocks as events, with the id of the event before them. */
  async #readStored(lack: Lack): Promise<string> {
    const { channel, to } = lack;
    this.#lack = lack;
    const blocks = await this.#blocks.read(channel, (this.#sent.get(channel) ?? 0n) + 1n, to);
    let text = "";
    for (const block of blocks) {
      this.#sent.set(channel, block.number);
      const what = { type: "block", channel, block } as const;
      text += this.#formatOne({ id: this.#position, time: block.receivedAt, ...what });
    }
    // What is not kept any more is lost.
    if (blocks.length === 0) this.#sent.set(channel, to);
    if (this.#sent.get(channel) === to) this.#lack = undefined;
    return text;
  }

  #formatOne(event: GossipEvent): string {
    const places = [...this.#sent].map(([channel, number]) => ` ${channel}:${number}`).join("");
    return `id: ${this.#position}${places}\ndata: ${JSON.stringify(toJson(event))}\n\n`;
  }
}

/** The last block by channel: ` ch1:107 ch2:4`. */
function placesIn(text: string, channels: readonly string[]): Map<string, bigint> {
  const places = new Map<string, bigint>();
  for (const place of text.split(" ").slice(1)) {
    const [channel = "", number = ""] = place.split(":");
    if (channels.includes(channel)) places.set(channel, BigInt(number));
  }
  return places;
}
