/** cryptogen's folder layout, and functions that write it. */
import { createPrivateKey, type KeyObject } from "node:crypto";
import { dirname, join } from "node:path";
import { makeFolder } from "../lib/make-folder.ts";
import { fileFault, readSmallFile } from "../lib/small-file.ts";
import { writeWhole } from "../lib/write-whole.ts";
import { type Authority, parseForIssuing } from "./generate-certificate.ts";
import { decodePem, encodePem } from "./pem.ts";
import { plainKey } from "./private-key.ts";

/** The folders of one member: a peer or a user. */
export interface MemberFolder {
  /** Common name of its certificates, `peer0.org1.example.com` or `User1@org1.example.com`. */
  readonly name: string;
  readonly folder: string;
  readonly mspFolder: string;
  /** Enrolment certificate, PEM. */
  readonly certFile: string;
  /** Enrolment key, PEM. */
  readonly keyFile: string;
  /** TLS certificate, PEM. */
  readonly tlsCertFile: string;
  /** TLS key, PEM. */
  readonly tlsKeyFile: string;
  /** The organisation's TLS CA, PEM. */
  readonly tlsCaFile: string;
}

/** The folders of one organisation. */
export interface OrganisationFolder {
  readonly domain: string;
  readonly folder: string;
  /** The organisation's MSP folder, also for others, who need it to accept our members. */
  readonly mspFolder: string;
  /** CA of enrolment certificates: PEM of certificate and key. */
  readonly ca: AuthorityFiles;
  /** CA of TLS certificates. */
  readonly tlsCa: AuthorityFiles;
  /** Of its orderers, if it is an organisation of orderers. */
  readonly peersFolder: string;
  readonly usersFolder: string;
}

export interface AuthorityFiles {
  readonly name: string;
  readonly certFile: string;
  readonly keyFile: string;
}

const KEY_FILE = "priv_sk";
export const CONFIG_FILE = "config.yaml";

/** Kind of an organisation's nodes; determines folder names. */
export type OrganisationKind = "peer" | "orderer";

export function organisationFolder(
  folder: string,
  domain: string,
  kind: OrganisationKind = "peer",
): OrganisationFolder {
  const authority = (subfolder: string, name: string): AuthorityFiles => ({
    name,
    certFile: join(folder, subfolder, certFileName(name)),
    keyFile: join(folder, subfolder, KEY_FILE),
  });
  return {
    domain,
    folder,
    mspFolder: join(folder, "msp"),
    ca: authority("ca", `ca.${domain}`),
    tlsCa: authority("tlsca", `tlsca.${domain}`),
    peersFolder: join(folder, `${kind}s`),
    usersFolder: join(folder, "users"),
  };
}

/** `parent` is the folder of peers or users; TLS files of peers are `server.*`, else `client.*`. */
export function memberFolder(parent: string, name: string, tlsName: string): MemberFolder {
  const folder = join(parent, name);
  return {
    name,
    folder,
    mspFolder: join(folder, "msp"),
    certFile: join(folder, "msp", "signcerts", certFileName(name)),
    keyFile: join(folder, "msp", "keystore", KEY_FILE),
    tlsCertFile: join(folder, "tls", `${tlsName}.crt`),
    tlsKeyFile: join(folder, "tls", `${tlsName}.key`),
    tlsCaFile: join(folder, "tls", "ca.crt"),
  };
}

export function certFileName(name: string): string {
  return `${name}-cert.pem`;
}

/** Writes a certificate or list, readable by all. The file appears whole or not at all. */
export async function writePem(file: string, type: string, der: Uint8Array): Promise<void> {
  await writeInFolder(file, encodePem(type, der), 0o644);
}

/** Writes a private key as PKCS#8, readable by its owner only. */
export async function writeKey(file: string, key: KeyObject): Promise<void> {
  await writeInFolder(file, key.export({ type: "pkcs8", format: "pem" }), 0o600);
}

export async function writeText(file: string, text: string): Promise<void> {
  await writeInFolder(file, text, 0o644);
}

async function writeInFolder(
  file: string,
  content: string | Uint8Array,
  mode: number,
): Promise<void> {
  await makeFolder(dirname(file));
  await writeWhole(file, content, mode);
}

/** The CA in these files; throws if they are not as we or cryptogen write them. */
export async function readAuthority({ certFile, keyFile }: AuthorityFiles): Promise<Authority> {
  const block = decodePem(await readNamedFile(certFile));
  if (block?.type !== "CERTIFICATE") throw new Error(`${certFile} holds no certificate`);
  const key = plainKey(await readNamedFile(keyFile));
  if (typeof key === "string") throw new Error(`${keyFile} cannot be used: ${key}`);
  return { certificate: parseForIssuing(block.der), privateKey: createPrivateKey(key) };
}

export const FILE_BYTES_MAX = 1_048_576;

/** Throws in words what is wrong with the file. */
export async function readNamedFile(file: string): Promise<Buffer> {
  const outcome = await readSmallFile(file, FILE_BYTES_MAX);
  if (typeof outcome === "string") throw new Error(`${file} ${fileFault(outcome)}`);
  return outcome;
}
