/** Doctor: bootstrap and anchor peers. */
import { lookup } from "node:dns/promises";
import { networkInterfaces } from "node:os";
import type { Config } from "../config/config.ts";
import {
  contactFault,
  isOwnEndpoint,
  RESOLVED_CONTACTS_MAX,
  refuseContact,
} from "../core/tables/contacts.ts";
import { parseResolved } from "../lib/bootstrap-name.ts";
import { type HostPort, isUnspecified, parseHostPort } from "../lib/host-port.ts";
import { inOrder } from "../lib/in-order.ts";
import { describeCertificate } from "../msp/describe.ts";
import { createNameService, resolveName } from "../node/name-service.ts";
import { openFilesMax } from "../node/open-files.ts";
import { remedyFor, tellFault } from "../observe/diagnosis/causes.ts";
import { error, type Finding, faultFinding, ok, timeLeft, warning } from "./finding.ts";
import { type EndpointAnswer, type Files, probeEndpoint } from "./probe-endpoint.ts";

/** Endpoints probed in parallel: most of the time is waiting for those that do not answer. */
const PROBES_MAX = 64;
/** Names asked for in parallel. */
const NAMES_MAX = 16;
/** Files that one probe has open at a time, and those of the rest of the process. */
const FILES_OF_PROBE = 4;
const OTHER_FILES = 100;

interface Contacted {
  readonly endpoint: string;
  readonly isBootstrap: boolean;
}

/** Told how many contacts have been examined, and how many there are. */
export type Progress = (done: number, all: number) => void;

/** What contacts are examined with. */
interface Examination {
  readonly config: Config;
  readonly files: Files;
  readonly wallMs: number;
  /** Whether this member runs. */
  readonly isRunning: boolean;
}

/** Dials every bootstrap and anchor peer and shakes hands, as the member would. */
export async function* examineContacts(
  examination: Examination,
  progress: Progress,
): AsyncGenerator<Finding, undefined> {
  const { config } = examination;
  const own = { internalEndpoint: config.endpoint, externalEndpoint: config.externalEndpoint };
  const named = await examineBootstrapNames(config);
  const all: readonly Contacted[] = [
    ...named.endpoints.map((endpoint) => ({ endpoint, isBootstrap: true })),
    ...config.gossip.bootstrap.map((endpoint) => ({ endpoint, isBootstrap: true })),
    ...config.fabricGossip.anchorPeers.map((endpoint) => ({ endpoint, isBootstrap: false })),
  ];
  // Whoever is both is a bootstrap peer, as to the member.
  const once = new Map(all.toReversed().map((one) => [one.endpoint, one]));
  const others = all.filter(
    (one) => once.get(one.endpoint) === one && !isOwnEndpoint(one.endpoint, own),
  );
  if (others.length === 0 && named.findings.length === 0) {
    const message =
      "No bootstrap or anchor peer except this member: it waits for others to contact it.";
    yield ok("bootstrap", message);
    return undefined;
  }
  yield* named.findings;
  let done = 0;
  const examine = async (one: Contacted): Promise<readonly Finding[]> => {
    const found = await contactFindings(examination, one);
    progress(++done, others.length);
    return found;
  };
  for await (const found of inOrder(others, probesWithin(await openFilesMax()), examine))
    yield* found;
  return undefined;
}

/** As many as the process may have open files for, if that is known. */
export function probesWithin(openMax = Number.POSITIVE_INFINITY): number {
  const most = Math.floor((openMax - OTHER_FILES) / FILES_OF_PROBE);
  return Math.max(1, Math.min(PROBES_MAX, most));
}

interface Named {
  readonly findings: readonly Finding[];
  /** As many resolved addresses as a member contacts. */
  readonly endpoints: readonly string[];
}

/** The addresses of bootstrap names. They may be empty before other members run. */
async function examineBootstrapNames({ fabricGossip, listenAddress }: Config): Promise<Named> {
  const { bootstrapNames, nameServers } = fabricGossip;
  const service = createNameService(nameServers);
  const findings: Finding[] = [];
  const endpoints: string[] = [];
  const isHere = hereAt(listenAddress.port);
  const ask = async (name: string) => ({ name, ...(await resolveName(service, name)) });
  for await (const { name, endpoints: found, code } of inOrder(bootstrapNames, NAMES_MAX, ask)) {
    if (code === undefined) {
      findings.push(ok("bootstrap", `${name} leads to ${some(found)}.`));
      endpoints.push(...found.filter((endpoint) => !isHere(endpoint)));
      continue;
    }
    const reason = tellFault({ code: "name-unresolved", detail: code });
    const message = `${name} leads nowhere: ${reason} (name-unresolved).`;
    const finding = warning("bootstrap", message, remedyFor("name-unresolved"));
    findings.push({ ...finding, about: name });
  }
  return { findings, endpoints: [...new Set(endpoints)].slice(0, RESOLVED_CONTACTS_MAX) };
}

/** Whether an endpoint is an address of this machine with our own port. */
function hereAt(ownPort: number): (endpoint: string) => boolean {
  const own = addressesHere();
  return (endpoint) => {
    const { host, port } = parseResolved(endpoint)?.address ?? { host: "", port: 0 };
    return own.has(host) && port === ownPort;
  };
}

function addressesHere(): ReadonlySet<string> {
  const cards = Object.values(networkInterfaces()).flatMap((found) => found ?? []);
  return new Set(cards.map(({ address }) => address));
}

const SHOWN_MAX = 5;

function some(endpoints: readonly string[]): string {
  const more = endpoints.length - SHOWN_MAX;
  return `${endpoints.slice(0, SHOWN_MAX).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/** The first address of the host, or why there is none. */
async function resolveHost(host: string): Promise<{ address: string } | { code: string }> {
  try {
    return await lookup(host);
  } catch (fault) {
    return { code: fault instanceof Error && "code" in fault ? String(fault.code) : "unknown" };
  }
}

async function contactFindings(
  examination: Examination,
  contact: Contacted,
): Promise<readonly Finding[]> {
  const { endpoint, isBootstrap } = contact;
  const check = isBootstrap ? "bootstrap" : "anchor";
  const { host = "", port = 0 } = parseResolved(endpoint)?.address ?? parseHostPort(endpoint) ?? {};
  const found = await resolveHost(host);
  if ("code" in found && parseResolved(endpoint) === undefined) {
    const reason = tellFault({ code: "name-unresolved", detail: found.code });
    const message = `${endpoint} cannot be joined: ${reason} (name-unresolved).`;
    return [{ ...error(check, message, remedyFor("name-unresolved")), about: endpoint }];
  }
  const { config, files, wallMs } = examination;
  const answer = await probeEndpoint(config, endpoint, files);
  const place = { host: "address" in found ? found.address : host, port };
  if (isOurPlace(examination, place, answer)) {
    if (answer.failure?.code === "tls-own")
      return [{ ...answerFinding(examination, contact, answer), status: "warning" }];
    const message = `${endpoint} leads to this member itself, but is none of the endpoints that it has.`;
    return [warning(check, message, "Name another peer there, unless this is the first one.")];
  }
  return [answerFinding(examination, contact, answer), ...clockFindings(answer, wallMs)];
}

/** Whether nobody but this member can be there: nobody is yet, or our own TLS certificate is shown. */
function isOurPlace(
  { config: { listenAddress }, files: { tls } }: Examination,
  { host, port }: HostPort,
  { identity, failure, tls: shown }: EndpointAnswer,
): boolean {
  if (identity !== null || port !== listenAddress.port) return false;
  const own = tls && describeCertificate(tls.cert);
  if (shown !== null) return shown.sha256 === own?.sha256;
  const isHere = isUnspecified(host) || host.startsWith("127.") || addressesHere().has(host);
  return isHere && failure?.code === "unreachable";
}

function answerFinding(
  { config, files: { local }, wallMs, isRunning }: Examination,
  { endpoint, isBootstrap }: Contacted,
  { identity, failure }: EndpointAnswer,
): Finding {
  const check = isBootstrap ? "bootstrap" : "anchor";
  // Whom we must not join, we leave alone, whatever it thinks of us.
  const refusal =
    identity && refuseContact({ isBootstrap }, identity, config.mspId, config.externalEndpoint);
  if (identity === null || (failure && !refusal)) {
    const found = failure ?? { code: "unknown", detail: "nobody answered" };
    const fault = contactFault({ isBootstrap }, found, config.mspId);
    const [code, reason] = [fault.code, tellFault(fault)];
    const who = identity ? `, who answers as ${identity.subject} of ${identity.mspId},` : "";
    const message = `${endpoint}${who} cannot be joined: ${reason} (${code}).`;
    return { ...error(check, message, remedyFor(code) ?? "Look into its log."), about: endpoint };
  }
  if (identity.pkiId === local.identity.pkiId) {
    const isHere = isRunning && parseHostPort(endpoint)?.port === config.listenAddress.port;
    if (isHere) return ok(check, `${endpoint} is this member itself, which is already running.`);
    return faultFinding(check, { code: "same-identity", detail: endpoint });
  }
  if (refusal) {
    const { code } = refusal;
    const message = `${endpoint} cannot be joined: ${tellFault(refusal)} (${code}).`;
    return { ...error(check, message, remedyFor(code)), about: endpoint };
  }
  const left = timeLeft(Date.parse(identity.notAfter), wallMs);
  const { subject, mspId } = identity;
  return ok(
    check,
    `${endpoint} answers as ${subject} of ${mspId}; its certificate expires in ${left}.`,
  );
}

/** Time is not exchanged; only a certificate from the future gives a wrong clock away. */
function clockFindings({ endpoint, tls }: EndpointAnswer, wallMs: number): readonly Finding[] {
  if (tls === null || tls.notBeforeMs <= wallMs) return [];
  const begin = new Date(tls.notBeforeMs).toISOString();
  const message = `The TLS certificate of ${endpoint} begins at ${begin}, in the future: the clock of this machine is slow, or that of its CA is fast.`;
  return [warning("clock", message, "Check the clock of this machine.")];
}
