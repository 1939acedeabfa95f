/** Certificates for the tests of this folder, the broken ones too. Not part of the package. */
import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { parseCertificate } from "./certificate.ts";
import { contextTag, DER_TAG, encodeDer } from "./der.ts";
import type { MspFile, MspMaterial } from "./msp.ts";
import { encodePem } from "./pem.ts";

export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export const makeKeys = (curve = "P-256"): KeyPair =>
  curve === "ed25519"
    ? generateKeyPairSync("ed25519")
    : generateKeyPairSync("ec", { namedCurve: curve });

/** A certificate with its key. */
export interface Made extends KeyPair {
  readonly name: Uint8Array;
  readonly der: Uint8Array;
  readonly pem: Uint8Array;
}

export interface Wish {
  readonly commonName: string;
  readonly units?: readonly string[];
  /** Instead of a name made of these two. */
  readonly subject?: Uint8Array;
  /** Undefined: self-signed. */
  readonly issuer?: Made;
  readonly keys?: KeyPair;
  readonly isCa?: boolean;
  readonly pathLengthMax?: number;
  readonly extendedKeyUsage?: readonly string[];
  /** Bits of keyUsage, the first one highest; undefined: no such extension. */
  readonly keyUsage?: number;
  readonly hasKeyId?: boolean;
  readonly extensions?: readonly Uint8Array[];
  readonly serial?: number;
  readonly notBefore?: string;
  readonly notAfter?: string;
  /** Signed with SHA-1 instead of SHA-256. */
  readonly isSha1?: boolean;
  /** Called with the issuer's signature; what it returns goes into the certificate. */
  readonly reshape?: (signature: Uint8Array) => Uint8Array;
}

export const seq = (...parts: readonly Uint8Array[]): Uint8Array =>
  encodeDer(DER_TAG.sequence, ...parts);

export function oid(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap((arc) => {
    const digits = [arc % 128];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) {
      digits.unshift(0x80 | (left % 128));
    }
    return digits;
  });
  return encodeDer(DER_TAG.oid, Uint8Array.from(bytes));
}

const text = (tag: number, value: string): Uint8Array => encodeDer(tag, Buffer.from(value));
const integer = (value: number): Uint8Array =>
  encodeDer(DER_TAG.integer, Uint8Array.of(...(value < 0x80 ? [] : [value >> 8]), value & 0xff));

export const makeName = (commonName: string, units: readonly string[] = []): Uint8Array =>
  seq(
    ...units.map((unit) => attribute("2.5.4.11", unit)),
    ...(commonName === "" ? [] : [attribute("2.5.4.3", commonName)]),
  );

const attribute = (type: string, value: string): Uint8Array =>
  encodeDer(DER_TAG.set, seq(oid(type), text(DER_TAG.utf8String, value)));

export function makeExtension(type: string, value: Uint8Array, isCritical = false): Uint8Array {
  const critical = isCritical ? [encodeDer(DER_TAG.boolean, Uint8Array.of(0xff))] : [];
  return seq(oid(type), ...critical, encodeDer(DER_TAG.octetString, value));
}

export const alternativeNames = (...names: readonly string[]): Uint8Array =>
  makeExtension("2.5.29.17", seq(...names.map((name) => text(contextTag(2, false), name))));

export const keyIdOf = (publicKey: KeyObject): Uint8Array =>
  createHash("sha256")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest();

function extensionsOf(wish: Wish, publicKey: KeyObject): readonly Uint8Array[] {
  const list = [...(wish.extensions ?? [])];
  if (wish.isCa !== undefined) {
    const ca = wish.isCa ? [encodeDer(DER_TAG.boolean, Uint8Array.of(0xff))] : [];
    const length = wish.pathLengthMax === undefined ? [] : [integer(wish.pathLengthMax)];
    list.push(makeExtension("2.5.29.19", seq(...ca, ...length), true));
  }
  if (wish.keyUsage !== undefined) {
    list.push(
      makeExtension("2.5.29.15", encodeDer(DER_TAG.bitString, Uint8Array.of(0, wish.keyUsage))),
    );
  }
  if (wish.extendedKeyUsage !== undefined) {
    list.push(makeExtension("2.5.29.37", seq(...wish.extendedKeyUsage.map(oid))));
  }
  if (wish.hasKeyId ?? wish.isCa === true) {
    list.push(makeExtension("2.5.29.14", encodeDer(DER_TAG.octetString, keyIdOf(publicKey))));
  }
  return list;
}

/** Algorithm and signature by the key: ECDSA with SHA-256, or Ed25519. */
function signWith(
  key: KeyObject,
  tbs: Uint8Array,
  isSha1 = false,
): { algorithm: Uint8Array; bits: Uint8Array } {
  if (isSha1) return { algorithm: seq(oid("1.2.840.10045.4.1")), bits: sign("sha1", tbs, key) };
  if (key.asymmetricKeyType === "ed25519") {
    return { algorithm: seq(oid("1.3.101.112")), bits: sign(null, tbs, key) };
  }
  return { algorithm: seq(oid("1.2.840.10045.4.3.2")), bits: sign("sha256", tbs, key) };
}

const bitString = (bytes: Uint8Array): Uint8Array =>
  encodeDer(DER_TAG.bitString, Uint8Array.of(0), bytes);

let lastSerial = 0x1000;

export function makeCertificate(wish: Wish): Made {
  const keys = wish.keys ?? makeKeys();
  const issuerKey = wish.issuer?.privateKey ?? keys.privateKey;
  const name = wish.subject ?? makeName(wish.commonName, wish.units);
  const extensions = extensionsOf(wish, keys.publicKey);
  const { algorithm } = signWith(issuerKey, name, wish.isSha1);
  const tbs = seq(
    encodeDer(contextTag(0, true), integer(2)),
    integer(wish.serial ?? ++lastSerial),
    algorithm,
    wish.issuer?.name ?? name,
    seq(
      text(0x18, wish.notBefore ?? "20200101000000Z"),
      text(0x18, wish.notAfter ?? "20600101000000Z"),
    ),
    name,
    keys.publicKey.export({ type: "spki", format: "der" }),
    ...(extensions.length > 0 ? [encodeDer(contextTag(3, true), seq(...extensions))] : []),
  );
  const { bits } = signWith(issuerKey, tbs, wish.isSha1);
  const der = seq(tbs, algorithm, bitString(wish.reshape?.(bits) ?? bits));
  return { ...keys, name, der, pem: encodePem("CERTIFICATE", der) };
}

/** A revocation list; a `keyId` of null leaves its authority key identifier out. */
export function makeRevocationList(
  issuer: Made,
  serials: readonly number[],
  keyId: Uint8Array | null = keyIdOf(issuer.publicKey),
): Uint8Array {
  const { algorithm } = signWith(issuer.privateKey, issuer.name);
  const time = text(0x17, "200101000000Z");
  const entries = serials.map((serial) => seq(integer(serial), time));
  const authority =
    keyId && makeExtension("2.5.29.35", seq(encodeDer(contextTag(0, false), keyId)));
  const tbs = seq(
    integer(1),
    algorithm,
    issuer.name,
    time,
    ...(entries.length > 0 ? [seq(...entries)] : []),
    ...(authority === null ? [] : [encodeDer(contextTag(0, true), seq(authority))]),
  );
  return encodePem(
    "X509 CRL",
    seq(tbs, algorithm, bitString(signWith(issuer.privateKey, tbs).bits)),
  );
}

export const fileOf = (made: Made, name = "file.pem"): MspFile => ({ name, bytes: made.pem });

/** The material of an MSP whose administrators need no certificates in it. */
export const materialOf = (
  roots: readonly Made[],
  more: Partial<MspMaterial> = {},
): MspMaterial => ({
  mspId: "OrgMSP",
  rootCerts: roots.map((root) => fileOf(root, "root.pem")),
  roleUnits: new Map([
    ["peer", { unit: "peer", certificate: undefined }],
    ["admin", { unit: "admin", certificate: undefined }],
  ]),
  ...more,
});

/** The parsed certificate; the test fails if there is none. */
export function parsed(made: Made): NonNullable<ReturnType<typeof parseCertificate>> {
  const certificate = parseCertificate(made.der);
  if (certificate === undefined) throw new Error("the certificate does not parse");
  return certificate;
}

/** A new folder with these files, gone after the test. */
export async function makeFolder(test: TestContext, files: Files): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "msp-"));
  test.after(() => rm(folder, { recursive: true }));
  for (const [name, content] of Object.entries(files)) {
    if (content === undefined) continue;
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  return folder;
}

/** The root CA of the folder that {@link peerFolder} describes. */
export const root = makeCertificate({ commonName: "ca.org", isCa: true });

export const makePeer = (wish: Partial<Wish> = {}): Made =>
  makeCertificate({ commonName: "peer0.org", units: ["peer"], issuer: root, serial: 500, ...wish });

/** The peer whose folder it is. */
export const peer = makePeer();

export const keyPem = (made: Made, type: "pkcs8" | "sec1" = "pkcs8"): string | Uint8Array =>
  made.privateKey.export({ format: "pem", type });

export const CONFIG = `
NodeOUs:
  Enable: true
  ClientOUIdentifier: {OrganizationalUnitIdentifier: client}
  PeerOUIdentifier: {Certificate: cacerts/ca.pem, OrganizationalUnitIdentifier: peer}
  AdminOUIdentifier: {OrganizationalUnitIdentifier: admin}
  OrdererOUIdentifier: {OrganizationalUnitIdentifier: ""}
`;

export type Files = Readonly<Record<string, Uint8Array | string | undefined>>;

/** The MSP folder of a peer, with some files changed or (undefined) missing. */
export const peerFolder = (changes: Files = {}, made: Made = peer): Files => ({
  "cacerts/ca.pem": root.pem,
  "signcerts/peer.pem": made.pem,
  "keystore/key.pem": keyPem(made),
  "config.yaml": CONFIG,
  ...changes,
});
