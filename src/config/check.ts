/** Checks across values that are valid individually: names, files, combinations. */
import { isIPv6 } from "node:net";
import { type HostPort, isUnspecified, parseHostPort } from "../lib/host-port.ts";
import { nearest } from "../lib/nearest.ts";
import { FOLDER_REMEDY, fileFault, fileRemedy, readSmallFile } from "../lib/small-file.ts";
import type { Config } from "./config.ts";
import { withoutEffectInFile } from "./file-keys.ts";
import { ALL_KEYS } from "./keys.ts";
import { GOSSIP_KEYS } from "./keys-gossip.ts";
import { OWN_KEYS } from "./keys-own.ts";
import { KEEPALIVE_KEYS, OPERATIONS_KEYS, PEER_KEYS, TLS_KEYS } from "./keys-peer.ts";
import { meant } from "./meant.ts";
import { envName, type Source } from "./source.ts";

const OWN_PREFIX = "fabricgossip.";
const NAMES = ALL_KEYS.map(({ name }) => name);
const KNOWN = new Set(NAMES.map((name) => name.toLowerCase()));
const OWN_NAMES = NAMES.filter((name) => name.toLowerCase().startsWith(OWN_PREFIX));
/** Unknown names that are told one by one; a file may hold thousands. */
const TOLD_MAX = 20;
/** What Fabric's peers tolerate by default (`peer.keepalive.minInterval`). */
const FABRIC_PING_INTERVAL_MS = 60_000;

/** Refuses names below `fabricGossip` that do not exist; warns of overrides without effect. */
export function checkNames(source: Source, problems: string[], warnings: string[]): void {
  const unknown = source.under(OWN_PREFIX).filter(({ name }) => !KNOWN.has(name));
  for (const { name, origin } of unknown.slice(0, TOLD_MAX)) {
    const outer = ALL_KEYS.find((key) => name.startsWith(`${key.name.toLowerCase()}.`));
    const remedy = outer
      ? `${outer.name} is no map of names, but a ${outer.kind}.`
      : suggest(name, OWN_NAMES);
    problems.push(`${name} (${origin}) is no key of fabric-gossip; ${remedy}`);
  }
  const others = unknown.length - TOLD_MAX;
  if (others > 0) {
    problems.push(`${others} other names below fabricGossip are no keys of it; remove them.`);
  }
  warnings.push(...withoutEffect(source));
}

/** Overrides that are no key of ours, and variables that resemble one: often why a key is missing. */
export function withoutEffect(source: Source): string[] {
  const overrides = source.overridden().flatMap(({ name, origin }) => {
    if (KNOWN.has(name) || name.startsWith(OWN_PREFIX)) return [];
    const ofVariable = NAMES.find((key) => envName(key) === name.toUpperCase());
    const remedy = ofVariable ? `write ${ofVariable}.` : suggest(name, NAMES);
    return `${name} (${origin}) has no effect here; ${remedy}`;
  });
  return [...overrides, ...misspelt(source), ...withoutEffectInFile(source)];
}

/** Variables that resemble ours. Fabric's other keys are ignored. */
function misspelt(source: Source): string[] {
  const variables = source.variables();
  if (variables.length === 0) return [];
  const names = ALL_KEYS.flatMap(({ name, env }) => [envName(name), ...env]);
  const known = new Set(names);
  return variables.flatMap((variable) => {
    if (known.has(variable) || variable.startsWith(envName(OWN_PREFIX))) return [];
    const name = variable.trim();
    // As from "NAME = value" in the list form of a Compose file.
    if (known.has(name)) return `${name} has no effect: remove the blanks around its =.`;
    const found = meant(name.toUpperCase(), names);
    return found === undefined ? [] : `${name} has no effect; did you mean ${found}?`;
  });
}

function suggest(name: string, candidates: readonly string[]): string {
  const found = nearest(name, candidates);
  return found === undefined ? "remove it." : `did you mean ${found}?`;
}

/** A file that TLS needs; `file` is undefined if the configuration does not name it. */
interface WantedFile {
  readonly name: string;
  readonly file: string | undefined;
}

/**
 * Checks that every file TLS needs is named, is a file and can be read. Contents come later. Returns
 * the files for which that is not so.
 */
export async function checkFiles(config: Config, problems: string[]): Promise<ReadonlySet<string>> {
  const faulty = new Set<string>();
  const wanted = [...gossipTlsFiles(config.tls), ...operationsTlsFiles(config.operations)];
  for (const { name, file } of wanted) {
    if (file === undefined) {
      problems.push(`${name} is not set although TLS is enabled; name a PEM file.`);
      continue;
    }
    const fault = await readFault(file);
    if (fault === undefined) continue;
    faulty.add(file);
    const [why, remedy] = fault;
    const instead = /[*?]/.test(file)
      ? "name each file, since patterns are not expanded, by Fabric neither"
      : remedy;
    problems.push(`${name} names ${file}, which ${why}; ${instead}.`);
  }
  return faulty;
}

function gossipTlsFiles(tls: Config["tls"]): WantedFile[] {
  if (!tls.enabled) return [];
  const wanted: WantedFile[] = [
    { name: TLS_KEYS.certFile.name, file: tls.certFile },
    { name: TLS_KEYS.keyFile.name, file: tls.keyFile },
  ];
  // By default these equal the pair above.
  if (tls.clientCertFile !== tls.certFile && tls.clientKeyFile !== tls.keyFile) {
    wanted.push({ name: TLS_KEYS.clientCertFile.name, file: tls.clientCertFile });
    wanted.push({ name: TLS_KEYS.clientKeyFile.name, file: tls.clientKeyFile });
  }
  if (tls.rootCertFile !== undefined) {
    wanted.push({ name: TLS_KEYS.rootCertFile.name, file: tls.rootCertFile });
  }
  const clientCas = tls.clientAuthRequired ? tls.clientRootCaFiles : [];
  return [...wanted, ...clientCas.map((file) => ({ name: TLS_KEYS.clientRootCaFiles.name, file }))];
}

function operationsTlsFiles({ listenAddress, tls }: Config["operations"]): WantedFile[] {
  if (listenAddress === undefined || !tls.enabled) return [];
  return [
    { name: OPERATIONS_KEYS.certFile.name, file: tls.certFile },
    { name: OPERATIONS_KEYS.keyFile.name, file: tls.keyFile },
    ...tls.clientRootCaFiles.map((file) => ({
      name: OPERATIONS_KEYS.clientRootCaFiles.name,
      file,
    })),
  ];
}

/** No PEM that TLS needs is longer. */
const FILE_BYTES_MAX = 1_048_576;

/** Why a file cannot be read, and the remedy. */
async function readFault(file: string): Promise<readonly [string, string] | undefined> {
  const outcome = await readSmallFile(file, FILE_BYTES_MAX);
  if (typeof outcome !== "string") return undefined;
  const remedy = outcome === "EISDIR" ? `name a file, or ${FOLDER_REMEDY}` : fileRemedy(outcome);
  return [fileFault(outcome), remedy ?? "correct the path"];
}

/** Refuses impossible combinations and warns of probable mistakes. */
export function checkTogether(config: Config, problems: string[], warnings: string[]): void {
  checkTimers(config, problems, warnings);
  checkListening(config, problems);
  checkEndpoints(config, warnings);
  checkTrust(config, problems, warnings);
  if (config.keepalive.clientIntervalMs < FABRIC_PING_INTERVAL_MS) {
    const { name } = KEEPALIVE_KEYS.clientIntervalMs;
    warnings.push(`${name} is below 60s; Fabric's peers disconnect whoever pings more often.`);
  }
  checkChannels(config, problems);
}

function checkChannels({ fabricGossip: { channels, stateDir } }: Config, problems: string[]): void {
  if (stateDir !== undefined) return;
  const { name: key } = OWN_KEYS.channels;
  for (const { name, blocks } of channels) {
    if (blocks !== "keep") continue;
    problems.push(
      `${key} keeps the blocks of ${name}, for which ${OWN_KEYS.stateDir.name} must name a folder.`,
    );
  }
}

function checkTimers({ gossip }: Config, problems: string[], warnings: string[]): void {
  const { aliveExpiryMs, aliveIntervalMs, messageExpiryFactor, forgetAfterMs } = gossip;
  if (aliveExpiryMs < 2 * aliveIntervalMs) {
    // Fabric starts with any pair; below one interval no member would ever be alive.
    const found = aliveExpiryMs > aliveIntervalMs ? warnings : problems;
    found.push(
      `${GOSSIP_KEYS.aliveExpiryMs.name} (${aliveExpiryMs} ms) is less than twice ` +
        `${GOSSIP_KEYS.aliveIntervalMs.name} (${aliveIntervalMs} ms), so that one lost ` +
        "heartbeat would kill a member; raise the first or lower the second.",
    );
  }
  if (aliveExpiryMs * messageExpiryFactor > forgetAfterMs) {
    warnings.push(
      `${GOSSIP_KEYS.aliveExpiryMs.name} times ${GOSSIP_KEYS.messageExpiryFactor.name} is more ` +
        "than 24 days, after which a dead member is forgotten here at the latest.",
    );
  }
  if (gossip.pullIntervalMs <= gossip.digestWaitMs + gossip.responseWaitMs) {
    warnings.push(
      `${GOSSIP_KEYS.pullIntervalMs.name} should be more than ${GOSSIP_KEYS.digestWaitMs.name} ` +
        `and ${GOSSIP_KEYS.responseWaitMs.name} together, or pulls overlap.`,
    );
  }
  if (gossip.requestWaitMs <= gossip.digestWaitMs) {
    warnings.push(
      `${GOSSIP_KEYS.requestWaitMs.name} should be more than ${GOSSIP_KEYS.digestWaitMs.name}, ` +
        "or requests of other peers come too late.",
    );
  }
}

function checkListening({ listenAddress, operations }: Config, problems: string[]): void {
  const { listenAddress: other } = operations;
  if (other === undefined || other.port === 0 || other.port !== listenAddress.port) return;
  const isEverywhere = ({ host }: HostPort): boolean => host === "" || isUnspecified(host);
  const isOne = listenAddress.host === other.host;
  if (!isOne && !isEverywhere(listenAddress) && !isEverywhere(other)) return;
  problems.push(
    `${PEER_KEYS.listenAddress.name} and ${OPERATIONS_KEYS.listenAddress.name} both take port ` +
      `${other.port}; choose another one for one of them.`,
  );
}

function checkEndpoints(config: Config, warnings: string[]): void {
  const named = [
    [GOSSIP_KEYS.endpoint.name, config.endpoint],
    [GOSSIP_KEYS.externalEndpoint.name, config.externalEndpoint],
  ] as const;
  for (const [name, endpoint] of named) {
    if (!isUnspecified(parseHostPort(endpoint)?.host ?? "")) continue;
    warnings.push(`${name} is ${endpoint}, which nobody can dial; name a reachable host.`);
  }
  if (isIPv6(parseHostPort(config.endpoint)?.host ?? "")) {
    warnings.push(
      `${GOSSIP_KEYS.endpoint.name} is ${config.endpoint}; Fabric's own peers refuse an IPv6 ` +
        "address there, so a host name is safer.",
    );
  }
  const { anchorPeers, trustedMsps } = config.fabricGossip;
  if (config.externalEndpoint === "" && anchorPeers.length + trustedMsps.length > 0) {
    warnings.push(
      `${GOSSIP_KEYS.externalEndpoint.name} is empty, so other organisations will not learn of ` +
        "this node; give the host:port under which they reach it.",
    );
  }
}

function checkTrust(config: Config, problems: string[], warnings: string[]): void {
  const { name } = OWN_KEYS.trustedMsps;
  const seen = new Set([config.mspId]);
  for (const { mspId } of config.fabricGossip.trustedMsps) {
    if (mspId === config.mspId) {
      problems.push(`${name} lists our own ${mspId}, whose folder is set elsewhere; remove it.`);
    } else if (seen.has(mspId)) {
      problems.push(`${name} lists ${mspId} twice; keep one folder for each organisation.`);
    }
    seen.add(mspId);
  }
  if (!config.tls.enabled) {
    warnings.push(
      `${TLS_KEYS.enabled.name} is false: connections are neither encrypted nor bound to an ` +
        "identity; use that for experiments only.",
    );
  } else if (config.tls.rootCertFile === undefined) {
    warnings.push(
      `${TLS_KEYS.rootCertFile.name} is not set, so that only CAs of followed channels are ` +
        "trusted when dialling.",
    );
  }
}
