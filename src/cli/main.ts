#!/usr/bin/env node
/** The start of the program. Older versions of Node.js cannot even load the rest. */
import { nodeProblem } from "./node-version.ts";

const WRONG_USE = 2;

const problem = nodeProblem(process.versions.node);
if (problem === undefined) {
  const { keepHeapSmall } = await import("./heap.ts");
  keepHeapSmall();
  const { run } = await import("./run.ts");
  await run();
} else {
  process.stderr.write(`error: ${problem}\n`);
  process.exitCode = WRONG_USE;
}
