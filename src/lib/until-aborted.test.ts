import assert from "node:assert/strict";
import { test } from "node:test";
import { untilAborted } from "./until-aborted.ts";

test("ends at once, even while the next value is awaited, and ends the generator", async () => {
  const stop = new AbortController();
  const { promise, resolve } = Promise.withResolvers<void>();
  let isEnded = false;
  async function* slow() {
    try {
      yield 1;
      await promise;
      yield 2;
    } finally {
      isEnded = true;
    }
  }
  const found: number[] = [];
  for await (const value of untilAborted(slow(), stop.signal)) {
    found.push(value);
    setImmediate(() => stop.abort());
  }
  assert.deepEqual(found, [1]);
  resolve();
  await new Promise(setImmediate);
  assert.ok(isEnded);
});

test("passes on every value and the fault of a generator whose signal is not aborted", async () => {
  async function* faulty() {
    yield 1;
    yield 2;
    throw new Error("no more");
  }
  const found: number[] = [];
  const reading = async (): Promise<void> => {
    for await (const value of untilAborted(faulty(), new AbortController().signal))
      found.push(value);
  };
  await assert.rejects(reading(), /no more/);
  assert.deepEqual(found, [1, 2]);
});
