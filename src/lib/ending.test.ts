import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { endingWith } from "./ending.ts";

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
  for await (const value of endingWith([stop.signal], slow)) {
    found.push(value);
    setImmediate(() => stop.abort());
  }
  assert.deepEqual(found, [1]);
  resolve();
  await new Promise(setImmediate);
  assert.ok(isEnded);
});

test("return() ends it at once, and leaves nothing at a signal", async () => {
  const { signal } = new AbortController();
  const listeners = (): number => getEventListeners(signal, "abort").length;
  async function* never(): AsyncGenerator<number, void> {
    await new Promise(() => {});
  }
  const values = endingWith([signal], never);
  const waiting = values.next();
  assert.equal(listeners(), 1);
  await values.return(undefined);
  assert.deepEqual(await waiting, { done: true, value: undefined });
  assert.equal(listeners(), 0);
});

test("what is never started leaves nothing at a signal, and ends if that was aborted before", async () => {
  const stop = new AbortController();
  async function* one() {
    yield 1;
  }
  const [left, ended] = [endingWith([stop.signal], one), endingWith([stop.signal], one)];
  assert.equal(getEventListeners(stop.signal, "abort").length, 0);
  await left.return(undefined);
  assert.deepEqual(await left.next(), { done: true, value: undefined });
  stop.abort();
  assert.deepEqual(await ended.next(), { done: true, value: undefined });
});

test("passes on every value and the fault of a generator whose signal is not aborted", async () => {
  async function* faulty() {
    yield 1;
    yield 2;
    throw new Error("no more");
  }
  const found: number[] = [];
  const reading = async (): Promise<void> => {
    for await (const value of endingWith([undefined, null], faulty)) found.push(value);
  };
  await assert.rejects(reading(), /no more/);
  assert.deepEqual(found, [1, 2]);
});
