/** The TLS files a configuration names, read and judged. */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import type { GossipTls } from "../config/config.ts";
import { GossipError } from "../lib/errors.ts";
import { decodePem } from "../msp/pem.ts";
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
  const server = await readPair("server", tls.certFile, tls.keyFile, wallMs, problems);
  const client =
    tls.clientCertFile === tls.certFile && tls.clientKeyFile === tls.keyFile
      ? server
      : await readPair("client", tls.clientCertFile, tls.clientKeyFile, wallMs, problems);
  const rootCas = await readCas(tls.rootCertFile ? [tls.rootCertFile] : [], problems);
  // As Fabric: a list that nobody needs may name files that are not there.
  const clientCas = tls.clientAuthRequired ? tls.clientRootCaFiles : [];
  const clientRootCas = await readCas(clientCas, problems);
  if (!server || !client) return undefined;
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
  const cert = await read(certFile, problems);
  const key = await read(keyFile, problems);
  if (!cert || !key) return undefined;
  const problem =
    judgePair(role, { cert, key }, { certFile, keyFile }, wallMs) ??
    judgeByOpenssl(role, { cert, key }, certFile);
  if (problem !== undefined) problems.push(problem);
  return problem === undefined ? { cert, key } : undefined;
}

function judgePair(
  role: string,
  { cert, key }: Pair,
  { certFile, keyFile }: { certFile: string | undefined; keyFile: string | undefined },
  wallMs: number,
): string | undefined {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(cert);
    if (decodePem(cert) === undefined) throw new Error("no PEM");
  } catch {
    const why = whyUnusable(cert, "a certificate");
    return `The TLS ${role} certificate ${certFile} cannot be used: ${why}.`;
  }
  try {
    const privateKey = createPrivateKey(key);
    if (!certificate.checkPrivateKey(privateKey)) {
      const isLater = certificatesIn(cert).some((der) => isPair(der, privateKey));
      const remedy = isLater
        ? "put the certificate of this key first, before those of CAs"
        : "use the pair that was issued together";
      return `The TLS ${role} key ${keyFile} does not belong to the certificate ${certFile}: ${remedy}.`;
    }
  } catch {
    const isEncrypted = /ENCRYPTED/.test(key.toString("latin1"));
    const why = isEncrypted
      ? "it is encrypted: replace it by what openssl pkey -in FILE prints"
      : whyUnusable(key, "a private key");
    return `The TLS ${role} key ${keyFile} cannot be used: ${why}.`;
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
    const ca = await read(file, problems);
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

/** No PEM that we need is longer: a bundle of all public CAs has 250 KB. */
const FILE_BYTES_MAX = 1_048_576;

async function read(file: string | undefined, problems: string[]): Promise<Buffer | undefined> {
  if (file === undefined) return undefined;
  try {
    const found = await stat(file);
    if (!found.isFile()) throw new Error("it is no regular file");
    if (found.size > FILE_BYTES_MAX) throw new Error(`it is larger than ${FILE_BYTES_MAX} bytes`);
    return await readFile(file);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    const why = code || (error instanceof Error ? error.message : String(error));
    const remedy =
      code === "EACCES" || code === "EPERM"
        ? "let the user that runs this read it"
        : "check the path";
    problems.push(`${file} cannot be read (${why}): ${remedy}.`);
    return undefined;
  }
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
