import { once } from "node:events";
import { createServer } from "node:net";
import type { NodeOptions } from "../config/options.ts";
import { formatHostPort, parseHostPort } from "../lib/host-port.ts";

/**
 * With port 0 and no endpoint of their own, options get a port that was free just now: the others learn it
 * from the endpoint, which is signed before we listen. An address that is not ours stays as it is.
 */
export async function withFreePort(options: NodeOptions): Promise<NodeOptions> {
  const { listen, endpoint } = options;
  const address = typeof listen === "string" ? parseHostPort(listen) : undefined;
  if (address?.port !== 0 || endpoint !== undefined) return options;
  const server = createServer();
  try {
    server.listen({ port: 0, ...(address.host === "" ? {} : { host: address.host }) });
    await once(server, "listening");
    const bound = server.address();
    if (bound === null || typeof bound === "string") return options;
    return { ...options, listen: formatHostPort({ ...address, port: bound.port }) };
  } catch {
    // Some port, so that the attempt to listen says what is wrong with the host.
    return { ...options, endpoint: formatHostPort({ ...address, port: 1 }) };
  } finally {
    if (server.listening) await once(server.close(), "close");
  }
}
