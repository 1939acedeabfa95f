/** Doctor: our own host names and ports. */
import { lookup } from "node:dns/promises";
import { createServer } from "node:net";
import type { Config } from "../config/config.ts";
import { formatHostPort, type HostPort, isUnspecified, parseHostPort } from "../lib/host-port.ts";
import { tellFault } from "../observe/diagnosis/causes.ts";
import { error, type Finding, faultFinding, ok, warning } from "./finding.ts";
import { type EndpointAnswer, type Files, probeEndpoint } from "./probe-endpoint.ts";

/** Whether advertised names resolve and match the listen address. */
export async function examineNames(config: Config): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const endpoint of new Set([config.endpoint, config.externalEndpoint])) {
    const address = parseHostPort(endpoint);
    if (address === undefined || address.host === "" || isUnspecified(address.host)) continue;
    findings.push(await nameFinding(endpoint, address.host));
    const { port } = config.listenAddress;
    if (address.port === port) continue;
    const where = port === 0 ? "any free port" : `port ${port}`;
    const message = `We advertise ${endpoint}, but listen on ${where}.`;
    findings.push(
      warning(
        "endpoint",
        message,
        "Correct one of them, unless a port mapping explains the difference.",
      ),
    );
  }
  return findings;
}

async function nameFinding(endpoint: string, host: string): Promise<Finding> {
  const found = await resolve(host);
  if (typeof found === "string") return ok("dns", `${endpoint} resolves to ${found}.`);
  const reason = tellFault({ code: "name-unresolved", detail: found.code });
  const message = `The host of ${endpoint}, which we advertise, does not resolve on this machine: ${reason}.`;
  return warning("dns", message, "Make sure that it resolves for the other members.");
}

async function resolve(host: string): Promise<string | { readonly code: string }> {
  try {
    return (await lookup(host)).address;
  } catch (fault) {
    return { code: fault instanceof Error && "code" in fault ? String(fault.code) : "unknown" };
  }
}

/**
 * Whether we could listen. `files`: to recognise that we are already listening. `isCertain`: whether
 * these files would let us, so that nobody is ourselves who does not prove it.
 */
export async function examinePorts(
  config: Config,
  files: Files | undefined,
  isCertain: boolean,
): Promise<{ readonly findings: readonly Finding[]; readonly isRunning: boolean }> {
  const { listenAddress, operations } = config;
  const gossip = await portFault(listenAddress);
  const isInUse = gossip === "EADDRINUSE" && files !== undefined;
  const isRunning = isInUse && (await isOurselves(config, files));
  const running = isRunning || (files !== undefined && isCertain) ? isRunning : undefined;
  const findings = [portFinding("port", listenAddress, gossip, running, "peer.listenAddress")];
  if (operations.listenAddress !== undefined) {
    const fault = await portFault(operations.listenAddress);
    const key = "operations.listenAddress";
    findings.push(portFinding("port", operations.listenAddress, fault, running, key));
  }
  return { findings, isRunning };
}

function portFault({ host, port }: HostPort): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (fault: NodeJS.ErrnoException) => resolve(fault.code ?? fault.message));
    server.listen(port, host || undefined, () => server.close(() => resolve(undefined)));
  });
}

async function isOurselves(config: Config, files: Files): Promise<boolean> {
  const { host, port } = config.listenAddress;
  const isAnywhere = host === "" || isUnspecified(host);
  const endpoint = formatHostPort({ host: isAnywhere ? "127.0.0.1" : host, port });
  // Its own or its advertised address, whichever the TLS certificate names.
  for (const candidate of new Set([config.endpoint, endpoint])) {
    const { identity } = await probeEndpoint(config, candidate, files).catch(() => NOBODY);
    if (identity?.pkiId === files.local.identity.pkiId) return true;
  }
  return false;
}

const NOBODY: Pick<EndpointAnswer, "identity"> = { identity: null };

function portFinding(
  check: string,
  listen: HostPort,
  fault: string | undefined,
  /** Undefined: our own files are faulty, so we cannot ask. */
  isRunning: boolean | undefined,
  key: string,
): Finding {
  const where = formatHostPort(listen);
  if (fault === undefined) return ok(check, `${where} (${key}) is free to listen on.`);
  if (fault === "EADDRINUSE" && isRunning) {
    return ok(check, `${where} (${key}) is in use by this member, which is already running.`);
  }
  if (fault === "EADDRINUSE" && isRunning === undefined) {
    const message = `${where} (${key}) is in use: by this member, if it runs already.`;
    return warning(check, message, `If it does not, stop what uses it, or choose another ${key}.`);
  }
  const remedies: Readonly<Record<string, string>> = {
    EADDRINUSE: `Stop the process that uses it, or choose another ${key}.`,
    EADDRNOTAVAIL: `Choose an address of this machine for ${key}.`,
    EACCES: `Choose a port above 1023 for ${key}, or allow this user to listen there.`,
  };
  const remedy = remedies[fault] ?? `Correct ${key}.`;
  return error(check, `${where} (${key}) cannot be listened on (${fault}).`, remedy);
}

/**
 * The peers that answer at our advertised endpoints. No answer is no fault: before the start it is
 * expected, and many hosts cannot reach their own public address.
 */
export async function examineOwnEndpoints(
  config: Config,
  files: Files,
  isRunning: boolean,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const isDialable = (endpoint: string): boolean => {
    const { host, port } = parseHostPort(endpoint) ?? { host: "", port: 0 };
    return host !== "" && port !== 0 && !isUnspecified(host);
  };
  for (const endpoint of new Set([config.endpoint, config.externalEndpoint])) {
    if (!isDialable(endpoint)) continue;
    const { identity } = await probeEndpoint(config, endpoint, files);
    if (identity === null) continue;
    const { pkiId, subject, mspId } = identity;
    if (pkiId !== files.local.identity.pkiId) {
      const detail = `${endpoint}: ${subject} of ${mspId}`;
      findings.push(faultFinding("endpoint", { code: "endpoint-taken", detail }));
    } else if (!isRunning) {
      findings.push(faultFinding("endpoint", { code: "same-identity", detail: endpoint }));
    } else
      findings.push(ok("endpoint", `${endpoint} leads to this member, which is already running.`));
  }
  return findings;
}
