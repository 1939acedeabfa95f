/** A network that does not come up must neither hold up the run nor leave a process behind. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { isRunning, owned } from "./children.ts";
import { temporaryFolder } from "./cli/program.ts";

/** Starts what never says that it is up, as each of our helpers starts its programs. */
const BROKEN = (failure: string): string => `
import { fork, spawn } from "node:child_process";
import { before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { owned } from ${JSON.stringify(join(import.meta.dirname, "children.ts"))};

async function start() {
  const silent = "setInterval(() => {}, 1_000)";
  for (const stdio of ["ignore", "pipe"]) {
    const child = owned(spawn(process.execPath, ["-e", silent], { stdio: ["ignore", stdio, stdio] }));
    console.log("# started", child.pid);
  }
  const child = owned(fork(process.argv[1], ["silent"], { execArgv: ["-e", silent] }));
  console.log("# started", child.pid);
  ${failure}
}
before(start);
test("uses the network", () => {});
`;

const FAILURES = {
  throws: 'throw new Error("it did not come up");',
  "takes too long": 'await sleep(500); throw new Error("not within 500 ms");',
  "has nobody who stops it": "",
};

for (const [name, failure] of Object.entries(FAILURES)) {
  test(`a start that ${name}: the run ends, and no process is left`, async (t) => {
    const file = join(await temporaryFolder(t), "broken.test.ts");
    await writeFile(file, BROKEN(failure));
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const words = ["--test", "--test-reporter=tap", file];
    const run = owned(spawn(process.execPath, words, { env, stdio: ["ignore", "pipe", "ignore"] }));
    let output = "";
    run.stdout.on("data", (chunk) => {
      output += chunk;
    });
    const tooLong = setTimeout(() => run.kill("SIGKILL"), 60_000);
    const [code] = await once(run, "close");
    clearTimeout(tooLong);
    assert.equal(code, failure === "" ? 0 : 1, output);
    const pids = [...output.matchAll(/started (\d+)/g)].map(([, pid]) => Number(pid));
    assert.equal(pids.length, 3, output);
    assert.deepEqual(pids.filter(isRunning), []);
  });
}
