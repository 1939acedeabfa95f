/**
 * A member of a devnet: `fabric-gossip start` behind a gate that the devnet opens and closes over the
 * IPC channel. No verb leads here: only the devnet starts this file, and only it holds the channel.
 */

import { GossipError } from "../lib/errors.ts";
import { createSystemClock } from "../node/clock.ts";
import { createNetworkGate } from "../transport/network-gate.ts";
import { listenToSignals } from "./signals.ts";

const signals = listenToSignals();
const gate = createNetworkGate(createSystemClock());
gate.cutOff(new Set(process.argv.slice(2)));
process.on("message", (message) => gate.cutOff(endpointsIn(message)));
process.channel?.unref(); // The channel must not keep a member alive that failed to start.

try {
  const { start } = await import("./start.ts");
  // The parent process may have exited by now.
  if (!signals.stop.aborted) {
    await start({}, signals, (network) => gate.network(network));
  }
} catch (error) {
  if (!(error instanceof GossipError)) throw error;
  process.stderr.write(error.problems.map((problem) => `error: ${problem}\n`).join(""));
  process.exitCode = 2;
}

/** The endpoints in `{cutOff: [...]}`. */
function endpointsIn(message: unknown): ReadonlySet<string> {
  const list = typeof message === "object" && message && "cutOff" in message ? message.cutOff : [];
  const endpoints: readonly unknown[] = Array.isArray(list) ? list : [];
  return new Set(endpoints.filter((endpoint) => typeof endpoint === "string"));
}
