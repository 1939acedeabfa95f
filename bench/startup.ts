/** Start time of the compiled, installed daemon until "gossips as" in its log. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { freePort, freePorts } from "../test/ports.ts";
import { makeFixtures } from "./fixture-identities.ts";
import { inTemporaryFolder, measureVerification, median, round } from "./measure.ts";
import { compile, environmentOf } from "./memory.ts";

export interface StartupResult {
  readonly runs: number;
  readonly verifyUs: number;
  /** From process start to the line: median and minimum. */
  readonly medianMs: number;
  readonly bestMs: number;
  /** An empty Node process from start to end: median. */
  readonly emptyMs: number;
}

export async function benchStartup(runs: number): Promise<StartupResult> {
  const verifyUs = measureVerification();
  return inTemporaryFolder(async (folder) => {
    const build = join(folder, "build");
    await compile(build);
    const keys = join(folder, "keys");
    await mkdir(keys);
    const fixtures = await makeFixtures(keys, 2, await freePorts(2));
    const operationsPort = await freePort();
    const main = join(build, "dist/src/cli/main.js");
    const [times, empty]: [number[], number[]] = [[], []];
    for (let run = 0; run < runs; run++) {
      times.push(
        await timeOf([main, "start"], environmentOf(fixtures, operationsPort), "gossips as"),
      );
      empty.push(await timeOf(["--eval", "console.log('done')"], {}, "done"));
    }
    return {
      runs,
      verifyUs: round(verifyUs, 1),
      medianMs: Math.round(median(times)),
      bestMs: Math.round(Math.min(...times)),
      emptyMs: Math.round(median(empty)),
    };
  });
}

/** Milliseconds from process start until this output. */
async function timeOf(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  expected: string,
): Promise<number> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(child, "close");
  let text = "";
  const ms = await new Promise<number>((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      text += chunk.toString();
      if (text.includes(expected)) resolve(performance.now() - startedMs);
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.once("close", () => reject(new Error(`it ended without "${expected}": ${text}`)));
  });
  child.kill("SIGKILL");
  await ended;
  return ms;
}
