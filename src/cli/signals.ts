/** Signal handlers, installed before the rest of the program loads. */

export interface Signals {
  /**
   * Aborted by SIGTERM, SIGINT, or the end of a parent process with an IPC channel; by SIGHUP, as when a
   * terminal closes, unless that reloads.
   */
  readonly stop: AbortSignal;
  /** If SIGHUP reloads: calls back for each one, including one received earlier. */
  onHangup(callback: () => void): void;
}

/** `reloads`: SIGHUP asks a member to read its files again. */
export function listenToSignals({ reloads = false } = {}): Signals {
  const stopping = new AbortController();
  let hangUp: (() => void) | undefined;
  let isHangupDue = false;
  // Repeated signals change nothing, because stopping is bounded.
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => stopping.abort());
  // Node.js would open a debugger to all users of this machine; peers of Fabric log their stacks.
  process.on("SIGUSR1", () => {
    process.stderr.write(
      "SIGUSR1 has no effect: ask the operations endpoint how this member is.\n",
    );
  });
  process.once("disconnect", () => stopping.abort());
  process.channel?.unref(); // A member that cannot start must not wait for its parent.
  if (process.connected === false) stopping.abort();
  process.on("SIGHUP", () => {
    if (!reloads) stopping.abort();
    else if (hangUp === undefined) isHangupDue = true;
    else hangUp();
  });
  return {
    stop: stopping.signal,
    onHangup(callback) {
      hangUp = callback;
      if (isHangupDue) callback();
    },
  };
}

/** Ends a verb that goes on until it is stopped: with the exit code of what it has found so far. */
export function exitWhenStopped(): void {
  void aborted(listenToSignals().stop).then(() => process.exit());
}

/** Resolves when the signal aborts, or at once if it already has. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
