/** The TLS files a configuration names, read and judged. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { GossipTls } from "./config/config.ts";
import type { TlsFiles } from "./transport/grpc-options.ts";

/** Reads them all; undefined if one is unusable. Every problem is added to the list. */
export async function readTls(
  tls: GossipTls,
  wallMs: number,
  problems: string[],
): Promise<TlsFiles | undefined> {
  const server = await readPair("server", tls.certFile, tls.keyFile, wallMs, problems);
  const client =
    tls.clientCertFile === tls.certFile && tls.clientKeyFile === tls.keyFile
      ? server
      : await readPair("client", tls.clientCertFile, tls.clientKeyFile, wallMs, problems);
  const rootCas = await readCas(tls.rootCertFile ? [tls.rootCertFile] : [], problems);
  const clientRootCas = await readCas(tls.clientRootCaFiles, problems);
  if (!server || !client) return undefined;
  return {
    cert: server.cert,
    key: server.key,
    clientCert: client.cert,
    clientKey: client.key,
    rootCas,
    clientAuthRequired: tls.clientAuthRequired,
    clientRootCas,
  };
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
  const problem = judgePair(role, { cert, key }, { certFile, keyFile }, wallMs);
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
  } catch {
    return `The TLS ${role} certificate ${certFile} is not a PEM certificate: put one there.`;
  }
  try {
    if (!certificate.checkPrivateKey(createPrivateKey(key))) {
      return `The TLS ${role} key ${keyFile} does not belong to the certificate ${certFile}: use the pair that was issued together.`;
    }
  } catch {
    return `The TLS ${role} key ${keyFile} is not an unencrypted PEM private key: put one there.`;
  }
  if (certificate.validToDate.getTime() <= wallMs) {
    return `The TLS ${role} certificate ${certFile} expired at ${certificate.validToDate.toISOString()}: renew it.`;
  }
  return undefined;
}

async function readCas(files: readonly string[], problems: string[]): Promise<Buffer[]> {
  const cas: Buffer[] = [];
  for (const file of files) {
    const ca = await read(file, problems);
    if (!ca) continue;
    if (ca.includes("-----BEGIN CERTIFICATE-----")) cas.push(ca);
    else problems.push(`${file} holds no PEM certificate: put the TLS CA's certificate there.`);
  }
  return cas;
}

async function read(file: string | undefined, problems: string[]): Promise<Buffer | undefined> {
  if (file === undefined) return undefined;
  try {
    return await readFile(file);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    problems.push(`${file} cannot be read (${why}): check the path and its permissions.`);
    return undefined;
  }
}
