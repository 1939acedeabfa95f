/** Checks that the ports of a devnet are free before it starts. */
import { createServer } from "node:net";
import { GossipError } from "../lib/errors.ts";
import { HOST, type Plan } from "./plan.ts";

const NAMED_MAX = 5;

/** Throws `listen-failed` naming the ports that cannot be used. */
export async function checkPorts({ basePort, members }: Plan): Promise<void> {
  const ports = [basePort, ...members.flatMap(({ ports: p }) => [p.gossip, p.operations])];
  const faults: string[] = [];
  for (const port of ports) {
    const fault = await listenFault(port);
    if (fault !== undefined) faults.push(`${port} (${fault})`);
  }
  if (faults.length === 0) return;
  const more = faults.length > NAMED_MAX ? ` and ${faults.length - NAMED_MAX} more` : "";
  throw new GossipError(
    "listen-failed",
    `These ports of ${HOST} cannot be used: ${faults.slice(0, NAMED_MAX).join(", ")}${more}; ` +
      "stop what uses them (another devnet?), or choose another --base-port.",
  );
}

function listenFault(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen(port, HOST, () => server.close(() => resolve(undefined)));
  });
}
