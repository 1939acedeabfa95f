/** Checks that the ports of a devnet are free before it starts. */
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { GossipError } from "../lib/errors.ts";
import { HOST, type Plan } from "./plan.ts";

interface PortFault {
  readonly port: number;
  /** What the system says. */
  readonly code: string;
}

const NAMED_MAX = 5;
/** The members of a devnet that was killed may hold their ports this long. */
const RELEASED_MAX_MS = 2_500;
const ASK_AGAIN_MS = 100;

/** Throws `listen-failed` naming the ports that cannot be used, also after a short wait. */
export async function checkPorts(plan: Plan): Promise<void> {
  const deadlineMs = performance.now() + RELEASED_MAX_MS;
  let faults = await portFaults(plan);
  while (faults.some(({ code }) => code === "EADDRINUSE") && performance.now() < deadlineMs) {
    await sleep(ASK_AGAIN_MS);
    faults = await portFaults(plan);
  }
  if (faults.length === 0) return;
  const named = faults.slice(0, NAMED_MAX).map(({ port, code }) => `${port} (${code})`);
  const more = faults.length > NAMED_MAX ? ` and ${faults.length - NAMED_MAX} more` : "";
  throw new GossipError(
    "listen-failed",
    `These ports of ${HOST} cannot be used: ${named.join(", ")}${more}; ` +
      "stop what uses them (another devnet?), or choose another --base-port.",
  );
}

async function portFaults({ basePort, members }: Plan): Promise<readonly PortFault[]> {
  const ports = [basePort, ...members.flatMap(({ ports: p }) => [p.gossip, p.operations])];
  const faults: PortFault[] = [];
  for (const port of ports) {
    const code = await listenFault(port);
    if (code !== undefined) faults.push({ port, code });
  }
  return faults;
}

function listenFault(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen(port, HOST, () => server.close(() => resolve(undefined)));
  });
}
