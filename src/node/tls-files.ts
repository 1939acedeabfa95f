/** The TLS files a configuration names, read and judged. */
import { type KeyObject, X509Certificate } from "node:crypto";
import type { GossipTls, TlsFiles } from "../config/config.ts";
import { GossipError } from "../lib/errors.ts";
import { fileRemedy, readSmallFile } from "../lib/small-file.ts";
import { decodePem, encodePem } from "../msp/pem.ts";
import { privateKeyIn } from "../msp/private-key.ts";
import { certificatesIn } from "../msp/tls-chain.ts";
import { tellUnusable, whyNoPem } from "../msp/unusable.ts";
import { checkTls, pairFault } from "../transport/grpc-tls.ts";
import type { TlsCredentials } from "../transport/tls-credentials.ts";

/** Reads them all; undefined if one is unusable. Every problem is added to the list. */
export async function readTls(
  tls: GossipTls,
  wallMs: number,
  problems: string[],
): Promise<TlsCredentials | undefined> {
  const before = problems.length;
  const server = await readPair("server", tls.certFile, tls.keyFile, wallMs, problems);
  const client =
    tls.clientCertFile === tls.certFile && tls.clientKeyFile === tls.keyFile
      ? server
      : await readPair("client", tls.clientCertFile, tls.clientKeyFile, wallMs, problems);
  const rootCas = await readCas(tls.rootCertFile ? [tls.rootCertFile] : [], problems);
  // As Fabric: a list that nobody needs may name files that are not there.
  const clientCas = tls.clientAuthRequired ? tls.clientRootCaFiles : [];
  const clientRootCas = await readCas(clientCas, problems);
  // With fewer CAs than are named, others would be refused that were accepted before a reload.
  if (!server || !client || problems.length > before) return undefined;
  const files = {
    cert: server.cert,
    key: server.key,
    clientCert: client.cert,
    clientKey: client.key,
    rootCas,
    clientAuthRequired: tls.clientAuthRequired,
    clientRootCas,
  };
  try {
    checkTls(files);
    return files;
  } catch (error) {
    if (!(error instanceof GossipError)) throw error;
    problems.push(...error.problems);
    return undefined;
  }
}

/** The TLS files of the operations endpoint, likewise. */
export function readOperationsTls(
  tls: TlsFiles,
  wallMs: number,
  problems: string[],
): Promise<TlsCredentials | undefined> {
  const files: GossipTls = {
    ...tls,
    clientAuthRequired: true, // Anything beyond health requires a certificate in any case.
    rootCertFile: undefined,
    clientCertFile: tls.certFile,
    clientKeyFile: tls.keyFile,
  };
  return readTls(files, wallMs, problems);
}

interface Pair {
  readonly cert: Buffer;
  readonly key: Buffer;
}

async function readPair(
  role: "server" | "client",
  certFile: string | undefined,
  keyFile: string | undefined,
  wallMs: number,
  problems: string[],
): Promise<Pair | undefined> {
  const certBytes = await readCertificates(certFile, problems);
  const keyBytes = await read(keyFile, problems);
  const cert = certBytes && readCertificate(certBytes);
  const key = keyBytes && privateKeyIn(keyBytes);
  if (typeof cert === "string") {
    problems.push(`The TLS ${role} certificate ${certFile} cannot be used: ${cert}.`);
  }
  if (key && "why" in key) {
    const remedy = key.remedy ?? "put a private key as unencrypted PEM there";
    problems.push(`The TLS ${role} key ${keyFile} cannot be used: ${key.why}: ${remedy}.`);
  }
  if (!certBytes || typeof cert !== "object" || !key || "why" in key) return undefined;
  // OpenSSL, unlike Go, believes what the BEGIN line says of the form of a key.
  const pair = { cert: certBytes, key: Buffer.from(key.export({ format: "pem", type: "pkcs8" })) };
  const problem =
    judgePair(role, cert, key, { pair, certFile, keyFile, wallMs }) ??
    judgeByOpenssl(role, pair, certFile);
  if (problem !== undefined) problems.push(problem);
  return problem === undefined ? pair : undefined;
}

/** The first certificate, or why there is none, with the remedy. */
function readCertificate(pem: Buffer): X509Certificate | string {
  try {
    const isThere = certificatesIn(pem).length > 0;
    return isThere ? new X509Certificate(pem) : whyUnusable(pem, "a certificate");
  } catch {
    return whyUnusable(pem, "a certificate");
  }
}

function judgePair(
  role: string,
  certificate: X509Certificate,
  key: KeyObject,
  of: {
    readonly pair: Pair;
    readonly certFile: string | undefined;
    readonly keyFile: string | undefined;
    readonly wallMs: number;
  },
): string | undefined {
  const { pair, certFile, keyFile, wallMs } = of;
  if (!certificate.checkPrivateKey(key)) {
    const isLater = certificatesIn(pair.cert).some((der) => isPair(der, key));
    const remedy = isLater
      ? "put the certificate of this key first, before those of CAs"
      : "use the pair that was issued together";
    return `The TLS ${role} key ${keyFile} does not belong to the certificate ${certFile}: ${remedy}.`;
  }
  if (certificate.validToDate.getTime() <= wallMs) {
    return `The TLS ${role} certificate ${certFile} expired at ${certificate.validToDate.toISOString()}: renew it.`;
  }
  return undefined;
}

/** OpenSSL looks at what is behind the first certificate, and at the size of keys. */
function judgeByOpenssl(
  role: string,
  { cert, key }: Pair,
  certFile: string | undefined,
): string | undefined {
  const fault = pairFault(cert, key);
  if (fault === undefined) return undefined;
  const isWhole = pairFault(Buffer.from(new X509Certificate(cert).toString()), key) === undefined;
  const remedy = isWhole
    ? "mend or remove what stands behind the first certificate"
    : "have it issued for an ECDSA P-256 key";
  return `The TLS ${role} certificate ${certFile} cannot be used (${fault}): ${remedy}.`;
}

function isPair(der: Uint8Array, key: KeyObject): boolean {
  try {
    return new X509Certificate(der).checkPrivateKey(key);
  } catch {
    return false; // OpenSSL cannot read it; it is not the first one in any case.
  }
}

async function readCas(files: readonly string[], problems: string[]): Promise<Buffer[]> {
  const cas: Buffer[] = [];
  for (const file of files) {
    const ca = await readCertificates(file, problems);
    if (!ca) continue;
    if (holdsCertificate(ca)) cas.push(ca);
    else problems.push(`The TLS CA ${file} cannot be used: ${whyUnusable(ca, "a certificate")}.`);
  }
  return cas;
}

function holdsCertificate(pem: Buffer): boolean {
  try {
    return decodePem(pem)?.type === "CERTIFICATE" && new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}

/** Why bytes are not what they should be, with the remedy. */
function whyUnusable(bytes: Uint8Array, wanted: string): string {
  const block = decodePem(bytes);
  if (block === undefined) return tellUnusable(whyNoPem(bytes));
  return `its first PEM block (${block.type.slice(0, 40)}) is not ${wanted} that can be read: put ${wanted} there`;
}

/**
 * Go passes over headers of a PEM block and blank lines in it, of which OpenSSL makes an error: it gets
 * the text without them, unless a block cannot be read at all.
 */
async function readCertificates(
  file: string | undefined,
  problems: string[],
): Promise<Buffer | undefined> {
  const pem = await read(file, problems);
  if (pem === undefined || decodePem(pem)?.type !== "CERTIFICATE") return pem;
  const found = certificatesIn(pem);
  const isWhole = found.length === pem.toString("latin1").split(BEGIN).length - 1;
  return isWhole ? Buffer.concat(found.map((der) => encodePem("CERTIFICATE", der))) : pem;
}

const BEGIN = "-----BEGIN CERTIFICATE-----";

/** No PEM that we need is longer: a bundle of all public CAs has 250 KB. */
const FILE_BYTES_MAX = 1_048_576;

async function read(file: string | undefined, problems: string[]): Promise<Buffer | undefined> {
  if (file === undefined) return undefined;
  const outcome = await readSmallFile(file, FILE_BYTES_MAX);
  if (typeof outcome !== "string") return outcome;
  problems.push(`${file} cannot be read (${outcome}): ${fileRemedy(outcome) ?? "check the path"}.`);
  return undefined;
}

/** When our certificates expire, by role; empty without TLS. */
export function tlsNotAfterMs(tls: TlsCredentials | undefined): ReadonlyMap<string, number> {
  if (tls === undefined) return new Map();
  const { cert, clientCert = cert } = tls;
  return new Map([
    ["server", new X509Certificate(cert).validToDate.getTime()],
    ["client", new X509Certificate(clientCert).validToDate.getTime()],
  ]);
}
