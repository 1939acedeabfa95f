/** New certificates for a peer and revocation of old ones, in folders as cryptogen makes them. */
import { X509Certificate } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { GossipError } from "../lib/errors.ts";
import { codeOf, fileFault, fileReason, readSmallFile } from "../lib/small-file.ts";
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
 * it expires or is revoked. Throws `msp-invalid` if the folders are not as expected, or a CA is not
 * valid now; then nothing is written.
 */
export async function renewPeerCertificate(options: RenewOptions): Promise<MemberFolder> {
  return explain(options.organisationFolder, async () => {
    const organisation = openOrganisation(options.organisationFolder);
    const isFull = options.peer.endsWith(`.${organisation.domain}`);
    const name = isFull ? options.peer : `${options.peer}.${organisation.domain}`;
    const peer = memberFolder(organisation.peersFolder, name, "server");
    const ca = await readIssuer(organisation.ca, options.nowMs);
    const tlsCa = options.tls ? await readIssuer(organisation.tlsCa, options.nowMs) : undefined;
    await renewEnrolment(organisation, peer, ca, options);
    if (tlsCa !== undefined) await renewTls(peer, tlsCa, options);
    return peer;
  });
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

async function renewEnrolment(
  organisation: OrganisationFolder,
  peer: MemberFolder,
  ca: Authority,
  options: RenewOptions,
): Promise<void> {
  // A misspelt name must not create a new peer.
  await readCertificate(peer.certFile).catch(async (error: unknown) => {
    const peers = await readdir(organisation.peersFolder);
    if (peers.includes(peer.name)) throw error;
    throw new Error(`there is no peer ${peer.name}, but ${peers.join(", ") || "none"}`);
  });
  const { privateKey, publicKey } = generateKeyPair();
  const period = validity(options, ca);
  const request = { commonName: peer.name, unit: "peer", publicKey, ...period };
  const der = issueCertificate({ ...request, purpose: "enrolment" }, ca);
  await writeKey(peer.keyFile, privateKey);
  await writePem(peer.certFile, "CERTIFICATE", der);
}

async function renewTls(
  peer: MemberFolder,
  tlsCa: Authority,
  options: RenewOptions,
): Promise<void> {
  const { subjectAltName = "" } = await readCertificate(peer.tlsCertFile);
  const alternativeNames = subjectAltName
    .split(", ")
    .filter((name) => name !== "")
    .map((name) => name.replace(/^(?:DNS|IP Address):/, ""));
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
 * Throws `msp-invalid` if the certificate is not of this organisation's CA, or that of the CA itself.
 */
export async function revokeCertificate(options: RevokeOptions): Promise<readonly string[]> {
  return explain(options.organisationFolder, async () => {
    const organisation = openOrganisation(options.organisationFolder);
    const authority = await readAuthority(organisation.ca);
    const certificate = await readRevoked(options.certFile);
    const issuer = await readCertificate(organisation.ca.certFile);
    if (!certificate.checkIssued(issuer) || !certificate.verify(issuer.publicKey)) {
      throw new Error(`${options.certFile} was not issued by ${organisation.ca.name}`);
    }
    const listFile = join(organisation.mspFolder, LIST_FILE);
    const list = await readList(listFile);
    if (certificate.raw.equals(issuer.raw)) {
      throw new GossipError(
        "msp-invalid",
        `${options.certFile} is the certificate of the CA itself, which its own revocation list cannot revoke: name that of a member, or remove the CA from the MSP folders of all who trust it.`,
      );
    }
    const { serialNumber } = parseForIssuing(certificate.raw);
    const der = issueRevocationList(authority, list, serialNumber, options.nowMs);
    const peers = await readdir(organisation.peersFolder);
    const mspFolders = peers.map((name) => join(organisation.peersFolder, name, "msp"));
    const files = [listFile, ...mspFolders.map((folder) => join(folder, LIST_FILE))];
    for (const file of files) await writePem(file, "X509 CRL", der);
    return files;
  });
}

/** The list so far; undefined before the first revocation. */
async function readList(file: string) {
  const entries = await readdir(dirname(file)).catch((): string[] => []);
  if (!entries.includes(basename(file))) return undefined;
  const block = decodePem(await readFile(file));
  if (block?.type !== "X509 CRL") throw new Error(`${file} is no revocation list`);
  return parsePkijsRevocationList(block.der);
}

/** Orderer organisation if the folder is where cryptogen puts those. */
function openOrganisation(folder: string): OrganisationFolder {
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
    const reason = error instanceof Error ? error.message : String(error);
    const remedy = "name a folder as `crypto generate` or cryptogen makes it, and what is in it";
    throw new GossipError("msp-invalid", `${folder}: ${reason}; ${remedy}.`, { cause: error });
  }
}
