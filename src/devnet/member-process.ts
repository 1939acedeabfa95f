/** One member of the devnet as a process: started, watched, stopped, its log in a file. */
import { type ChildProcess, fork, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { open } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { MemberPlan } from "./plan.ts";

export interface MemberProcessOptions {
  readonly plan: MemberPlan;
  /** Working directory of the process. */
  readonly folder: string;
  readonly logFile: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The process ended without being told to; `how` is its exit code or signal in words. */
  readonly died: (how: string) => void;
}

/** A member that was told to stop, and did not, is killed after this long. */
const STOP_MAX_MS = 1_500;
const LOG_TAIL_BYTES = 16_384;
const ENDING = import.meta.url.endsWith(".ts") ? "ts" : "js";
const MAIN = fileURLToPath(new URL(`../cli/devnet-member.${ENDING}`, import.meta.url));

export class MemberProcess {
  readonly #options: MemberProcessOptions;
  #child: ChildProcess | undefined;
  /** Resolves when the process of the moment has ended. */
  #ended: Promise<void> = Promise.resolve();
  #guard: ChildProcess | undefined;
  /** "w" once, so that a log is that of one run of the devnet. */
  #logMode: "w" | "a" = "w";
  #isStopWanted = false;
  /** It has answered, so it listens to signals too. */
  #isReady = false;
  #isReloadDue = false;
  /** Endpoints that its gate keeps it from. */
  #cutOff: readonly string[] = [];

  constructor(options: MemberProcessOptions) {
    this.#options = options;
  }

  get plan(): MemberPlan {
    return this.#options.plan;
  }

  /** Null when it does not run. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  get status(): "running" | "stopped" {
    return this.#child === undefined ? "stopped" : "running";
  }

  get isPaused(): boolean {
    return this.#guard !== undefined;
  }

  /** Starts the process; one that runs stays as it is. */
  start(): void {
    if (this.#child !== undefined) return;
    const { folder, logFile, environment } = this.#options;
    const log = openSync(logFile, this.#logMode);
    this.#logMode = "a";
    // Detached: Ctrl-C is for us alone, we stop the members. If we die, their channel closes.
    const child = fork(MAIN, this.#cutOff, {
      cwd: folder,
      env: environment,
      execArgv: [],
      detached: true,
      stdio: ["ignore", log, log, "ipc"],
    });
    closeSync(log);
    this.#child = child;
    this.#isStopWanted = false;
    this.#isReady = false;
    this.#isReloadDue = false;
    this.#ended = new Promise((resolve) => {
      child.once("exit", (code, signal) => {
        this.#finish(signal ?? `exit code ${code}`);
        resolve();
      });
      child.once("error", (error) => {
        if (child.pid === undefined) this.#finish(error.message);
        resolve();
      });
    });
  }

  #finish(how: string): void {
    this.#child = undefined;
    this.#releaseGuard();
    if (!this.#isStopWanted) this.#options.died(how);
  }

  /** SIGTERM, and SIGKILL to one that does not listen. Resolves when the process has ended. */
  async stop(): Promise<void> {
    this.#isStopWanted = true;
    this.#child?.kill("SIGTERM");
    this.resume();
    const timer = setTimeout(() => this.#child?.kill("SIGKILL"), STOP_MAX_MS);
    await this.#ended;
    clearTimeout(timer);
  }

  /** SIGKILL. Resolves when the process has ended. */
  async kill(): Promise<void> {
    this.#isStopWanted = true;
    this.#child?.kill("SIGKILL");
    await this.#ended;
  }

  /** SIGSTOP: alive for the system, silent for everybody else. */
  pause(): void {
    if (this.#child?.pid === undefined || this.isPaused) return;
    this.#guard = guard(this.#child.pid);
    this.#child.kill("SIGSTOP");
  }

  /** SIGCONT. */
  resume(): void {
    this.#child?.kill("SIGCONT");
    this.#releaseGuard();
  }

  /** SIGHUP: reads its MSP folders again; while it starts, a little later. */
  reload(): void {
    if (this.#isReady) this.#child?.kill("SIGHUP");
    else this.#isReloadDue = true;
  }

  /**
   * Keeps it from reaching these endpoints, and no others, over dials and links of its own; also
   * after it was started again. Resolves when it has been told.
   */
  async cutOff(endpoints: readonly string[]): Promise<void> {
    this.#cutOff = endpoints;
    const child = this.#child;
    if (child?.connected !== true) return;
    // An error means that it is about to end.
    await new Promise<void>((resolve) => child.send({ cutOff: endpoints }, () => resolve()));
  }

  /** The member has answered. Before that, a signal could end it. */
  markReady(): void {
    if (this.#isReady || this.#child === undefined) return;
    this.#isReady = true;
    if (this.#isReloadDue) this.#child.kill("SIGHUP");
  }

  /** The end of its log, at most 16 KiB. */
  async logTail(): Promise<string> {
    const file = await open(this.#options.logFile).catch(() => undefined);
    if (file === undefined) return "";
    try {
      const { size } = await file.stat();
      const buffer = Buffer.alloc(Math.min(size, LOG_TAIL_BYTES));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, size - buffer.length);
      return buffer.toString("utf8", 0, bytesRead);
    } finally {
      await file.close();
    }
  }

  #releaseGuard(): void {
    this.#guard?.stdin?.end("resumed\n");
    this.#guard = undefined;
  }
}

/**
 * A paused process does not notice that we die. A shell that waits for a line from us does: it gets
 * none and kills the process.
 */
function guard(pid: number): ChildProcess {
  const script = 'read line || kill -KILL "$1"';
  const shell = spawn("/bin/sh", ["-c", script, "guard", String(pid)], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  shell.on("error", () => {}); // Without a shell the pause works, only without this safety.
  shell.stdin.on("error", () => {}); // It may have ended before it was released.
  return shell;
}
