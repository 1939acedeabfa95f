/**
 * Service discovery: every member publishes in its metadata what it offers, and each of them knows
 * at any time who offers what. Prints every change until it is interrupted.
 * Usage: node examples/services.ts core.yaml [NAME=HOST:PORT ...]
 */
import { GossipError, GossipNode, loadConfig, type Member } from "../src/index.ts";

/** Metadata are whatever their member says: what does not look like an offer is passed over. */
const OFFER = /^[\w-]+=[\w.-]+:\d+$/;

function offersOf({ metadata, mspId, pkiId }: Member): readonly string[] {
  const lines = new TextDecoder().decode(metadata).split("\n");
  const offers = lines.filter((line) => OFFER.test(line));
  return offers.map((offer) => `${offer} (${mspId} ${pkiId.slice(0, 8)})`);
}

function currentOffers(node: GossipNode): ReadonlySet<string> {
  const alive = node.members().filter(({ status }) => status === "alive");
  return new Set(alive.flatMap(offersOf));
}

const [file = "core.yaml", ...own] = process.argv.slice(2);
const interrupted = new AbortController();
process.once("SIGINT", () => interrupted.abort());

try {
  const node = await GossipNode.start(await loadConfig(file));
  try {
    node.setMetadata(new TextEncoder().encode(own.join("\n")));
    let before: ReadonlySet<string> = new Set();
    const showChanges = (): void => {
      const now = currentOffers(node);
      for (const offer of now) if (!before.has(offer)) console.log(`+ ${offer}`);
      for (const offer of before) if (!now.has(offer)) console.log(`- ${offer}`);
      before = now;
    };
    showChanges();
    for await (const event of node.events(interrupted.signal)) {
      if ("member" in event) showChanges();
    }
  } finally {
    await node.close();
  }
} catch (error) {
  if (!(error instanceof GossipError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
