/** Connections over which nothing has gone for long. */
import type { PkiId } from "../core/types/host.ts";
import type { Cancel, Clock } from "./network.ts";
import type { Peer } from "./peer.ts";

/** Looks for them four times in `idleMs`, until cancelled. */
export function watchIdle(
  clock: Clock,
  idleMs: number,
  peers: ReadonlyMap<PkiId, Peer>,
  close: (peer: Peer) => void,
): Cancel {
  let cancel: Cancel = () => {};
  let isOver = false;
  const look = (): void => {
    const untilMs = clock.now().elapsedMs - idleMs;
    for (const peer of [...peers.values()]) {
      if (peer.activeMs === undefined || peer.activeMs > untilMs || peer.queue.size > 0) continue;
      close(peer);
    }
    if (!isOver) cancel = clock.after(idleMs / 4, look);
  };
  look();
  return () => {
    isOver = true;
    cancel();
  };
}
