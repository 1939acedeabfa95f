/** Doctor: host names, ports and contacts. */
import { lookup } from "node:dns/promises";
import { createServer } from "node:net";
import type { Config } from "../config/config.ts";
import { contactFault, isOwnEndpoint, refuseContact } from "../core/tables/contacts.ts";
import type { Fault } from "../core/types/event.ts";
import { formatHostPort, type HostPort, isUnspecified, parseHostPort } from "../lib/host-port.ts";
import type { Credentials } from "../node/load-credentials.ts";
import { remedyFor, tellFault } from "../observe/diagnosis/causes.ts";
import { error, type Finding, ok, timeLeft, warning } from "./finding.ts";
import { type Answer, probeEndpoint } from "./probe-endpoint.ts";

/** Endpoints probed at a time. */
const PROBES_MAX = 8;

type Files = Pick<Credentials, "local" | "trusted" | "tls">;

/** Whether the names that we give out lead somewhere, and fit what we listen on. */
export async function examineNames(config: Config): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const endpoint of new Set([config.endpoint, config.externalEndpoint])) {
    const address = parseHostPort(endpoint);
    if (address === undefined || address.host === "" || isUnspecified(address.host)) continue;
    findings.push(await nameFinding(endpoint, address.host));
    const { port } = config.listenAddress;
    if (address.port === port || port === 0) continue;
    const message = `We advertise ${endpoint}, but listen on port ${port}.`;
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
  const message = `The host of ${endpoint}, which we advertise, does not resolve on this machine (${found.code}).`;
  return warning("dns", message, "Make sure that it resolves for the other members.");
}

async function resolve(host: string): Promise<string | { readonly code: string }> {
  try {
    return (await lookup(host)).address;
  } catch (fault) {
    return { code: fault instanceof Error && "code" in fault ? String(fault.code) : "unknown" };
  }
}

/** Whether we could listen. `files`: to find out if it is we who listen already. */
export async function examinePorts(
  config: Config,
  files: Files | undefined,
): Promise<{ readonly findings: readonly Finding[]; readonly isRunning: boolean }> {
  const { listenAddress, operations } = config;
  const gossip = await portFault(listenAddress);
  const isInUse = gossip === "EADDRINUSE" && files !== undefined;
  const isRunning = isInUse && (await isOurselves(config, files));
  const running = files === undefined ? undefined : isRunning;
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
  // By its own address or the one it advertises, whichever the TLS certificate names.
  for (const candidate of [config.endpoint, endpoint]) {
    const { identity } = await probeEndpoint(config, candidate, files).catch(() => NOBODY);
    if (identity?.pkiId === files.local.identity.pkiId) return true;
  }
  return false;
}

const NOBODY: Pick<Answer, "identity"> = { identity: null };

function portFinding(
  check: string,
  listen: HostPort,
  fault: string | undefined,
  /** Undefined: nobody could be asked, as our own files are not in order. */
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

interface Contacted {
  readonly endpoint: string;
  readonly isBootstrap: boolean;
}

/** Dials every bootstrap and anchor peer and shakes hands, as the member would. */
export async function examineContacts(
  config: Config,
  files: Files,
  wallMs: number,
  isRunning: boolean,
): Promise<readonly Finding[]> {
  const own = { internalEndpoint: config.endpoint, externalEndpoint: config.externalEndpoint };
  const all: Contacted[] = [
    ...config.gossip.bootstrap.map((endpoint) => ({ endpoint, isBootstrap: true })),
    ...config.fabricGossip.anchorPeers.map((endpoint) => ({ endpoint, isBootstrap: false })),
  ];
  const others = all.filter(({ endpoint }) => !isOwnEndpoint(endpoint, own));
  if (others.length === 0) {
    const message =
      "No bootstrap or anchor peer except this member: it waits for others to contact it.";
    return [ok("bootstrap", message)];
  }
  const findings: Finding[] = [];
  for (let i = 0; i < others.length; i += PROBES_MAX) {
    const batch = others.slice(i, i + PROBES_MAX);
    const found = await Promise.all(
      batch.map((one) => contactFindings(config, files, one, wallMs, isRunning)),
    );
    findings.push(...found.flat());
  }
  return findings;
}

async function contactFindings(
  config: Config,
  files: Files,
  contact: Contacted,
  wallMs: number,
  isRunning: boolean,
): Promise<readonly Finding[]> {
  const { endpoint, isBootstrap } = contact;
  const check = isBootstrap ? "bootstrap" : "anchor";
  const host = parseHostPort(endpoint)?.host ?? "";
  const found = await resolve(host);
  if (typeof found !== "string") {
    const message = `The host of ${endpoint} does not resolve (${found.code}).`;
    return [
      error(check, message, "Correct the name, or configure a name server that resolves it."),
    ];
  }
  const answer = await probeEndpoint(config, endpoint, files);
  const finding = answerFinding(config, files, contact, answer, wallMs, isRunning);
  return [finding, ...clockFindings(answer, wallMs)];
}

function answerFinding(
  config: Config,
  { local }: Files,
  { endpoint, isBootstrap }: Contacted,
  { identity, failure }: Answer,
  wallMs: number,
  isRunning: boolean,
): Finding {
  const check = isBootstrap ? "bootstrap" : "anchor";
  if (identity === null || failure) {
    const found = failure ?? { code: "unknown", detail: "nobody answered" };
    const fault = contactFault({ isBootstrap }, found, config.mspId);
    const [code, reason] = [fault.code, tellFault(fault)];
    const who = identity ? `, who answers as ${identity.subject} of ${identity.mspId},` : "";
    const message = `${endpoint}${who} cannot be joined: ${reason} (${code}).`;
    return error(check, message, remedyFor(code) ?? "Look into its log.");
  }
  if (identity.pkiId === local.identity.pkiId) {
    const isHere = isRunning && parseHostPort(endpoint)?.port === config.listenAddress.port;
    if (isHere) return ok(check, `${endpoint} is this member itself, which is already running.`);
    return faultFinding(check, { code: "same-identity", detail: endpoint });
  }
  const refusal = refuseContact({ isBootstrap }, identity, config.mspId, config.externalEndpoint);
  if (refusal !== undefined) {
    const { code } = refusal;
    const message = `${endpoint} cannot be joined: ${tellFault(refusal)} (${code}).`;
    return error(check, message, remedyFor(code));
  }
  const left = timeLeft(Date.parse(identity.notAfter), wallMs);
  const { subject, mspId } = identity;
  return ok(
    check,
    `${endpoint} answers as ${subject} of ${mspId}; its certificate expires in ${left}.`,
  );
}

function faultFinding(check: string, fault: Fault): Finding {
  const sentence = tellFault(fault);
  const message = `${sentence.slice(0, 1).toUpperCase()}${sentence.slice(1)} (${fault.code}).`;
  return error(check, message, remedyFor(fault.code));
}

/**
 * Who answers at the endpoints that we advertise. Nobody is no fault: before the start that is right,
 * and many cannot reach themselves by the address that others use.
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

/** Time is not exchanged; only a certificate from the future gives a wrong clock away. */
function clockFindings({ endpoint, tls }: Answer, wallMs: number): readonly Finding[] {
  if (tls === null || tls.notBeforeMs <= wallMs) return [];
  const begin = new Date(tls.notBeforeMs).toISOString();
  const message = `The TLS certificate of ${endpoint} begins at ${begin}, in the future: the clock of this machine is slow, or that of its CA is fast.`;
  return [warning("clock", message, "Check the clock of this machine.")];
}
