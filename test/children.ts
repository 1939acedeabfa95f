/** Processes that tests start: none of them outlives the test file that did, however that ends. */
import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { after } from "node:test";

const running = new Set<ChildProcess>();

/** The same child, which is killed when the tests of this file are over, if it still runs then. */
export function owned<C extends ChildProcess>(child: C): C {
  running.add(child);
  child.once("exit", () => running.delete(child));
  return child;
}

/** Whether a process runs. One that has ended but that nobody has collected, a zombie, does not. */
export function isRunning(pid: number): boolean {
  try {
    if (process.platform !== "linux") return process.kill(pid, 0);
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false; // No such process.
  }
}

function killAll(): void {
  for (const child of running) child.kill("SIGKILL");
}

// A child keeps its parent from ending: what a start that failed has left behind would hold up the
// whole run. These come last, also where a `before` has failed.
if (process.argv[1]?.endsWith(".test.ts")) after(killAll);
process.once("exit", killAll);
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
  process.once(signal, () => process.exit(1));
}
