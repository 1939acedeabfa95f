/**
 * A cache in each of several processes. Whoever changes a value tells the others, and each of them drops
 * its copy. Reads lines from standard input: `get KEY`, `set KEY VALUE`.
 * Usage: node examples/cache.ts core.yaml
 */
import { createInterface } from "node:readline";
import { GossipError, GossipNode, loadConfig } from "../src/index.ts";

const TOPIC = "cache-invalidate";
const cache = new Map<string, string>();
const interrupted = new AbortController();
process.once("SIGINT", () => interrupted.abort());

/** Drops what others have changed. An event says that a copy is old, not what is new: it may come late. */
async function follow(node: GossipNode): Promise<void> {
  for await (const { from, payload } of node.subscribe(TOPIC, interrupted.signal)) {
    if (from.self) continue;
    const key = new TextDecoder().decode(payload);
    if (cache.delete(key)) console.log(`dropped ${key}, changed by ${from.endpoint}`);
  }
}

/** Events that we lost leave copies of which we know nothing: then everything is dropped. */
async function guard(node: GossipNode): Promise<void> {
  for await (const event of node.events(interrupted.signal)) {
    if (event.type === "subscriber-lagging" && event.topic === TOPIC) cache.clear();
  }
}

async function obey(node: GossipNode, line: string): Promise<void> {
  const [verb, key = "", ...words] = line.split(" ");
  if (verb === "set") {
    cache.set(key, words.join(" "));
    await node.broadcast(TOPIC, new TextEncoder().encode(key));
    console.log(`set ${key}`);
  } else if (verb === "get") {
    console.log(`${key} is ${cache.get(key) ?? "not in the cache"}`);
  }
}

try {
  const node = await GossipNode.start(await loadConfig(process.argv[2] ?? "core.yaml"));
  try {
    const following = [follow(node), guard(node)];
    console.log("ready");
    const lines = createInterface({ input: process.stdin, signal: interrupted.signal });
    for await (const line of lines) await obey(node, line);
    interrupted.abort();
    await Promise.all(following);
  } finally {
    await node.close();
  }
} catch (error) {
  if (!(error instanceof GossipError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
