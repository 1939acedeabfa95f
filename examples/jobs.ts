/**
 * A job runner: each job is run by the member that owns its name on the ring of workers, and a summary
 * by the leader alone. When members come and go, jobs move. A job may be run twice while that happens, or
 * in a partition: what it does must allow that.
 * Usage: node examples/jobs.ts core.yaml JOB ...
 */
import { GossipError, GossipNode, loadConfig } from "../src/index.ts";

const WORKERS = { role: "worker" };

/** The jobs that are ours at this moment. */
function ownJobs(node: GossipNode, jobs: readonly string[]): readonly string[] {
  const ring = node.ring(WORKERS);
  return jobs.filter((job) => ring.owners(job)[0]?.self === true);
}

const [file = "core.yaml", ...jobs] = process.argv.slice(2);
const interrupted = new AbortController();
process.once("SIGINT", () => interrupted.abort());

try {
  const node = await GossipNode.start(await loadConfig(file));
  try {
    node.setTags(WORKERS);
    let shown = "";
    const show = (): void => {
      const own = ownJobs(node, jobs);
      const role = node.leader(WORKERS)?.self === true ? "leads, and runs" : "runs";
      const line = `${role} ${own.length === 0 ? "nothing" : own.join(" ")}`;
      if (line !== shown) console.log(line);
      shown = line;
    };
    show();
    for await (const event of node.events(interrupted.signal)) {
      if ("member" in event) show();
    }
  } finally {
    await node.close();
  }
} catch (error) {
  if (!(error instanceof GossipError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
