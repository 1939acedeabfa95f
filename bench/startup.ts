/** How long the daemon takes, compiled as it is installed, from its start to "gossips as" in its log. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { makeFixtures } from "./fixture-identities.ts";
import { inTemporaryFolder, measureVerification, median, round } from "./measure.ts";
import { compile, environmentOf, FIRST_PORT } from "./memory.ts";

export interface StartupResult {
  readonly runs: number;
  readonly verifyUs: number;
  /** From the start of the process to the line: the median, and the best. */
  readonly medianMs: number;
  readonly bestMs: number;
  /** A process of Node that does nothing, from its start to its end: the median. */
  readonly emptyMs: number;
}

export async function benchStartup(runs: number): Promise<StartupResult> {
  const verifyUs = measureVerification();
  return inTemporaryFolder(async (folder) => {
    const build = join(folder, "build");
    await compile(build);
    const keys = join(folder, "keys");
    await mkdir(keys);
    const fixtures = await makeFixtures(keys, 2, (index) => `127.0.0.1:${FIRST_PORT + index}`);
    const main = join(build, "dist/src/cli/main.js");
    const [times, empty]: [number[], number[]] = [[], []];
    for (let run = 0; run < runs; run++) {
      times.push(await timeOf([main, "start"], environmentOf(fixtures), "gossips as"));
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

/** Milliseconds from the start of the process until it has printed this. */
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
