/** Programs started by a test: their output is kept, and none outlives the test. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { owned } from "../children.ts";

const run = promisify(execFile);

/** Time to start, or to run to its end, on a busy machine. */
export const PATIENT_MS = 120_000;

export interface Command {
  readonly program: string;
  readonly arguments: readonly string[];
  /** The whole environment: nothing is inherited but `PATH` and `HOME`. */
  readonly environment: Readonly<Record<string, string>>;
  readonly folder: string;
}

/** One line of a log in Fabric's JSON format, which both kinds of peers write. */
export interface LogLine {
  readonly level: string;
  readonly name: string;
  readonly msg: string;
  /** The line as it was written. */
  readonly text: string;
}

export interface Running {
  /** Everything logged so far; what is not JSON (a crash, for example) has the level `none`. */
  log(): readonly LogLine[];
  /** The exit code or the signal; undefined while it runs. */
  ended(): number | string | undefined;
  /** Makes it stand still, or go on. */
  send(signal: "SIGSTOP" | "SIGCONT"): void;
  /** Sends the signal and waits for the end. */
  stop(signal: "SIGTERM" | "SIGKILL"): Promise<void>;
}

export function start(command: Command): Running {
  const { program, arguments: words, environment, folder } = command;
  const child = spawn(program, words, {
    cwd: folder,
    env: inherited(environment),
    stdio: ["ignore", "pipe", "pipe"],
  });
  owned(child);
  const lines: LogLine[] = [];
  const keep = (line: string): number => lines.push(parseLine(line));
  child.once("error", (error) => keep(String(error)));
  for (const input of [child.stdout, child.stderr]) createInterface({ input }).on("line", keep);
  return {
    log: () => lines,
    ended: () => child.exitCode ?? child.signalCode ?? undefined,
    send: (signal) => void child.kill(signal),
    async stop(signal) {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exit = once(child, "exit");
      child.kill(signal);
      await exit;
    },
  };
}

/** Runs a program to its end and returns what it wrote; a failure is an error with its complaint. */
export async function runToEnd(command: Command): Promise<string> {
  const { program, arguments: words, environment, folder } = command;
  const options = { cwd: folder, env: inherited(environment), timeout: PATIENT_MS };
  const { stdout } = await run(program, words, options);
  return stdout;
}

function inherited(environment: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const { PATH, HOME } = process.env;
  return { PATH, HOME, ...environment };
}

function parseLine(text: string): LogLine {
  try {
    const line: unknown = JSON.parse(text);
    if (typeof line === "object" && line !== null && "level" in line && "msg" in line) {
      const name = "name" in line ? String(line.name) : "";
      return { level: String(line.level), name, msg: String(line.msg), text };
    }
  } catch {
    // Not a line of the log: a stack trace, or something printed before the log was set up.
  }
  return { level: "none", name: "", msg: text, text };
}
