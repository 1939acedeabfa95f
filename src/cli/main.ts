#!/usr/bin/env node
/** The start of the program. Older versions of Node.js cannot even load the rest. */
import { nodeProblem } from "./node-version.ts";

const WRONG_USE = 2;

const problem = nodeProblem(process.versions.node);
if (problem === undefined) {
  // At once: to whoever loads first, a signal to reload would be the end.
  const isStart = process.argv[2] === "start";
  const signals = isStart ? await import("./signals.ts") : undefined;
  const early = signals?.listenToSignals({ reloads: true });
  const { keepHeapSmall } = await import("./heap.ts");
  keepHeapSmall();
  const { run } = await import("./run.ts");
  await run(early);
} else {
  process.stderr.write(`error: ${problem}\n`);
  process.exitCode = WRONG_USE;
}
