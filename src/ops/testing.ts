/** An operations endpoint for tests: real HTTP in front of a node on a network in memory. */
import type { TestContext } from "node:test";
import { GossipNode } from "../node/node.ts";
import { testParts } from "../node/testing.ts";
import { createLog, type Log } from "../observe/log.ts";
import { createMeters, type Meters } from "../observe/meters.ts";
import { createMemoryHub, type MemoryHub } from "../transport/memory.ts";
import { createVirtualClock, type VirtualClock } from "../transport/testing.ts";
import { type Operations, type OperationsOptions, startOperations } from "./http.ts";

export const NO_TLS = {
  enabled: false,
  clientAuthRequired: false,
  certFile: undefined,
  keyFile: undefined,
  clientRootCaFiles: [],
} as const;

/** An operations endpoint and what is around it. */
interface World {
  readonly operations: Operations;
  readonly meters: Meters;
  readonly node: GossipNode;
  readonly log: Log;
  readonly lines: readonly string[];
  readonly clock: VirtualClock;
  readonly hub: MemoryHub;
}

export async function setUp(
  t: TestContext,
  { bootstrap = [], tls = NO_TLS }: { bootstrap?: string[]; tls?: OperationsOptions["tls"] } = {},
): Promise<World> {
  const clock = createVirtualClock();
  const hub = createMemoryHub({ clock });
  const node = await GossipNode.create(testParts("n", { clock, hub, bootstrap }));
  const lines: string[] = [];
  const log = createLog({ stream: { write: (line: string) => lines.push(line) > 0 } });
  const listen = { host: "127.0.0.1", port: 0 };
  const meters = createMeters();
  const operations = await startOperations({ listen, tls, node, log, meters });
  t.after(async () => {
    await operations.close();
    await node.close();
  });
  return { operations, meters, node, log, lines, clock, hub };
}
