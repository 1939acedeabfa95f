/** Runs programs of this repository in processes of their own. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..");
/** So much of what a program says on stderr is told when it fails. */
const SAID_MAX_LENGTH = 2_000;

/** The JSON on the last line of a program's output. Rejects if there is none, or on the signal. */
export async function runForJson<T = unknown>(
  program: string,
  args: readonly string[],
  signal?: AbortSignal,
): Promise<T> {
  const child = spawn(process.execPath, [join(ROOT, program), ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    ...(signal ? { signal, killSignal: "SIGKILL" as const } : {}),
  });
  let [output, said] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-SAID_MAX_LENGTH);
    process.stderr.write(text);
  });
  const [code] = await once(child, "close");
  const last = output.trimEnd().split("\n").at(-1) ?? "";
  if (!last.startsWith("{")) throw new Error(`${program} ended with exit code ${code}: ${said}`);
  return JSON.parse(last);
}
