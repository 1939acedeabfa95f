/** Verified blocks of a channel over HTTP: by number, as JSON or as received. */
import { GossipError } from "../lib/errors.ts";
import type { GossipNode } from "../node/node.ts";
import type { EventOf } from "../observe/events.ts";
import { toJson } from "../observe/json.ts";
import type { HttpApp } from "./http-server.ts";

export type ToldBlock = EventOf<"block">["block"];

/** Blocks of the followed channels, as the event stream reads them. */
export interface ReadableBlocks {
  readonly channels: readonly string[];
  /** Number of the newest block of each channel, as soon as it is known what was kept. */
  newest(): Promise<ReadonlyMap<string, bigint>>;
  /** The first of the blocks `from` to `to` that are still kept, some at a time; none: no one is. */
  read(channel: string, from: bigint, to: bigint): Promise<readonly ToldBlock[]>;
}

export const NO_BLOCKS: ReadableBlocks = {
  channels: [],
  newest: async () => new Map(),
  read: async () => [],
};

export function readableBlocks(node: GossipNode): ReadableBlocks {
  const channels = node.channels().map(({ name }) => name);
  return {
    channels,
    async newest() {
      const newest = new Map<string, bigint>();
      for (const name of channels) {
        const range = await orNull(node.channel(name).blockRange());
        if (range !== null) newest.set(name, range.next - 1n);
      }
      return newest;
    },
    async read(name, from, to) {
      const channel = node.channel(name);
      const range = await orNull(channel.blockRange());
      const first = higher(from, range?.first ?? from);
      if (range === null || first > to) return [];
      const count = Number(lower(to - first + 1n, BigInt(LIMIT)));
      const found = await orNull(channel.readBlocks(first, count));
      return (found ?? []).map(({ block }) => block);
    },
  };
}

/** Null for a channel whose blocks are not followed, or cannot be opened. */
async function orNull<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch {
    return null;
  }
}

const LIMIT = 10;
const LIMIT_MAX = 100;
const U64_MAX = 2n ** 64n - 1n;
const RAW = "application/octet-stream";

export function addBlocks(app: HttpApp, node: GossipNode): void {
  app.get("/api/v1/channels/:name/blocks", (context) =>
    answering(context, async () => {
      const channel = node.channel(context.req.param("name"));
      const range = await channel.blockRange();
      const limit = numberIn(context.req.query("limit") ?? `${LIMIT}`);
      const latest = range === null ? 0n : higher(range.next - (limit ?? 0n), range.first);
      const from = numberIn(context.req.query("from") ?? `${latest}`);
      if (from === undefined || limit === undefined || limit < 1n || limit > LIMIT_MAX) {
        const rule = `from is a number of a block, limit one from 1 to ${LIMIT_MAX}`;
        return context.json({ error: `${rule}.` }, 400);
      }
      const found = await channel.readBlocks(from, Number(limit));
      return context.json(toJson(found.map(({ block }) => block)));
    }),
  );
  app.get("/api/v1/channels/:name/blocks/:number", (context) =>
    answering(context, async () => {
      const channel = node.channel(context.req.param("name"));
      const number = numberIn(context.req.param("number"));
      if (number === undefined) return context.json({ error: "a block has a number." }, 400);
      const [found] = await channel.readBlocks(number, 1);
      if (found === undefined) return context.json({ error: `block ${number} is not here.` }, 404);
      const isRaw = context.req.header("accept")?.toLowerCase().includes(RAW) === true;
      if (!isRaw) return context.json(toJson(found.block));
      return context.body(new Uint8Array(found.raw), 200, { "content-type": RAW });
    }),
  );
  app.get("/api/v1/channels/:name/transactions/:id", (context) =>
    answering(context, async () => {
      const channel = node.channel(context.req.param("name"));
      const place = await channel.findTransaction(context.req.param("id"));
      if (place !== null) return context.json(toJson(place));
      return context.json({ error: "no block that can be read here has this transaction." }, 404);
    }),
  );
}

interface Answering {
  json(body: { readonly error: string }, status: 404): Response;
}

/** 404 for a channel that is not followed, or without blocks. */
async function answering(context: Answering, answer: () => Promise<Response>): Promise<Response> {
  try {
    return await answer();
  } catch (error) {
    if (error instanceof GossipError) return context.json({ error: error.message }, 404);
    throw error;
  }
}

/** Undefined: not a block number. */
function numberIn(text: string): bigint | undefined {
  const number = /^\d{1,20}$/.test(text) ? BigInt(text) : undefined;
  return number !== undefined && number <= U64_MAX ? number : undefined;
}

const higher = (a: bigint, b: bigint): bigint => (a > b ? a : b);
const lower = (a: bigint, b: bigint): bigint => (a < b ? a : b);
