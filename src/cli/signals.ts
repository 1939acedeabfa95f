/** Signals, heard from the first moment on: also while the rest of the program is being loaded. */

export interface Signals {
  /** Aborted by SIGTERM or SIGINT, or when the process that started us over an IPC channel is gone. */
  readonly stop: AbortSignal;
  /** Calls back for each SIGHUP; one that came before counts. */
  onHangup(callback: () => void): void;
}

export function listenToSignals(): Signals {
  const stopping = new AbortController();
  let hangUp: (() => void) | undefined;
  let isHangupDue = false;
  // More of the same change nothing: stopping is bounded.
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => stopping.abort());
  process.once("disconnect", () => stopping.abort());
  process.channel?.unref(); // A member that cannot start must not wait for its parent.
  if (process.connected === false) stopping.abort();
  process.on("SIGHUP", () => {
    if (hangUp === undefined) isHangupDue = true;
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

/** Resolves when the signal is aborted, or at once if it is. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
