import assert from "node:assert/strict";
import { once } from "node:events";
import { after, describe, test } from "node:test";
import { Worker } from "node:worker_threads";
import { type Row, rendezvousMemory } from "./rendezvous.ts";

/**
 * Arrives so many times, telling `row` and the number of the meeting, and waits for the others as late as it may;
 * then breaks off if asked to.
 */
const THREAD = `
  const { parentPort, workerData } = require("node:worker_threads");
  const { breaksOff, file, index, meetings, memory, row } = workerData;
  import(file).then(({ LATE_MAX, Rendezvous }) => {
    const rendezvous = new Rendezvous(memory, index, 2);
    const tables = [];
    const note = (meeting) => {
      if (meeting <= 0) return;
      rendezvous.await(meeting);
      tables.push([0, 1].flatMap((other) => [...rendezvous.told(meeting, other)]));
    };
    for (let i = 1; i <= meetings; i++) {
      rendezvous.arrive([i, ...row.slice(1)]);
      note(i - LATE_MAX);
    }
    if (breaksOff) rendezvous.breakOff();
    else for (let i = 1; i <= LATE_MAX; i++) note(meetings - LATE_MAX + i);
    return { tables, sum: breaksOff ? [] : rendezvous.sum(row) };
  }).then(
    (told) => parentPort.postMessage(told),
    (error) => parentPort.postMessage({ tables: [], sum: [], error: error.message }),
  );
`;

interface Told {
  readonly tables: readonly (readonly number[])[];
  readonly sum: readonly number[];
  readonly error?: string;
}

interface Thread {
  readonly row: Row;
  readonly meetings: number;
  readonly breaksOff?: boolean;
}

const running: Worker[] = [];

/** What the threads tell; a test waits for them, since who waits within a thread cannot be interrupted. */
async function meet(threads: readonly Thread[]): Promise<readonly Told[]> {
  const memory = rendezvousMemory(threads.length);
  const file = new URL("./rendezvous.ts", import.meta.url).href;
  const workers = threads.map(
    (thread, index) =>
      new Worker(THREAD, { eval: true, workerData: { ...thread, file, index, memory } }),
  );
  running.push(...workers);
  return Promise.all(workers.map(async (worker) => (await once(worker, "message"))[0]));
}

describe("threads that meet", { timeout: 60_000 }, () => {
  // Also those that still wait, after a failure.
  after(() => Promise.all(running.map((worker) => worker.terminate())));

  test("tell each other their numbers, meeting after meeting", async () => {
    const [one, other] = await meet([
      { row: [0, 1, 2, 3], meetings: 1_000 },
      { row: [0, 10, 20, 30], meetings: 1_000 },
    ]);
    const tables = Array.from({ length: 1_000 }, (_, i) => [i + 1, 1, 2, 3, i + 1, 10, 20, 30]);
    assert.deepEqual(one, { tables, sum: [0, 11, 22, 33] });
    assert.deepEqual(other, one);
  });

  test("do not wait for one that breaks off", async () => {
    const [one, other] = await meet([
      { row: [0, 0, 0, 0], meetings: 1 },
      { row: [0, 0, 0, 0], meetings: 0, breaksOff: true },
    ]);
    assert.equal(one?.error, "another thread broke off");
    assert.equal(other?.error, undefined);
  });
});
