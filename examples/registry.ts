/**
 * A service registry with health: this member offers a service, checks it, and says how it is; it prints
 * what all members offer whenever that changes.
 * Usage: node examples/registry.ts core.yaml NAME http://HOST:PORT/health
 */
import { setTimeout as sleep } from "node:timers/promises";
import { GossipError, GossipNode, loadConfig, type ServiceHealth } from "../src/index.ts";

const CHECK_MS = 1_000;

const [file = "core.yaml", role = "shop", http = "http://127.0.0.1:8080/"] = process.argv.slice(2);
const interrupted = new AbortController();
process.once("SIGINT", () => interrupted.abort());

async function check(): Promise<ServiceHealth> {
  try {
    const { ok } = await fetch(http, { signal: AbortSignal.timeout(CHECK_MS) });
    return ok ? "passing" : "warning";
  } catch {
    return "critical"; // It does not answer.
  }
}

/** Tells the others only what is new: each change of tags is a heartbeat. */
async function tell(node: GossipNode, show: () => void): Promise<void> {
  let told: ServiceHealth | undefined;
  while (!interrupted.signal.aborted) {
    const health = await check();
    if (health !== told && !interrupted.signal.aborted) {
      node.setTags({ role, http, health });
      show(); // Of our own tags no event tells.
    }
    told = health;
    await sleep(CHECK_MS, undefined, { signal: interrupted.signal }).catch(() => undefined);
  }
}

try {
  const node = await GossipNode.start(await loadConfig(file));
  try {
    let shown = "";
    const show = (): void => {
      const lines = node
        .services()
        .map(({ name, health, tags }) => `${name} ${health} ${tags["http"] ?? ""}`);
      const text = lines.join("; ");
      if (text !== shown) console.log(text);
      shown = text;
    };
    const telling = tell(node, show);
    for await (const event of node.events(interrupted.signal)) {
      if ("member" in event) show();
    }
    await telling;
  } finally {
    await node.close();
  }
} catch (error) {
  if (!(error instanceof GossipError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
