/** `fabric-gossip start`: runs one member in the foreground until stopped. */

import { join } from "node:path";
import type { Config } from "../config/config.ts";
import { GossipError } from "../lib/errors.ts";
import { VERSION } from "../lib/version.ts";
import { assemble } from "../node/assemble.ts";
import { loadSoundConfig } from "../node/file-problems.ts";
import { hasContacts } from "../node/has-contacts.ts";
import { GossipNode } from "../node/node.ts";
import type { WrapNetwork } from "../node/options.ts";
import { lookAt, watchFiles } from "../node/watch-files.ts";
import { tellFault } from "../observe/diagnosis/causes.ts";
import { createEventLog } from "../observe/event-log.ts";
import { createLog, type Log, type Logger } from "../observe/log.ts";
import { type Operations, type OperationsOptions, startOperations } from "../ops/http.ts";
import { aborted, type Signals } from "./signals.ts";

export interface StartCommandOptions {
  readonly config?: string;
  readonly set?: readonly string[];
}

/** Maximum time to close; normally it takes milliseconds. */
const SHUTDOWN_MAX_MS = 1_800;

/** `wrap`: puts something between gossip and network; no configuration can select it. */
export async function start(
  options: StartCommandOptions,
  signals: Signals,
  wrap?: WrapNetwork,
  started?: (node: GossipNode) => void,
): Promise<void> {
  const config = await loadSoundConfig({ file: options.config, overrides: options.set ?? [] });
  const log = createLog({ spec: config.logging.spec, format: config.logging.format });
  const logger = log.logger("gossip");
  const warn = (sentence: string): void => logger.warn(sentence);
  const files = ownFiles(config);
  const seen = await lookAt(files);
  const parts = await assemble(config, { warn }, wrap);
  let operations: Operations | undefined;
  const node = await GossipNode.create({
    ...parts,
    reload: async () => {
      const reread = await parts.reload?.();
      const problems = [...(reread?.problems ?? []), ...((await operations?.reload()) ?? [])];
      return { own: reread?.own, problems };
    },
  });
  void logEvents(node, log);
  node.answer("fabric-gossip:version", () => new TextEncoder().encode(VERSION));
  operations = await startOperationsOf(config, { node, log, meters: parts.meters });
  const isRemembering = (parts.core.formerPeers ?? []).length > 0;
  announce(logger, config, { node, operations, isRemembering });
  started?.(node);
  const reloading = createReload(node, logger);
  signals.onHangup(() => void reloading({ isAsked: true }));
  const stopWatching = watchFiles(files, seen, () => reloading({ isAsked: false }));
  await aborted(signals.stop);
  stopWatching();
  logger.info("stopping");
  setTimeout(() => process.exit(0), SHUTDOWN_MAX_MS).unref();
  await Promise.all([node.close(), operations?.close()]);
  process.exit(0);
}

/** Files that a renewal replaces: our certificate and key, the TLS pairs, and the CAs that we trust in TLS. */
function ownFiles({ mspFolder, keystoreFolder, tls, operations }: Config): readonly string[] {
  const { certFile, keyFile, clientCertFile, clientKeyFile, rootCertFile } = tls;
  const folders = [join(mspFolder, "signcerts"), keystoreFolder ?? join(mspFolder, "keystore")];
  const clientCas = tls.clientAuthRequired ? tls.clientRootCaFiles : [];
  const pairs = [certFile, keyFile, clientCertFile, clientKeyFile];
  const files = tls.enabled ? [...pairs, rootCertFile, ...clientCas] : [];
  if (operations.tls.enabled && operations.listenAddress !== undefined) {
    const { certFile, keyFile, clientRootCaFiles } = operations.tls;
    files.push(certFile, keyFile, ...clientRootCaFiles);
  }
  return [...folders, ...files.filter((file) => file !== undefined)];
}

async function logEvents(node: GossipNode, log: Log): Promise<void> {
  const write = createEventLog(log);
  for await (const event of node.events()) write(event);
}

async function startOperationsOf(
  config: Config,
  parts: Omit<OperationsOptions, "listen" | "tls">,
): Promise<Operations | undefined> {
  const { listenAddress: listen, tls } = config.operations;
  if (listen === undefined) return undefined;
  try {
    return await startOperations({ listen, tls, ...parts });
  } catch (error) {
    await parts.node.close();
    throw error;
  }
}

function announce(
  logger: Logger,
  config: Config,
  started: {
    readonly node: GossipNode;
    readonly operations: Operations | undefined;
    /** It knows where members of its last life were. */
    readonly isRemembering: boolean;
  },
): void {
  const { node, operations, isRemembering } = started;
  const { pkiId, mspId } = node.self();
  logger.info(`${config.id} of ${mspId} gossips as ${config.endpoint}`, {
    peer: pkiId.slice(0, 16),
    external: config.externalEndpoint || "none",
    bootstrap:
      [...config.gossip.bootstrap, ...config.fabricGossip.bootstrapNames].join(" ") || "none",
    operations: operations?.url ?? "none",
  });
  const { bootstrap } = config.gossip;
  if (hasContacts(config)) return;
  const why =
    bootstrap.length === 0
      ? "there is no bootstrap or anchor peer"
      : `the only bootstrap peer, ${bootstrap.join(" and ")}, is this member itself`;
  logger.info(
    `${why}, so it ${isRemembering ? "asks the members of its last life and " : ""}waits for others to contact it. Set peer.gossip.bootstrap to another peer of ${mspId} unless this is the first`,
  );
}

type Reload = (how: { readonly isAsked: boolean }) => Promise<boolean>;

/**
 * Reloads the files. What cannot be used is a problem of the node, which tells it when it begins and
 * now and then; here it is told only to a user who asks again, in the same words.
 */
function createReload(node: GossipNode, logger: Logger): Reload {
  let told = "";
  return async ({ isAsked }) => {
    try {
      await node.reload();
      told = "";
      const peer = node.self().pkiId.slice(0, 16);
      logger.info("read certificates, keys and MSP folders again", { peer });
      return true;
    } catch (error) {
      const problems = error instanceof GossipError ? error.problems : [String(error)];
      const isAgain = isAsked && told === problems.join();
      told = problems.join();
      const code = "reload-failed";
      for (const detail of isAgain ? problems : [])
        logger.error(tellFault({ code, detail }), { code });
      return false;
    }
  };
}
