/** Turns options into credentials and the peers to query. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type ClientConfig, loadClientConfig } from "../config/client.ts";
import type { Identity, Signer } from "../core/types/host.ts";
import { GossipError } from "../lib/errors.ts";
import { parseHostPort } from "../lib/host-port.ts";
import { readInput } from "../lib/read-input.ts";
import { noFindings } from "../msp/authorities.ts";
import { type Certificate, parseCertificate } from "../msp/certificate.ts";
import { certificatePem, describeIdentity, serializeIdentity } from "../msp/identity.ts";
import { loadLocalMsp } from "../msp/load-msp.ts";
import type { Msp } from "../msp/msp.ts";
import { certificatesOf } from "../msp/plain-pem.ts";
import { findPrivateKey, plainKey } from "../msp/private-key.ts";
import { createSigner } from "../msp/signer.ts";
import { certificatesIn } from "../msp/tls-chain.ts";
import { whyUnfit } from "../msp/unfit-key.ts";
import { checkTls } from "../transport/grpc-tls.ts";
import type { TlsCredentials } from "../transport/tls-credentials.ts";
import type { ReadChannelOptions } from "./options.ts";
import { type ProfilePeer, readProfile } from "./profile.ts";

/** A certificate and its key, PEM. */
interface Pair {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** The identity that we present. */
export interface Asker {
  readonly identity: Identity;
  readonly signer: Signer;
  /** Our organisation's MSP, if we have its folder. */
  readonly msp: Msp | undefined;
}

/** A peer to query. */
export interface PeerTarget {
  readonly name: string;
  readonly endpoint: string;
  readonly tls: TlsCredentials | undefined;
}

interface Credentials {
  readonly asker: Asker;
  readonly targets: readonly PeerTarget[];
}

/** Throws `config-invalid` with all problems of options and files. */
export async function loadReaderCredentials(
  options: ReadChannelOptions,
  wallMs: number,
): Promise<Credentials> {
  const problems: string[] = [];
  const profile =
    options.profile === undefined ? undefined : await readProfile(options.profile, problems);
  const hasFlags = options.cert !== undefined || options.key !== undefined;
  const mspId = (options.mspId ?? profile?.mspId)?.trim();
  // What a profile that cannot be read would have said is not missing.
  if (hasFlags && !mspId && (problems.length === 0 || profile?.peers.length !== 0))
    problems.push("Give the MSP id of --cert with --msp-id, like Org1MSP.");
  const who = hasFlags
    ? await fromFlags(options, mspId, wallMs, problems)
    : await fromConfig(options, wallMs, problems);
  const tlsPair = await ownTlsPair(options, who?.tlsPair, problems);
  const rootCas = await namedAuthorities(options, who?.rootCertFile, problems);
  const peers = choosePeers(options, profile?.peers ?? [], who, rootCas, problems);
  if (problems.length === 0) checkPairs(peers, tlsPair, problems);
  if (problems.length > 0 || who === undefined) throw new GossipError("config-invalid", problems);
  // A peer keeps one connection for each certificate: asked twice at a time, it ends the first.
  const once = new Map(peers.map((peer) => [peer.endpoint, peer]));
  const targets = [...once.values()].map(({ name, endpoint, tls }) => ({
    name,
    endpoint,
    tls: tls && tlsPair && tlsOf(tls, tlsPair),
  }));
  return { asker: who.asker, targets };
}

interface Who {
  readonly asker: Asker;
  /** The default TLS client certificate. */
  readonly tlsPair: Pair | undefined;
  /** Of the configuration: CA of `address`. */
  readonly rootCertFile: string | undefined;
  readonly address: string;
  readonly hasTls: boolean;
}

async function fromFlags(
  options: ReadChannelOptions,
  mspId: string | undefined,
  wallMs: number,
  problems: string[],
): Promise<Who | undefined> {
  const { cert: certFile, key: keyFile, signer: given } = options;
  checkBoth(certFile, keyFile, given !== undefined, problems);
  const cert =
    certFile === undefined ? undefined : await readPem("--cert", certFile, readChain, problems);
  const key =
    keyFile === undefined ? undefined : await readPem("--key", keyFile, plainKey, problems);
  const certificate = cert && readCertificate(certFile ?? "", cert, wallMs, problems);
  if (!cert || !certificate || !mspId) return undefined;
  if (key) checkPair("--key", keyFile ?? "", { cert, key }, problems);
  const isFit = whyUnfit(certificate.publicKey) === undefined;
  const signer = given ?? (key && isFit ? createSigner(createPrivateKey(key)) : undefined);
  if (signer === undefined) return undefined;
  const origin = { mspId, ...serializeIdentity(mspId, certificate.der) };
  const asker = { identity: describeIdentity(certificate, origin), signer, msp: undefined };
  const tlsPair = key ? { cert, key } : undefined;
  return { asker, tlsPair, rootCertFile: undefined, address: "", hasTls: true };
}

function checkBoth(
  cert: string | undefined,
  key: string | undefined,
  hasSigner: boolean,
  problems: string[],
): void {
  if (cert === undefined) problems.push("--key is given without --cert: give both.");
  if (key === undefined && !hasSigner) problems.push("--cert is given without --key: give both.");
}

function readCertificate(
  file: string,
  pem: Buffer,
  wallMs: number,
  problems: string[],
): Certificate | undefined {
  const [der] = certificatesIn(pem);
  const certificate = der && parseCertificate(der);
  if (certificate === undefined) {
    const remedy = "have one issued for an ECDSA key on P-256";
    problems.push(`--cert ${file} holds a certificate that Fabric cannot read: ${remedy}.`);
    return undefined;
  }
  const { notAfterMs, publicKey } = certificate;
  if (notAfterMs <= wallMs) {
    problems.push(`--cert ${file} expired at ${new Date(notAfterMs).toISOString()}: renew it.`);
  }
  const unfit = whyUnfit(publicKey);
  if (unfit !== undefined) problems.push(`--cert ${file} has ${unfit}: enrol with ECDSA P-256.`);
  return certificate;
}

type Read = (bytes: Buffer) => Buffer | string;

const readChain: Read = (bytes) => certificatesOf(bytes, "chain");
const readPool: Read = (bytes) => certificatesOf(bytes, "pool");

/** Reads a file as a member reads its own. */
async function readPem(
  what: string,
  file: string,
  read: Read,
  problems: string[],
): Promise<Buffer | undefined> {
  const bytes = await readInput(what, file, problems);
  const found = bytes && read(bytes);
  if (typeof found === "string") problems.push(`${what} ${file} cannot be used: ${found}.`);
  return typeof found === "string" ? undefined : found;
}

/** Whether key and certificate are a pair; otherwise adds a problem. */
function checkPair(what: string, file: string, { cert, key }: Pair, problems: string[]): void {
  if (new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) return;
  const remedy = "use the pair that was issued together";
  problems.push(`${what} ${file} does not belong to the certificate: ${remedy}.`);
}

async function fromConfig(
  options: ReadChannelOptions,
  wallMs: number,
  problems: string[],
): Promise<Who | undefined> {
  const { config: file, set: overrides = [], env, signer } = options;
  const before = problems.length;
  const config = await loadClientConfig({ file, overrides, ...(env ? { env } : {}) }, problems);
  if (problems.length > before) return undefined;
  const { mspId, mspFolder, keystoreFolder, keyProvider, address, tls } = config;
  try {
    const {
      identity,
      signer: own,
      msp,
    } = await loadLocalMsp(mspFolder, mspId, {
      wallMs,
      keyProvider,
      ...(keystoreFolder === undefined ? {} : { keystore: keystoreFolder }),
      ...(signer === undefined ? {} : { signer }),
    });
    const tlsPair =
      (await configuredPair(tls, problems)) ?? (await enrolmentPair(config, identity));
    const asker = { identity, signer: own, msp };
    return { asker, tlsPair, rootCertFile: tls.rootCertFile, address, hasTls: tls.enabled };
  } catch (error) {
    if (!(error instanceof GossipError)) throw error;
    problems.push(...error.problems);
    return undefined;
  }
}

/** The client's pair, else the server's if present: a user has none, but core.yaml names one. */
async function configuredPair(
  tls: ClientConfig["tls"],
  problems: string[],
): Promise<Pair | undefined> {
  const { certFile, keyFile, clientCertFile, clientKeyFile } = tls;
  if (clientCertFile !== undefined || clientKeyFile !== undefined) {
    if (clientCertFile && clientKeyFile) return readPair(clientCertFile, clientKeyFile, problems);
    problems.push(
      "peer.tls.clientCert.file and peer.tls.clientKey.file belong together: set both.",
    );
    return undefined;
  }
  if (!certFile || !keyFile || !existsSync(certFile) || !existsSync(keyFile)) return undefined;
  return readPair(certFile, keyFile, problems);
}

async function enrolmentPair(
  { mspFolder, keystoreFolder = join(mspFolder, "keystore") }: ClientConfig,
  identity: Identity,
): Promise<Pair | undefined> {
  const cert = certificatePem(identity);
  const { publicKey } = new X509Certificate(cert);
  const found = await findPrivateKey(publicKey, keystoreFolder, noFindings());
  if (!("key" in found)) return undefined;
  return { cert, key: Buffer.from(found.key.export({ type: "pkcs8", format: "pem" })) };
}

async function readPair(cert: string, key: string, problems: string[]): Promise<Pair | undefined> {
  const pair = {
    cert: await readPem("The TLS client certificate", cert, readChain, problems),
    key: await readPem("The TLS client key", key, plainKey, problems),
  };
  if (pair.cert === undefined || pair.key === undefined) return undefined;
  checkPair("The TLS client key", key, { cert: pair.cert, key: pair.key }, problems);
  return { cert: pair.cert, key: pair.key };
}

async function ownTlsPair(
  { tlsCert, tlsKey }: ReadChannelOptions,
  own: Pair | undefined,
  problems: string[],
): Promise<Pair | undefined> {
  if (tlsCert === undefined && tlsKey === undefined) return own;
  if (tlsCert !== undefined && tlsKey !== undefined) return readPair(tlsCert, tlsKey, problems);
  problems.push("--tls-cert and --tls-key belong together: give both or neither.");
  return undefined;
}

async function namedAuthorities(
  { tlsCa }: ReadChannelOptions,
  configured: string | undefined,
  problems: string[],
): Promise<readonly Buffer[]> {
  const files = tlsCa ?? (configured ? [configured] : []);
  const what = tlsCa === undefined ? "peer.tls.rootcert.file" : "--tls-ca";
  const read = await Promise.all(files.map((file) => readPem(what, file, readPool, problems)));
  return read.filter((bytes) => bytes !== undefined);
}

type Peer = Omit<ProfilePeer, "mspId">;

function choosePeers(
  { peers: named = [], profile, tlsCa }: ReadChannelOptions,
  known: readonly ProfilePeer[],
  who: Who | undefined,
  rootCas: readonly Buffer[],
  problems: string[],
): readonly Peer[] {
  const isPlain = who?.hasTls === false && tlsCa === undefined;
  const bare = (endpoint: string): Peer => {
    // A file that was given and holds none is a problem already.
    if (rootCas.length === 0 && !isPlain && tlsCa === undefined) {
      problems.push(`${endpoint} needs the CA of its TLS certificate: give it with --tls-ca.`);
    }
    return { name: endpoint, endpoint, tls: isPlain ? undefined : { rootCas } };
  };
  if (named.length > 0) {
    return named.flatMap((word) => {
      const found = known.find(({ name, endpoint }) => name === word || endpoint === word);
      if (found !== undefined) return [found];
      const address = parseHostPort(word);
      if (address !== undefined && address.host !== "" && address.port > 0) return [bare(word)];
      const remedy = profile === undefined ? "write host:port" : "write host:port or a name of it";
      problems.push(`--peer ${word} is no peer: ${remedy}.`);
      return [];
    });
  }
  if (known.length > 0 || profile !== undefined) return known;
  if (who?.address) return [bare(who.address)];
  if (who !== undefined) {
    problems.push("Nothing says which peer to ask: give --peer host:port, or --profile.");
  }
  return [];
}

function checkPairs(peers: readonly Peer[], pair: Pair | undefined, problems: string[]): void {
  const secure = peers.flatMap(({ tls }) => tls ?? []);
  if (secure.length > 0 && pair === undefined) {
    problems.push("Gossip needs a TLS client certificate: give --tls-cert and --tls-key.");
    return;
  }
  for (const tls of secure) {
    try {
      if (pair !== undefined) checkTls(tlsOf(tls, pair));
    } catch (error) {
      if (!(error instanceof GossipError)) throw error;
      problems.push(...error.problems.filter((problem) => !problems.includes(problem)));
    }
  }
}

function tlsOf(tls: NonNullable<Peer["tls"]>, pair: Pair): TlsCredentials {
  return { ...pair, ...tls, clientAuthRequired: false, clientRootCas: [] };
}
