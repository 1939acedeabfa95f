/** All problems at once: those of the files beside those of the configuration that names them. */
import type { Config } from "../config/config.ts";
import { type LoadOptions, type ReadConfig, readConfig } from "../config/load.ts";
import type { Signer } from "../core/types/host.ts";
import { collect } from "../lib/collect.ts";
import { GossipError } from "../lib/errors.ts";
import { loadMsp } from "../msp/load-msp.ts";
import { channelParts } from "./channel-parts.ts";
import { checkTags } from "./check-saying.ts";
import { loadOwn } from "./load-credentials.ts";
import { readOperationsTls, readTls } from "./tls-files.ts";

/** As `loadConfig`, but what is wrong with the files is told together with what is wrong with the configuration. */
export async function loadSoundConfig(options: LoadOptions): Promise<Config> {
  return soundConfig(await readConfig(options));
}

/** The configuration, if there is no problem. Throws `config-invalid` with those of the files too. */
export async function soundConfig(
  { config, problems }: ReadConfig,
  signer?: Signer,
): Promise<Config> {
  if (config === undefined) throw new GossipError("config-invalid", problems);
  if (problems.length === 0) return config;
  throw new GossipError("config-invalid", await withFileProblems(problems, config, signer));
}

/** These problems, then those of every file that a start would read, each once. */
export async function withFileProblems(
  problems: readonly string[],
  config: Config,
  signer?: Signer,
): Promise<readonly string[]> {
  const found: string[] = [];
  const { mspFolder, mspId, tls, operations, fabricGossip } = config;
  const times = { wallMs: Date.now() };
  // That the id is not set has been told.
  const named = { ...config, mspId: mspId || "unnamed" };
  const local = mspFolder && (await collect(found, loadOwn(named, times, signer)));
  for (const trusted of fabricGossip.trustedMsps) {
    if (trusted.mspId !== mspId) await collect(found, loadMsp(trusted.path, trusted.mspId));
  }
  if (tls.enabled) await readTls(tls, found, []);
  const isServed = operations.listenAddress !== undefined && operations.tls.enabled;
  if (isServed) await readOperationsTls(operations.tls, found, []);
  await collect(found, () => checkTags(fabricGossip.tags));
  if (local)
    await collect(
      found,
      channelParts(config, local.identity, () => {}),
    );
  return [...new Set([...problems, ...found])];
}
