/** Doctor: MSP folders, our certificate and key, and those of the organisations we trust. */
import type { Config } from "../config/config.ts";
import { collect } from "../lib/collect.ts";
import { type LocalMsp, loadLocalMsp, loadMsp } from "../msp/load-msp.ts";
import type { Msp } from "../msp/msp.ts";
import { findOpenKeys } from "../node/key-permissions.ts";
import { keyPaths, sharedAuthorities } from "../node/load-credentials.ts";
import { error, type Finding, ok, timeLeft, warning } from "./finding.ts";

export interface Examined<T> {
  readonly findings: readonly Finding[];
  /** Undefined if it cannot be used. */
  readonly value: T | undefined;
}

/** Our own MSP folder, certificate and key. */
export async function examineOwnMsp(config: Config, wallMs: number): Promise<Examined<LocalMsp>> {
  const problems: string[] = [];
  const { mspFolder, mspId, keystoreFolder: keystore } = config;
  const { keyProvider } = config;
  const options = { wallMs, keyProvider, ...(keystore ? { keystore } : {}) };
  const local = await collect(problems, loadLocalMsp(mspFolder, mspId, options));
  if (local === undefined) {
    return { findings: problems.map((problem) => error("msp", problem)), value: undefined };
  }
  const { clockDoubt, identity, msp } = local;
  const left = timeLeft(identity.notAfterMs, wallMs);
  const message = `${identity.subject} is valid in ${mspId} and has its key; it expires in ${left}.`;
  const soonMs = config.fabricGossip.expiryNoticesMs[0] ?? 0;
  const isSoon = identity.notAfterMs - wallMs < soonMs;
  const findings = [
    ok("msp", describeMsp(msp, mspFolder)),
    ...msp.warnings.map((sentence) => warning("msp", sentence)),
    ...(clockDoubt === undefined ? [] : [warning("clock", clockDoubt)]),
    isSoon ? warning("certificate", message, "Renew it in time.") : ok("certificate", message),
  ];
  return { findings, value: local };
}

function describeMsp({ mspId, roots, intermediates, revoked }: Msp, folder: string): string {
  const revocations = [...revoked.values()].reduce((sum, serials) => sum + serials.size, 0);
  const cas = roots.length + intermediates.length;
  return `${mspId} loads from ${folder}: ${cas} ${cas === 1 ? "CA" : "CAs"}, ${revocations} revoked.`;
}

/** The organisations whose members we accept. */
export async function examineTrusted(
  config: Config,
  own: Msp | undefined,
): Promise<Examined<readonly Msp[]>> {
  const findings: Finding[] = [];
  const trusted: Msp[] = [];
  for (const { mspId, path } of config.fabricGossip.trustedMsps) {
    const problems: string[] = [];
    const msp = await collect(problems, loadMsp(path, mspId));
    findings.push(...problems.map((problem) => error("trusted-msp", problem)));
    if (msp === undefined) continue;
    trusted.push(msp);
    findings.push(ok("trusted-msp", describeMsp(msp, path)));
    findings.push(...msp.warnings.map((sentence) => warning("trusted-msp", sentence)));
    if (config.tls.enabled && msp.tlsAuthorities.roots.length === 0) {
      const message = `${mspId} has no TLS CA in ${path}/tlscacerts, so that its members are believed only if peer.tls.rootcert.file names their TLS CA.`;
      findings.push(warning("trusted-msp", message, "Put its TLS CA certificate there."));
    }
  }
  const shared = sharedAuthorities([...(own ? [own] : []), ...trusted]);
  findings.push(...shared.map((sentence) => warning("trusted-msp", sentence)));
  if (config.fabricGossip.trustedMsps.length === 0 && config.externalEndpoint !== "") {
    const message =
      "No other organisation is trusted: if a channel is shared with one, its peers learn of peer.gossip.externalEndpoint, dial us in vain, see us come and go, and warn in their logs. List it under fabricGossip.trustedMsps, or leave that endpoint empty.";
    findings.push(ok("trusted-msp", message));
  }
  return { findings, value: trusted };
}

/** Whether other users may read our private keys. */
export async function examineKeys(config: Config): Promise<readonly Finding[]> {
  const sentences = await findOpenKeys(keyPaths(config));
  if (sentences.length === 0)
    return [ok("keys", "Other users of this machine cannot read the private keys.")];
  return sentences.map((sentence) => warning("keys", sentence));
}
