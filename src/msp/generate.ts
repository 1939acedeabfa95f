import { rename, rm, stat } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import { GossipError } from "../lib/errors.ts";
import { makeFolder } from "../lib/make-folder.ts";
import {
  type Authority,
  generateKeyPair,
  issueCertificate,
  parseForIssuing,
} from "./generate-certificate.ts";
import {
  type AuthorityFiles,
  CONFIG_FILE,
  certFileName,
  type MemberFolder,
  memberFolder,
  type OrganisationFolder,
  type OrganisationKind,
  organisationFolder,
  writeKey,
  writePem,
  writeText,
} from "./generate-folder.ts";

export interface OrganisationOptions {
  /** The organisation goes to `peerOrganizations/DOMAIN` in here. */
  readonly folder: string;
  /** `org1.example.com`. */
  readonly domain: string;
  /** Default `peer`; `orderer`: it goes to `ordererOrganizations/DOMAIN`, its `peers` are orderers. */
  readonly kind?: OrganisationKind;
  /** How many peers (peer0, peer1, ...), or their host names; at most 1_000. */
  readonly peers: number | readonly string[];
  /** Users besides Admin: User1, User2, ...; 0 to 1_000, default 1. */
  readonly users?: number;
  /** DNS names and IP addresses in every peer's TLS certificate besides its own; default none. */
  readonly sans?: readonly string[];
  /** Now, in milliseconds since the epoch. Certificates begin five minutes earlier. */
  readonly nowMs: number;
  /** How long certificates of members are valid; milliseconds, default 10 years. CAs: 10 years. */
  readonly validityMs?: number;
}

/** Paths of the generated files. */
export interface GeneratedOrganisation extends OrganisationFolder {
  readonly peers: readonly MemberFolder[];
  /** Users in order, then Admin. */
  readonly users: readonly MemberFolder[];
}

const MINUTE_MS = 60_000;
export const TEN_YEARS_MS = 3_650 * 24 * 60 * MINUTE_MS;
const MEMBERS_MAX = 1_000;
const HOST_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}))*$/;

/**
 * Makes an organisation with two CAs, peers, users and an admin: files, names, certificates and
 * modes as `cryptogen generate` (Fabric 2.5, `EnableNodeOUs: true`) makes them. The folder appears
 * when everything is in it. Throws `config-invalid` for wrong options or if it exists already.
 */
export async function generateOrganisation(
  options: OrganisationOptions,
): Promise<GeneratedOrganisation> {
  const problems = await organisationProblems(options);
  if (problems.length > 0) throw new GossipError("config-invalid", problems);
  const hosts = hostsOf(options.peers);
  const { parent, final } = placeOf(options);
  const draft = join(parent, `.${options.domain}.new`);
  await rm(draft, { recursive: true, force: true });
  try {
    await fillOrganisation(describe(draft, options, hosts), options);
    await rename(draft, final);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return describe(final, options, hosts);
}

function placeOf({ folder, domain, kind = "peer" }: OrganisationOptions) {
  const parent = join(folder, `${kind}Organizations`);
  return { parent, final: join(parent, domain) };
}

function hostsOf(peers: number | readonly string[]): readonly string[] {
  if (typeof peers !== "number") return peers;
  return Array.from({ length: isCount(peers) ? peers : 0 }, (_, index) => `peer${index}`);
}

function isCount(members: number): boolean {
  return Number.isInteger(members) && members >= 0 && members <= MEMBERS_MAX;
}

/** All that keeps the organisation from being made. */
export async function organisationProblems(
  options: OrganisationOptions,
): Promise<readonly string[]> {
  const { final } = placeOf(options);
  const there = (await exists(final))
    ? [`${final} exists already; remove it or choose another folder.`]
    : [];
  return [...optionProblems(options), ...there];
}

function optionProblems(options: OrganisationOptions): string[] {
  const { domain, peers, users = 1, sans = [], validityMs = TEN_YEARS_MS } = options;
  const hosts = hostsOf(peers);
  const problems: string[] = [];
  if (typeof peers === "number" && !isCount(peers)) {
    problems.push(`${peers} peers cannot be made; ask for 0 to ${MEMBERS_MAX}.`);
  }
  for (const name of [domain, ...hosts]) {
    if (HOST_NAME.test(name) && name.length <= 200) continue;
    problems.push(`"${name}" is no host name; use letters, digits, "-" and ".".`);
  }
  for (const name of sans) {
    if (isIP(name) !== 0 || HOST_NAME.test(name.replace(/^\*\./, ""))) continue;
    problems.push(`"${name}" is neither a host name nor an IP address; correct it.`);
  }
  if (new Set(hosts).size < hosts.length) {
    problems.push("Two peers have the same name; give each its own.");
  }
  if (hosts.length > MEMBERS_MAX || !isCount(users)) {
    problems.push(`More than ${MEMBERS_MAX} peers or users cannot be made; ask for fewer.`);
  }
  if (!(validityMs > 0 && validityMs <= TEN_YEARS_MS)) {
    problems.push(`A validity of ${validityMs} ms is out of range; use up to 10 years.`);
  }
  return problems;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function describe(
  folder: string,
  { domain, users = 1, kind }: OrganisationOptions,
  hosts: readonly string[],
): GeneratedOrganisation {
  const organisation = organisationFolder(folder, domain, kind);
  const { peersFolder, usersFolder } = organisation;
  const userNames = [...Array.from({ length: users }, (_, index) => `User${index + 1}`), "Admin"];
  return {
    ...organisation,
    peers: hosts.map((host) => memberFolder(peersFolder, `${host}.${domain}`, "server")),
    users: userNames.map((name) => memberFolder(usersFolder, `${name}@${domain}`, "client")),
  };
}

/** Properties shared by all certificates of one organisation. */
interface Issuers {
  readonly ca: Authority;
  readonly tlsCa: Authority;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

async function fillOrganisation(
  organisation: GeneratedOrganisation,
  { domain, kind = "peer", nowMs, sans = [], validityMs = TEN_YEARS_MS }: OrganisationOptions,
): Promise<void> {
  const notBeforeMs = beginOfValidity(nowMs);
  const issuers: Issuers = {
    ca: await createAuthority(organisation.ca, domain, notBeforeMs),
    tlsCa: await createAuthority(organisation.tlsCa, domain, notBeforeMs),
    notBeforeMs,
    notAfterMs: endOfValidity(nowMs, validityMs),
  };
  await writeVerifyingMsp(organisation.mspFolder, organisation, issuers);
  for (const peer of organisation.peers) {
    const host = peer.name.slice(0, -(domain.length + 1));
    await writeMember(peer, kind, [peer.name, host, ...sans], organisation, issuers);
  }
  for (const user of organisation.users) {
    const unit = user.name.startsWith("Admin@") ? "admin" : "client";
    await writeMember(user, unit, [], organisation, issuers);
  }
}

/** Five minutes before the nearest full minute, so that clocks may differ a little (cryptogen). */
export function beginOfValidity(nowMs: number): number {
  return Math.round(nowMs / MINUTE_MS) * MINUTE_MS - 5 * MINUTE_MS;
}

/** Expiry after this duration, but not after the CAs expire. */
export function endOfValidity(nowMs: number, validityMs: number): number {
  return Math.min(nowMs + validityMs, beginOfValidity(nowMs) + TEN_YEARS_MS);
}

async function createAuthority(
  files: AuthorityFiles,
  organisation: string,
  notBeforeMs: number,
): Promise<Authority> {
  const { privateKey, publicKey } = generateKeyPair();
  const notAfterMs = notBeforeMs + TEN_YEARS_MS;
  const request = { organisation, commonName: files.name, publicKey, notBeforeMs, notAfterMs };
  const der = issueCertificate({ ...request, purpose: "ca" }, { privateKey });
  await writeKey(files.keyFile, privateKey);
  await writePem(files.certFile, "CERTIFICATE", der);
  return { certificate: parseForIssuing(der), privateKey };
}

/** The public part of an MSP folder. `admincerts` stays empty with NodeOUs. */
async function writeVerifyingMsp(
  mspFolder: string,
  { ca, tlsCa }: OrganisationFolder,
  issuers: Issuers,
): Promise<void> {
  const caFile = `cacerts/${certFileName(ca.name)}`;
  const tlsCaFile = `tlscacerts/${certFileName(tlsCa.name)}`;
  await makeFolder(join(mspFolder, "admincerts"));
  await writePem(join(mspFolder, caFile), "CERTIFICATE", derOf(issuers.ca));
  await writePem(join(mspFolder, tlsCaFile), "CERTIFICATE", derOf(issuers.tlsCa));
  const rules = ["Client", "Peer", "Admin", "Orderer"].map(
    (role) =>
      `  ${role}OUIdentifier:\n    Certificate: ${caFile}\n` +
      `    OrganizationalUnitIdentifier: ${role.toLowerCase()}\n`,
  );
  const config = `NodeOUs:\n  Enable: true\n${rules.join("")}`;
  await writeText(join(mspFolder, CONFIG_FILE), config);
}

async function writeMember(
  member: MemberFolder,
  unit: string,
  alternativeNames: readonly string[],
  organisation: OrganisationFolder,
  issuers: Issuers,
): Promise<void> {
  const { ca, tlsCa, notBeforeMs, notAfterMs } = issuers;
  await writeVerifyingMsp(member.mspFolder, organisation, issuers);
  const request = { commonName: member.name, notBeforeMs, notAfterMs };
  const enrolment = generateKeyPair();
  await writeKey(member.keyFile, enrolment.privateKey);
  const enrolmentRequest = { ...request, unit, publicKey: enrolment.publicKey };
  const der = issueCertificate({ ...enrolmentRequest, purpose: "enrolment" }, ca);
  await writePem(member.certFile, "CERTIFICATE", der);

  const tls = generateKeyPair();
  await writeKey(member.tlsKeyFile, tls.privateKey);
  const tlsRequest = { ...request, alternativeNames, publicKey: tls.publicKey };
  const tlsDer = issueCertificate({ ...tlsRequest, purpose: "tls" }, tlsCa);
  await writePem(member.tlsCertFile, "CERTIFICATE", tlsDer);
  await writePem(member.tlsCaFile, "CERTIFICATE", derOf(tlsCa));
}

function derOf({ certificate }: Authority): Uint8Array {
  return new Uint8Array(certificate.toSchema().toBER());
}
