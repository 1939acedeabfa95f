/** From a configuration to what it names: every file read and judged, before anything listens. */
import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { join } from "node:path";
import type { Config } from "../config/config.ts";
import type { Signer } from "../core/types/host.ts";
import { collect } from "../lib/collect.ts";
import { GossipError } from "../lib/errors.ts";
import { parseHostPort } from "../lib/host-port.ts";
import { type LocalMsp, type LocalMspOptions, loadLocalMsp, loadMsp } from "../msp/load-msp.ts";
import type { Msp } from "../msp/msp.ts";
import type { TlsCredentials } from "../transport/tls-credentials.ts";
import { isCertifiedFor } from "../transport/tls-names.ts";
import { findOpenKeys } from "./key-permissions.ts";
import { openFilesDoubt } from "./open-files.ts";
import { loneRootFault, ownChainFault, tlsBeginning } from "./own-tls.ts";
import { readTls, tellExpired, tlsNotAfterMs } from "./tls-files.ts";

/** What the configuration leads to. */
export interface Credentials {
  readonly local: LocalMsp;
  readonly trusted: readonly Msp[];
  readonly tls: TlsCredentials | undefined;
  /** Allowed, but probably not meant; one sentence each. */
  readonly warnings: readonly string[];
}

/**
 * Reads every file the configuration names. Throws one `GossipError` with every problem found;
 * what is merely doubtful comes back as warnings.
 */
export async function loadCredentials(
  config: Config,
  wallMs: number,
  signer?: Signer,
): Promise<Credentials> {
  const problems: string[] = [];
  const warnings: string[] = [...config.warnings];
  const local = await collect(problems, loadOwn(config, { wallMs }, signer));
  const trusted: Msp[] = [];
  for (const { mspId, path } of config.fabricGossip.trustedMsps) {
    const msp = await collect(problems, loadMsp(path, mspId));
    if (msp) trusted.push(msp);
  }
  const { enabled } = config.tls;
  const tls = enabled ? await readTls(config.tls, problems, warnings) : undefined;
  if (problems.length > 0 || local === undefined) {
    // It alone prevents no start, but whoever mends the rest should not find it afterwards.
    problems.push(...tellExpired(tlsNotAfterMs(tls), new Map(), wallMs));
    throw new GossipError("config-invalid", problems);
  }
  const msps = [local.msp, ...trusted];
  warnings.push(...(await doubtsAbout({ local, msps, tls }, config, wallMs, signer)));
  const fewFiles = await openFilesDoubt(config);
  if (fewFiles !== undefined) warnings.push(fewFiles);
  return { local, trusted, tls: tls && withTlsRootsOf(trusted, tls), warnings };
}

/** What is doubtful about files that can be used. */
async function doubtsAbout(
  { local, msps, tls }: Pick<Reread, "local" | "msps" | "tls">,
  config: Config,
  wallMs: number,
  signer: Signer | undefined,
): Promise<readonly string[]> {
  const usable = msps.filter((msp) => msp !== undefined);
  const doubts = tls ? [...namesMissing(config, tls.cert), ...tlsDoubts(tls, config, wallMs)] : [];
  doubts.push(...usable.flatMap(({ warnings }) => warnings), ...sharedAuthorities(usable));
  if (local?.clockDoubt !== undefined) doubts.push(local.clockDoubt);
  return [...doubts, ...(await findOpenKeys(keyPaths(config, signer)))];
}

function tlsDoubts(tls: TlsCredentials, config: Config, wallMs: number): readonly string[] {
  // That a certificate has expired is told as a problem of the member that runs.
  if ([...tlsNotAfterMs(tls).values()].some((endMs) => endMs <= wallMs)) return [];
  const fault =
    tlsBeginning(tls, wallMs) ?? ownChainFault(tls, config.tls, wallMs) ?? loneRootFault(tls);
  return fault ? [`${fault.message} ${fault.remedy}`] : [];
}

/** What a running node finds when it reads its files again, part by part. */
interface Reread {
  /** Our organisation's and those trusted, in the order of the configuration; undefined: unusable. */
  readonly msps: readonly (Msp | undefined)[];
  /** Our identity and signer; undefined if certificate or key cannot be used. */
  readonly local: LocalMsp | undefined;
  /** Undefined without TLS, and if a file cannot be used. */
  readonly tls: TlsCredentials | undefined;
  readonly problems: string[];
  /** Allowed, but probably not meant, as at a start. */
  readonly warnings: readonly string[];
}

/**
 * Reads the files again. Trust does not depend on our own certificate and key: a revocation list must
 * hold also while these are being replaced, or have expired. Those in force that have expired are told of anyway.
 */
export async function readAgain(
  config: Config,
  wallMs: number,
  inForce: Pick<Credentials, "local" | "tls">,
  signer?: Signer,
): Promise<Reread> {
  const problems: string[] = [];
  const { mspFolder, mspId } = config;
  const times = { wallMs, inForceUntilMs: inForce.local.identity.notAfterMs };
  const local = await collect(problems, loadOwn(config, times, signer));
  const own = local?.msp ?? (await collect([], loadMsp(mspFolder, mspId)));
  const msps: (Msp | undefined)[] = [own];
  for (const trusted of config.fabricGossip.trustedMsps) {
    msps.push(await collect(problems, loadMsp(trusted.path, trusted.mspId)));
  }
  // Files that are used in part may be half written: those in force stay.
  const tls = config.tls.enabled ? await readTls(config.tls, problems) : undefined;
  const doubts = await doubtsAbout({ local, msps, tls }, config, wallMs, signer);
  const expired = tellExpired(tlsNotAfterMs(tls), tlsNotAfterMs(inForce.tls), wallMs);
  problems.push(...expired);
  const usableTls = expired.length > 0 ? undefined : tls;
  return { msps, local, tls: usableTls, problems, warnings: doubts };
}

/** Our MSP, certificate and key. */
export function loadOwn(
  config: Config,
  times: Pick<LocalMspOptions, "wallMs" | "inForceUntilMs">,
  signer?: Signer,
): Promise<LocalMsp> {
  return loadLocalMsp(config.mspFolder, config.mspId, {
    ...times,
    ...(signer ? { signer } : {}),
    ...(config.keystoreFolder ? { keystore: config.keystoreFolder } : {}),
    keyProvider: config.keyProvider,
  });
}

/** Where our private keys are: files, and the folder of the enrolment key unless it is elsewhere. */
export function keyPaths(config: Config, signer?: Signer): readonly string[] {
  const { mspFolder, keystoreFolder, tls, operations } = config;
  const enrolment = signer ? [] : [keystoreFolder ?? join(mspFolder, "keystore")];
  const gossip = tls.enabled ? [tls.keyFile, tls.clientKeyFile] : [];
  const own = operations.tls.enabled ? [operations.tls.keyFile] : [];
  return [...enrolment, ...gossip, ...own].filter((path) => path !== undefined);
}

/** Members of other organisations have TLS certificates of their own TLS CAs. */
export function withTlsRootsOf(trusted: readonly Msp[], tls: TlsCredentials): TlsCredentials {
  // The same files, so that what has been made of them once is used again.
  if (trusted.length === 0) return tls;
  const authorities = trusted.flatMap(({ tlsAuthorities: { roots, intermediates } }) => [
    ...roots,
    ...intermediates,
  ]);
  const pems = authorities.map(({ der }) => Buffer.from(new X509Certificate(der).toString()));
  return {
    ...tls,
    rootCas: [...tls.rootCas, ...pems],
    clientRootCas: [...tls.clientRootCas, ...pems],
  };
}

/** Root CAs that two organisations have in common: mostly one folder is named twice. */
export function sharedAuthorities(msps: readonly Msp[]): readonly string[] {
  const owners = new Map<string, string>();
  return msps.flatMap(({ mspId, roots }) =>
    roots.flatMap(({ der, subject }) => {
      const key = Buffer.from(der).toString("base64");
      const owner = owners.get(key) ?? mspId;
      owners.set(key, owner);
      if (owner === mspId) return [];
      return `${mspId} has the CA of ${owner}, ${subject.text}: whoever it certifies counts in both; check the path of its MSP folder.`;
    }),
  );
}

/** Advertised hosts that the TLS certificate does not name: whoever dials them is refused by TLS. */
export function namesMissing(config: Config, cert: Buffer): readonly string[] {
  const certificate = new X509Certificate(cert);
  const warnings: string[] = [];
  const endpoints = new Map([
    [config.endpoint, "peer.gossip.endpoint"],
    [config.externalEndpoint, "peer.gossip.externalEndpoint"],
  ]);
  for (const [endpoint, key] of endpoints) {
    const host = parseHostPort(endpoint)?.host;
    if (host === undefined || host === "") continue;
    const { subjectAltName } = certificate;
    if (isCertifiedFor(host, subjectAltName)) continue;
    const wanted = `${isIP(host) === 0 ? "DNS" : "IP Address"}:${host}`;
    warnings.push(
      `${key} advertises ${host}, which the TLS certificate does not name ` +
        `(${whatItNames(certificate, host)}): peers that dial it will refuse; ` +
        `${subjectAltName === undefined ? "" : "advertise a name of the certificate, or "}` +
        `have it issued with the subject alternative name ${wanted}.`,
    );
  }
  return warnings;
}

/** What does not count as a name is told, too: people see it there. */
function whatItNames({ subject, subjectAltName }: X509Certificate, host: string): string {
  if (subjectAltName === undefined) {
    const hasCommonName = /^CN=/m.test(subject);
    return `it names nothing${hasCommonName ? ", as a common name does not count" : ""}`;
  }
  const isOtherKind = subjectAltName.split(", ").includes(`DNS:${host}`);
  const why = isOtherKind ? ", and an address counts as IP Address only" : "";
  return `it names ${subjectAltName}${why}`;
}
