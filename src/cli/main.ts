#!/usr/bin/env node
/** The start of the program. Older versions of Node.js cannot even load the rest. */
import { nodeProblem } from "./node-version.ts";
import { listenToSignals } from "./signals.ts";

const WRONG_USE = 2;

const problem = nodeProblem(process.versions.node);
if (problem === undefined) {
  // At once: to whoever loads first, a signal to reload would be the end.
  const early = process.argv[2] === "start" ? listenToSignals({ reloads: true }) : undefined;
  const { keepHeapSmall } = await import("./heap.ts");
  keepHeapSmall();
  const { run } = await import("./run.ts");
  await run(early);
} else {
  process.stderr.write(`error: ${problem}\n`);
  process.exitCode = WRONG_USE;
}
