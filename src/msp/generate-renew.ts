/** New certificates for a peer and revocation of old ones, in folders as cryptogen makes them. */
import { X509Certificate } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { collect } from "../lib/collect.ts";
import { GossipError, reasonOf } from "../lib/errors.ts";
import { codeOf, faultAt, fileFault, fileReason, readSmallFile } from "../lib/small-file.ts";
import { holdingFolder } from "./folder-lock.ts";
import { beginOfValidity, endOfValidity, TEN_YEARS_MS } from "./generate.ts";
import {
  type Authority,
  generateKeyPair,
  issueCertificate,
  issueRevocationList,
  parseForIssuing,
  parsePkijsRevocationList,
} from "./generate-certificate.ts";
import {
  type AuthorityFiles,
  FILE_BYTES_MAX,
  type MemberFolder,
  memberFolder,
  type OrganisationFolder,
  organisationFolder,
  readAuthority,
  readNamedFile,
  writeKey,
  writePem,
} from "./generate-folder.ts";
import { decodePem } from "./pem.ts";
import { plainCertificates } from "./plain-pem.ts";
import { whyNoPem } from "./unusable.ts";

interface RenewOptions {
  /** The folder of the organisation, `.../peerOrganizations/org1.example.com`. */
  readonly organisationFolder: string;
  /** Host name or full name of the peer: `peer0` or `peer0.org1.example.com`. */
  readonly peer: string;
  /** Whether its TLS certificate is renewed too, with the same names in it; default false. */
  readonly tls?: boolean;
  /** Now, in milliseconds since the epoch. */
  readonly nowMs: number;
  /** Milliseconds; default 10 years. */
  readonly validityMs?: number;
  /** What is wrong otherwise: thrown with what is wrong here. */
  readonly problems?: readonly string[];
}

interface RevokeOptions {
  /** The folder of the organisation. */
  readonly organisationFolder: string;
  /** PEM file of the enrolment certificate to revoke, usually one in some `signcerts`. */
  readonly certFile: string;
  /** Now, in milliseconds since the epoch. */
  readonly nowMs: number;
}

const LIST_FILE = join("crls", "crl.pem");

/**
 * Gives a peer a new key and certificate; its PKI-ID changes, the old certificate stays valid until
 * it expires or is revoked. Throws `msp-invalid`, with every problem, if the folders are not as expected,
 * or a CA is not valid now; then nothing is written.
 */
export function renewPeerCertificate(options: RenewOptions): Promise<MemberFolder> {
  return holdingFolder(options.organisationFolder, () => renew(options));
}

async function renew(options: RenewOptions): Promise<MemberFolder> {
  const { organisationFolder: folder, nowMs, tls = false } = options;
  const problems = [...(options.problems ?? [])];
  const organisation = await openOrganisation(folder, problems);
  const isFull = options.peer.endsWith(`.${organisation.domain}`);
  const name = isFull ? options.peer : `${options.peer}.${organisation.domain}`;
  const peer = memberFolder(organisation.peersFolder, name, "server");
  const read = <T>(part: () => Promise<T>) => collect(problems, explain(folder, part));
  const ca = await read(() => readIssuer(organisation.ca, nowMs));
  const tlsCa = tls ? await read(() => readIssuer(organisation.tlsCa, nowMs)) : undefined;
  const isThere = await read(() => checkPeer(organisation, peer));
  const names = tls && isThere ? await read(() => namesInTls(peer)) : [];
  if (ca === undefined || names === undefined || problems.length > 0) throw misused(problems);
  return explain(folder, async () => {
    await renewEnrolment(peer, ca, options);
    if (tlsCa !== undefined) await renewTls(peer, names, tlsCa, options);
    return peer;
  });
}

function misused(problems: readonly string[]): GossipError {
  return new GossipError("msp-invalid", problems);
}

/** A CA that is valid now: members refuse whatever another one issues. */
async function readIssuer(files: AuthorityFiles, nowMs: number): Promise<Authority> {
  const authority = await readAuthority(files);
  const { fromMs, untilMs } = lifeOf(authority);
  const isEarly = nowMs < fromMs;
  if (!isEarly && nowMs < untilMs) return authority;
  const when = isEarly
    ? `begins at ${new Date(fromMs).toISOString()}, in the future`
    : `expired at ${new Date(untilMs).toISOString()}`;
  const remedy = isEarly ? "wait" : "replace it by a renewed one of the same key";
  throw new GossipError(
    "msp-invalid",
    `The CA certificate ${files.certFile} ${when}, so that members refuse what it issues now: check the clock of this machine, or ${remedy}.`,
  );
}

function lifeOf({ certificate }: Authority) {
  const { notBefore, notAfter } = certificate;
  return { fromMs: notBefore.value.getTime(), untilMs: notAfter.value.getTime() };
}

/** A misspelt name must not create a new peer. */
async function checkPeer(organisation: OrganisationFolder, peer: MemberFolder): Promise<true> {
  await readCertificate(peer.certFile).catch(async (error: unknown) => {
    const peers = await namesIn(organisation.peersFolder);
    if (peers.includes(peer.name)) throw error;
    throw new Error(`there is no peer ${peer.name}, but ${peers.join(", ") || "none"}`);
  });
  return true;
}

async function renewEnrolment(
  peer: MemberFolder,
  ca: Authority,
  options: RenewOptions,
): Promise<void> {
  const { privateKey, publicKey } = generateKeyPair();
  const period = validity(options, ca);
  const request = { commonName: peer.name, unit: "peer", publicKey, ...period };
  const der = issueCertificate({ ...request, purpose: "enrolment" }, ca);
  await writeKey(peer.keyFile, privateKey);
  await writePem(peer.certFile, "CERTIFICATE", der);
}

async function namesInTls(peer: MemberFolder): Promise<readonly string[]> {
  const { subjectAltName = "" } = await readCertificate(peer.tlsCertFile);
  return subjectAltName
    .split(", ")
    .filter((name) => name !== "")
    .map((name) => name.replace(/^(?:DNS|IP Address):/, ""));
}

async function renewTls(
  peer: MemberFolder,
  alternativeNames: readonly string[],
  tlsCa: Authority,
  options: RenewOptions,
): Promise<void> {
  const { privateKey, publicKey } = generateKeyPair();
  const period = validity(options, tlsCa);
  const request = { commonName: peer.name, alternativeNames, publicKey, ...period };
  const der = issueCertificate({ ...request, purpose: "tls" }, tlsCa);
  await writeKey(peer.tlsKeyFile, privateKey);
  await writePem(peer.tlsCertFile, "CERTIFICATE", der);
}

/**
 * Adds a certificate to the organisation's revocation list, in its own MSP folder and in those of
 * its peers, and returns these files. Other organisations must be given the first. Twice is once.
 * Throws `msp-invalid`, with every problem, if the certificate is not of this organisation's CA, or that of
 * the CA itself; then nothing is written.
 */
export function revokeCertificate(options: RevokeOptions): Promise<readonly string[]> {
  return holdingFolder(options.organisationFolder, () => revoke(options));
}

async function revoke(options: RevokeOptions): Promise<readonly string[]> {
  const { organisationFolder: folder, certFile, nowMs } = options;
  const problems: string[] = [];
  const certificate = await collect(problems, readRevoked(certFile));
  const organisation = await openOrganisation(folder, problems);
  const { ca, peersFolder, mspFolder } = organisation;
  const listFile = join(mspFolder, LIST_FILE);
  const read = <T>(part: () => Promise<T>) => collect(problems, explain(folder, part));
  const authority = await read(() => readAuthority(ca));
  const list = await read(() => readList(listFile));
  const peers = await read(() => namesIn(peersFolder));
  if (authority && certificate) await read(() => checkIssued(certFile, certificate, ca));
  if (!authority || !certificate || !list || !peers || problems.length > 0) throw misused(problems);
  return explain(folder, async () => {
    const { serialNumber } = parseForIssuing(certificate.raw);
    const der = issueRevocationList(authority, list.before, serialNumber, nowMs);
    const mspFolders = peers.map((name) => join(peersFolder, name, "msp"));
    const files = [listFile, ...mspFolders.map((one) => join(one, LIST_FILE))];
    for (const file of files) await writePem(file, "X509 CRL", der);
    return files;
  });
}

/** Throws unless the CA has issued it to somebody else. */
async function checkIssued(
  file: string,
  certificate: X509Certificate,
  ca: AuthorityFiles,
): Promise<void> {
  const issuer = await readCertificate(ca.certFile);
  if (!certificate.checkIssued(issuer) || !certificate.verify(issuer.publicKey)) {
    throw new Error(`${file} was not issued by ${ca.name}`);
  }
  if (!certificate.raw.equals(issuer.raw)) return;
  throw new GossipError(
    "msp-invalid",
    `${file} is the certificate of the CA itself, which its own revocation list cannot revoke: name that of a member, or remove the CA from the MSP folders of all who trust it.`,
  );
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(async (error: unknown) => {
    throw new Error(`${folder} ${fileFault(await faultAt(folder, error))}`);
  });
}

/** The list so far; undefined before the first revocation. */
async function readList(file: string) {
  const entries = await readdir(dirname(file)).catch((): string[] => []);
  if (!entries.includes(basename(file))) return { before: undefined };
  const block = decodePem(await readFile(file));
  if (block?.type !== "X509 CRL") throw new Error(`${file} is no revocation list`);
  return { before: parsePkijsRevocationList(block.der) };
}

/**
 * Orderer organisation if the folder is where cryptogen puts those. Throws for a folder that is not there, with
 * the problems from before: what would be in it is no further one.
 */
async function openOrganisation(
  folder: string,
  problems: readonly string[],
): Promise<OrganisationFolder> {
  await readdir(folder).catch(async (error: unknown) => {
    const fault = await faultAt(folder, error);
    const why = `${folder || "The folder"} ${folder ? fileFault(fault) : "has no name"}`;
    throw misused([...problems, `${why}: name a folder as crypto generate or cryptogen makes it.`]);
  });
  const isOfOrderers = basename(dirname(resolve(folder))) === "ordererOrganizations";
  const kind = isOfOrderers ? "orderer" : "peer";
  return organisationFolder(folder, basename(resolve(folder)), kind);
}

/** Within the life of the CA, so that the notices before an expiry come before the true one. */
function validity({ nowMs, validityMs = TEN_YEARS_MS }: RenewOptions, ca: Authority) {
  const { fromMs, untilMs } = lifeOf(ca);
  return {
    notBeforeMs: Math.max(beginOfValidity(nowMs), fromMs),
    notAfterMs: Math.min(endOfValidity(nowMs, validityMs), untilMs),
  };
}

async function readCertificate(file: string): Promise<X509Certificate> {
  const pem = plainCertificates(await readNamedFile(file), "chain");
  if (typeof pem === "string") throw new Error(`${file} cannot be used: ${pem}`);
  return new X509Certificate(pem.pem);
}

/** The certificate that the user names, in DER form too. */
async function readRevoked(file: string): Promise<X509Certificate> {
  if (file === "")
    throw new GossipError("msp-invalid", "The certificate has no name: name a file.");
  const bytes = await readSmallFile(file, FILE_BYTES_MAX);
  if (typeof bytes === "string") {
    throw new GossipError("msp-invalid", `${file} ${fileFault(bytes)}: check the path.`);
  }
  if (whyNoPem(bytes).holds === "certificate") return new X509Certificate(bytes);
  const found = plainCertificates(bytes, "chain");
  if (typeof found !== "string") return new X509Certificate(found.pem);
  throw new GossipError("msp-invalid", `${file} cannot be used: ${found}.`);
}

const UNWRITABLE: ReadonlySet<string> = new Set(["EACCES", "ENOSPC", "EPERM", "EROFS"]);

/** Problems with the files are user errors. */
async function explain<T>(folder: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof GossipError) throw error;
    if (UNWRITABLE.has(codeOf(error))) {
      const problem = `${folder} cannot be written (${fileReason(error)}): make it writable.`;
      throw new GossipError("msp-invalid", problem, { cause: error });
    }
    const reason = reasonOf(error);
    const remedy = "name a folder as `crypto generate` or cryptogen makes it, and what is in it";
    throw new GossipError("msp-invalid", `${folder}: ${reason}; ${remedy}.`, { cause: error });
  }
}
