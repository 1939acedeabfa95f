import assert from "node:assert/strict";
import { test } from "node:test";
import type { BlockFeed } from "../following/block-feed.ts";
import { createNodeChannel } from "./node-channel.ts";

test("return() ends blocks at once, although the next block may be long in coming", async () => {
  let given: AbortSignal | undefined;
  async function* blocks(_from: bigint | undefined, signal?: AbortSignal) {
    given = signal;
    await new Promise(() => {});
    yield* [];
  }
  const source = { feed: Promise.resolve({ blocks } as unknown as BlockFeed) };
  const channel = createNodeChannel("ch1", source as Parameters<typeof createNodeChannel>[1]);
  const values = channel.blocks();
  const waiting = values.next();
  await new Promise(setImmediate);
  await values.return?.();
  assert.deepEqual(await waiting, { done: true, value: undefined });
  assert.equal(given?.aborted, true);
});
