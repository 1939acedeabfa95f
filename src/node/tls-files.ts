/** The TLS files a configuration names, read and judged. */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import type { GossipTls, TlsFiles } from "../config/config.ts";
import { GossipError } from "../lib/errors.ts";
import { fileFault, fileRemedy, readSmallFile } from "../lib/small-file.ts";
import { plainCertificates } from "../msp/plain-pem.ts";
import { plainKey } from "../msp/private-key.ts";
import { certificatesIn, tlsChainFault, whyUnfitForTls } from "../msp/tls-chain.ts";
import { tellWithRemedy } from "../observe/diagnosis/causes.ts";
import { expiredTls, type TlsExpiries } from "../observe/diagnosis/own-tls.ts";
import { checkTls, pairFault } from "../transport/grpc-tls.ts";
import type { TlsCredentials } from "../transport/tls-credentials.ts";

/**
 * Reads them all; undefined if one is unusable. Every problem is added to the list. What Go starts
 * with, but nobody wants, is a doubt, or a problem without that list. Whether certificates have
 * expired is for the caller to say: {@link expiredTls} of {@link tlsNotAfterMs}.
 */
export async function readTls(
  tls: GossipTls,
  problems: string[],
  doubts: string[] = problems,
): Promise<TlsCredentials | undefined> {
  const before = problems.length;
  const found = { problems, doubts };
  const server = await readPair("server", tls.certFile, tls.keyFile, found);
  const client =
    tls.clientCertFile === tls.certFile && tls.clientKeyFile === tls.keyFile
      ? server
      : await readPair("client", tls.clientCertFile, tls.clientKeyFile, found);
  const rootCas = await readCas(tls.rootCertFile ? [tls.rootCertFile] : [], found);
  // As Fabric: a list that nobody needs may name files that are not there.
  const clientCas = tls.clientAuthRequired ? tls.clientRootCaFiles : [];
  const clientRootCas = await readCas(clientCas, found);
  // With fewer CAs than are named, others would be refused that were accepted before a reload.
  if (!server || !client || problems.length > before) {
    problems.push(...pairProblems([server, client]));
    return undefined;
  }
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
    const ofPairs = pairProblems([server, client]);
    problems.push(...(ofPairs.length > 0 ? ofPairs : error.problems));
    return undefined;
  }
}

/** The TLS files of the operations endpoint, likewise. */
export function readOperationsTls(
  tls: TlsFiles,
  problems: string[],
  doubts: string[],
): Promise<TlsCredentials | undefined> {
  const files: GossipTls = {
    ...tls,
    clientAuthRequired: true, // Anything beyond health requires a certificate in any case.
    rootCertFile: undefined,
    clientCertFile: tls.certFile,
    clientKeyFile: tls.keyFile,
  };
  return readTls(files, problems, doubts);
}

/** Whether Go would accept a client that shows this chain (leaf first, DER), under these CAs. */
export function isTrustedClient(
  chain: readonly Uint8Array[],
  cas: readonly Buffer[],
  atMs: number,
): boolean {
  return chain.length > 0 && tlsChainFault(chain, cas, { use: "client", atMs }) === undefined;
}

interface Found {
  readonly problems: string[];
  readonly doubts: string[];
}

interface Pair {
  /** Begins a sentence about the certificate. */
  readonly name: string;
  readonly cert: Buffer;
  readonly key: Buffer;
  /** The same key. */
  readonly privateKey: KeyObject;
}

async function readPair(
  role: "server" | "client",
  certFile: string | undefined,
  keyFile: string | undefined,
  { problems, doubts }: Found,
): Promise<Pair | undefined> {
  const certBytes = await read(certFile, problems);
  const keyBytes = await read(keyFile, problems);
  const found = certBytes && plainCertificates(certBytes, "chain");
  const key = keyBytes && plainKey(keyBytes);
  const name = `The TLS ${role} certificate ${certFile}`;
  if (typeof found === "string") problems.push(`${name} cannot be used: ${found}.`);
  if (typeof key === "string") {
    problems.push(`The TLS ${role} key ${keyFile} cannot be used: ${key}.`);
  }
  if (typeof found !== "object" || typeof key !== "object") return undefined;
  const pair = { name, cert: found.pem, key, privateKey: createPrivateKey(key) };
  const doubt = found.doubt && `${name} is used in part: ${found.doubt}.`;
  const files = `The TLS ${role} key ${keyFile} does not belong to the certificate ${certFile}`;
  const mismatch = judgePair(files, pair);
  // What was passed over may have been the certificate of the key.
  const problem = mismatch ? doubt || mismatch : unfitProblem(pair);
  if (problem !== undefined) {
    problems.push(problem);
    return undefined;
  }
  if (doubt) doubts.push(doubt);
  return pair;
}

function judgePair(sentence: string, { cert, privateKey }: Pair): string | undefined {
  if (new X509Certificate(cert).checkPrivateKey(privateKey)) return undefined;
  const isLater = certificatesIn(cert).some((der) => isPair(der, privateKey));
  const remedy = isLater
    ? "put the certificate of this key first, before those of CAs"
    : "use the pair that was issued together";
  return `${sentence}: ${remedy}.`;
}

/** Go knows fewer kinds of keys. */
function unfitProblem({ name, privateKey }: Pair): string | undefined {
  const unfit = whyUnfitForTls(privateKey);
  return unfit && `${name} cannot be used (${unfit}): ${ISSUE_ANEW}.`;
}

const ISSUE_ANEW = "have it issued for an ECDSA P-256 key";

/**
 * OpenSSL looks at the size of keys, also behind the first certificate. Asked only when something is wrong:
 * what it makes of a pair and the CAs for our connections, it makes of the pair alone.
 */
function pairProblems(pairs: readonly (Pair | undefined)[]): readonly string[] {
  return [...new Set(pairs)].flatMap((pair) => {
    const fault = pair && pairFault(pair.cert, pair.key);
    if (!pair || fault === undefined) return [];
    const first = Buffer.from(new X509Certificate(pair.cert).toString());
    const isWhole = pairFault(first, pair.key) === undefined;
    const remedy = isWhole ? "mend or remove what stands behind the first certificate" : ISSUE_ANEW;
    return `${pair.name} cannot be used (${fault}): ${remedy}.`;
  });
}

function isPair(der: Uint8Array, key: KeyObject): boolean {
  try {
    return new X509Certificate(der).checkPrivateKey(key);
  } catch {
    return false; // OpenSSL cannot read it; it is not the first one in any case.
  }
}

async function readCas(files: readonly string[], { problems, doubts }: Found): Promise<Buffer[]> {
  const cas: Buffer[] = [];
  for (const file of files) {
    const bytes = await read(file, problems);
    const ca = bytes && plainCertificates(bytes, "pool");
    if (typeof ca === "string") problems.push(`The TLS CA ${file} cannot be used: ${ca}.`);
    else if (ca !== undefined) cas.push(ca.pem);
    if (typeof ca === "object" && ca.doubt !== undefined) {
      doubts.push(`The TLS CA ${file} is used in part: ${ca.doubt}.`);
    }
  }
  return cas;
}

/** No PEM that we need is longer: a bundle of all public CAs has 250 KB. */
const FILE_BYTES_MAX = 1_048_576;

async function read(file: string | undefined, problems: string[]): Promise<Buffer | undefined> {
  if (file === undefined) return undefined;
  const outcome = await readSmallFile(file, FILE_BYTES_MAX);
  if (typeof outcome !== "string") return outcome;
  problems.push(`${file} ${fileFault(outcome)}: ${fileRemedy(outcome) ?? "correct the path"}.`);
  return undefined;
}

/** When the certificate of the operations endpoint expires; empty without TLS. */
export function operationsNotAfterMs(tls: TlsCredentials | undefined): TlsExpiries {
  if (tls === undefined) return new Map();
  return new Map([["operations", new X509Certificate(tls.cert).validToDate.getTime()]]);
}

/**
 * What to say of files, read again, whose certificates have expired: they are not put in force. Nothing
 * of those that are in force already, as that is told of a member in any case.
 */
export function tellExpired(
  reread: TlsExpiries,
  inForce: TlsExpiries,
  wallMs: number,
): readonly string[] {
  const others = new Map([...reread].filter(([use, endMs]) => inForce.get(use) !== endMs));
  return expiredTls(others, { wallMs, elapsedMs: 0 }).map(tellWithRemedy);
}

/** When our certificates of gossip expire; empty without TLS. */
export function tlsNotAfterMs(tls: TlsCredentials | undefined): TlsExpiries {
  if (tls === undefined) return new Map();
  const { cert, clientCert = cert } = tls;
  const endMs = new X509Certificate(cert).validToDate.getTime();
  const clientEndMs =
    clientCert === cert ? endMs : new X509Certificate(clientCert).validToDate.getTime();
  return new Map([
    ["server", endMs],
    ["client", clientEndMs],
  ]);
}
