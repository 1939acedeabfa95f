import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Worker } from "node:worker_threads";
import { Rendezvous, rendezvousMemory } from "./rendezvous.ts";

const OTHER = `
  const { workerData } = require("node:worker_threads");
  import(workerData.file).then(({ Rendezvous }) => {
    const rendezvous = new Rendezvous(workerData.memory, 1, 2);
    for (let i = 1; i <= workerData.meetings; i++) rendezvous.meet([10 * i, 0, 0, 1]);
    if (workerData.breaksOff) rendezvous.breakOff();
  });
`;

function meetOther(meetings: number, breaksOff: boolean): Rendezvous {
  const memory = rendezvousMemory(2);
  const file = new URL("./rendezvous.ts", import.meta.url).href;
  new Worker(OTHER, { eval: true, workerData: { breaksOff, file, meetings, memory } });
  return new Rendezvous(memory, 0, 2);
}

describe("threads that meet", () => {
  test("tell each other their numbers, meeting after meeting", () => {
    const rendezvous = meetOther(1_000, false);
    for (let i = 1; i <= 999; i++)
      assert.deepEqual([...rendezvous.meet([i, 1, 2, 3])], [i, 1, 2, 3, 10 * i, 0, 0, 1]);
    assert.deepEqual(rendezvous.sum([1, 1, 2, 3]), [10_001, 1, 2, 4]);
  });

  test("do not wait for one that breaks off", () => {
    const rendezvous = meetOther(0, true);
    assert.throws(() => rendezvous.meet([0, 0, 0, 0]), /another thread broke off/);
  });
});
