/**
 * A member of a devnet: `fabric-gossip start` behind a gate that the devnet opens and closes over the
 * IPC channel, over which the blocks of its channel come as well. No verb leads here: only the devnet
 * starts this file, and only it holds the channel.
 */

import { ListedChannel } from "../devnet/listed-channel.ts";
import { GossipError } from "../lib/errors.ts";
import type { GossipNode } from "../node/node.ts";
import { createSystemClock } from "../node/runtime.ts";
import { createNetworkGate } from "../transport/network-gate.ts";
import { keepHeapSmall } from "./heap.ts";
import { listenToSignals } from "./signals.ts";

/** Long enough that several members ask for a block. */
const LIES_MS = 20_000;
/** Members compare a block with one of the others every ten seconds. */
const DIFFERS_MS = 60_000;

const signals = listenToSignals({ reloads: true });
const gate = createNetworkGate(createSystemClock());
gate.cutOff(new Set(process.argv.slice(2)));
let channel: ListedChannel | undefined;
process.on("message", (message) => {
  const cutOff = textsIn(message, "cutOff");
  if (cutOff !== undefined) gate.cutOff(new Set(cutOff));
  const blocks = textsIn(message, "blocks");
  if (blocks !== undefined && channel !== undefined) takeBlocks(channel, blocks);
  const [forged] = textsIn(message, "forged") ?? [];
  if (forged !== undefined && channel !== undefined) lie(channel, forged);
  if (textsIn(message, "differs") !== undefined) differ(channel);
});
process.channel?.unref(); // The channel must not keep a member alive that failed to start.

try {
  keepHeapSmall();
  const { start } = await import("./start.ts");
  // The parent process may have exited by now.
  if (!signals.stop.aborted) {
    await start({}, signals, (network) => gate.network(network), joinChannel);
  }
} catch (error) {
  if (!(error instanceof GossipError)) throw error;
  process.stderr.write(error.problems.map((problem) => `error: ${problem}\n`).join(""));
  process.exitCode = 2;
}

/** Asks for the blocks of the channel, if there is one. */
function joinChannel(node: GossipNode): void {
  channel = new ListedChannel((served) => {
    if (!signals.stop.aborted) node.serveChannel(served);
  });
  process.send?.({ height: 0 });
}

function takeBlocks(to: ListedChannel, texts: readonly string[]): void {
  const taken = to.take(texts.map((text) => new Uint8Array(Buffer.from(text, "base64"))));
  if (taken.refused !== undefined) {
    const { number, reason } = taken.refused;
    process.stderr.write(`warn: block ${number} of the channel is refused: ${reason}\n`);
  }
  process.send?.(taken);
}

function lie(of: ListedChannel, forged: string): void {
  of.lie(new Uint8Array(Buffer.from(forged, "base64")));
  setTimeout(() => of.beHonest(), LIES_MS).unref();
}

function differ(channel: ListedChannel | undefined): void {
  channel?.differ();
  setTimeout(() => channel?.beHonest(), DIFFERS_MS).unref();
}

/** The texts in `{[key]: [...]}`; undefined if the message is about something else. */
function textsIn(
  message: unknown,
  key: "cutOff" | "blocks" | "forged" | "differs",
): readonly string[] | undefined {
  if (typeof message !== "object" || message === null || !(key in message)) return undefined;
  const list: unknown = Object.getOwnPropertyDescriptor(message, key)?.value;
  const texts: readonly unknown[] = Array.isArray(list) ? list : [];
  return texts.filter((text) => typeof text === "string");
}
