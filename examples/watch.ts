/**
 * Runs a member and prints what happens in the network until it is interrupted.
 * Usage: node examples/watch.ts core.yaml
 */
import { GossipError, GossipNode, loadConfig } from "../src/index.ts";

const interrupted = new AbortController();
process.once("SIGINT", () => interrupted.abort());

try {
  const node = await GossipNode.start(await loadConfig(process.argv[2] ?? "core.yaml"));
  try {
    console.log(`we are ${node.self().pkiId}`);
    for await (const event of node.events(interrupted.signal)) {
      if ("member" in event) console.log(event.time, event.type, event.member.endpoint);
    }
  } finally {
    await node.close();
  }
} catch (error) {
  if (!(error instanceof GossipError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
