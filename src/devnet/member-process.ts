/** One devnet member as a child process, with its log in a file. */
import { type ChildProcess, fork, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { open } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { MemberPlan } from "./plan.ts";

interface MemberProcessOptions {
  readonly plan: MemberPlan;
  /** Working directory of the process. */
  readonly folder: string;
  readonly logFile: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The process ended unexpectedly; `how` describes its exit code or signal. */
  readonly died: (how: string) => void;
  /** A message of the process. */
  readonly heard?: (message: unknown) => void;
  /** The process has ended, whether or not we wanted that. */
  readonly ended?: () => void;
}

/** Time after which a member that ignores a stop is killed. */
const STOP_MAX_MS = 1_500;
const LOG_TAIL_BYTES = 16_384;
const ENDING = import.meta.url.endsWith(".ts") ? "ts" : "js";
const MAIN = fileURLToPath(new URL(`../cli/devnet-member.${ENDING}`, import.meta.url));

export class MemberProcess {
  readonly #options: MemberProcessOptions;
  #child: ChildProcess | undefined;
  /** Resolves when the current process has ended. */
  #ended: Promise<void> = Promise.resolve();
  #guard: ChildProcess | undefined;
  /** "w" the first time, so that each devnet run starts a new log. */
  #logMode: "w" | "a" = "w";
  #isStopWanted = false;
  /** It has answered, so its signal handlers are installed. */
  #isReady = false;
  #isReloadDue = false;
  /** Endpoints blocked by its network gate. */
  #cutOff: readonly string[] = [];

  constructor(options: MemberProcessOptions) {
    this.#options = options;
  }

  get plan(): MemberPlan {
    return this.#options.plan;
  }

  /** Null while it is not running. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  get status(): "running" | "stopped" {
    return this.#child === undefined ? "stopped" : "running";
  }

  get isPaused(): boolean {
    return this.#guard !== undefined;
  }

  /** Starts the process unless it is running. */
  start(): void {
    if (this.#child !== undefined) return;
    const { folder, logFile, environment } = this.#options;
    const log = openSync(logFile, this.#logMode);
    this.#logMode = "a";
    // Detached, so that Ctrl-C reaches only us and we stop the members. If we die, their channel closes.
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
      child.on("message", (message) => this.#options.heard?.(message));
      child.once("error", (error) => {
        if (child.pid === undefined) this.#finish(error.message);
        resolve();
      });
    });
  }

  #finish(how: string): void {
    this.#child = undefined;
    this.#options.ended?.();
    this.#releaseGuard();
    if (!this.#isStopWanted) this.#options.died(how);
  }

  /** Sends SIGTERM, then SIGKILL after a timeout. Resolves when the process has ended. */
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

  /** SIGSTOP: the process exists but does not respond. */
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

  /** SIGHUP: reloads its MSP folders, after startup if necessary. */
  reload(): void {
    if (this.#isReady) this.#child?.kill("SIGHUP");
    else this.#isReloadDue = true;
  }

  /**
   * Blocks exactly these endpoints for its dials and links, also after a restart. Resolves when the
   * member has received the list.
   */
  async cutOff(endpoints: readonly string[]): Promise<void> {
    this.#cutOff = endpoints;
    const child = this.#child;
    if (child?.connected !== true) return;
    // An error means that the process is ending.
    await new Promise<void>((resolve) => child.send({ cutOff: endpoints }, () => resolve()));
  }

  /** Sends a message; one to a process that is ending is lost. */
  tell(message: object): void {
    if (this.#child?.connected === true) this.#child.send(message, () => {});
  }

  /** Marks the member as answering. Before that, a signal could kill it. */
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
 * A paused process does not notice our death. A watchdog shell does: its read from our pipe fails,
 * and it kills the process.
 */
function guard(pid: number): ChildProcess {
  const script = 'read line || kill -KILL "$1"';
  const shell = spawn("/bin/sh", ["-c", script, "guard", String(pid)], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  shell.on("error", () => {}); // Without a shell, the pause works without this watchdog.
  shell.stdin.on("error", () => {}); // The watchdog may have ended before its release.
  return shell;
}
