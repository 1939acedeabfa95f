/** `fabric-gossip start`: one member in the foreground, until it is told to stop. */

import type { Config } from "../config/config.ts";
import { loadConfig } from "../config/config.ts";
import { createEventLog } from "../event-log.ts";
import { createLog, type Log, type Logger } from "../log.ts";
import { GossipNode } from "../node.ts";
import { type Operations, startOperations } from "../ops/http.ts";
import { loadTrust } from "../start-node.ts";

export interface StartOptions {
  readonly config?: string;
  readonly set?: readonly string[];
}

/** Closing takes milliseconds; whatever hangs is cut off after this long. */
const SHUTDOWN_MAX_MS = 1_800;

export async function start(options: StartOptions): Promise<void> {
  const config = await loadConfig({ file: options.config, overrides: options.set ?? [] });
  const log = createLog({ spec: config.logging.spec, format: config.logging.format });
  const logger = log.logger("gossip");
  const node = await GossipNode.start(config, { warn: (sentence) => logger.warn(sentence) });
  void logEvents(node, log);
  const operations = await startOperationsOf(config, node, log);
  announce(logger, config, node, operations);
  const reload = (): void => void reloadTrust(config, node, logger);
  process.on("SIGHUP", reload);
  await stopRequested();
  logger.info("stopping");
  setTimeout(() => process.exit(0), SHUTDOWN_MAX_MS).unref();
  await Promise.all([node.close(), operations?.close()]);
  process.exit(0);
}

async function logEvents(node: GossipNode, log: Log): Promise<void> {
  const write = createEventLog(log);
  for await (const event of node.events()) write(event);
}

async function startOperationsOf(
  config: Config,
  node: GossipNode,
  log: Log,
): Promise<Operations | undefined> {
  const { listenAddress: listen, tls } = config.operations;
  if (listen === undefined) return undefined;
  try {
    return await startOperations({ listen, tls, node, log });
  } catch (error) {
    await node.close();
    throw error;
  }
}

function announce(
  logger: Logger,
  config: Config,
  node: GossipNode,
  operations: Operations | undefined,
): void {
  const { pkiId, mspId } = node.self();
  logger.info(`${config.id} of ${mspId} gossips as ${config.endpoint}`, {
    peer: pkiId.slice(0, 16),
    external: config.externalEndpoint || "none",
    bootstrap: config.gossip.bootstrap.join(" ") || "none",
    operations: operations?.url ?? "none",
  });
}

/** SIGHUP: MSP folders and revocation lists are read again; a mistake in them changes nothing. */
async function reloadTrust(config: Config, node: GossipNode, logger: Logger): Promise<void> {
  try {
    node.setTrust(await loadTrust(config));
    logger.info("read the MSP folders again");
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    logger.error(`the MSP folders cannot be used, trust stays as it was: ${message}`);
  }
}

/** Ends with the first signal, or with the parent process that started us over an IPC channel. */
function stopRequested(): Promise<void> {
  return new Promise((resolve) => {
    process.once("SIGTERM", () => resolve());
    process.once("SIGINT", () => resolve());
    process.once("disconnect", () => resolve());
  });
}
