/** Checking the signature on a certificate or revocation list. */
import { constants, type KeyObject, verify } from "node:crypto";
import { contextTag, DER_TAG, DerReader } from "./der.ts";

/** Data signed by a CA. */
export interface Signed {
  /** The bytes under the signature. */
  readonly tbs: Uint8Array;
  /** Signature algorithm as dotted identifier. */
  readonly algorithm: string;
  /** Its encoded parameters; undefined: none. */
  readonly parameters?: Uint8Array | undefined;
  readonly signature: Uint8Array;
}

interface Algorithm {
  readonly keyType: "ec" | "rsa" | "ed25519";
  /** Null: the algorithm includes its hash. */
  readonly hash: string | null;
  /** RSA-PSS: as long as the hash. */
  readonly saltLength?: number;
}

/** All ECDSA algorithms that Go knows. */
export const ECDSA_ALGORITHMS: ReadonlyMap<string, Algorithm> = new Map([
  ["1.2.840.10045.4.1", { keyType: "ec", hash: "sha1" }],
  ["1.2.840.10045.4.3.2", { keyType: "ec", hash: "sha256" }],
  ["1.2.840.10045.4.3.3", { keyType: "ec", hash: "sha384" }],
  ["1.2.840.10045.4.3.4", { keyType: "ec", hash: "sha512" }],
] as const);

const RSA_PSS = "1.2.840.113549.1.1.10";
const ED25519 = "1.3.101.112";

/** What Go verifies besides RSA-PSS; it refuses MD5 too. */
const ALGORITHMS: ReadonlyMap<string, Algorithm> = new Map<string, Algorithm>([
  ...ECDSA_ALGORITHMS,
  ["1.2.840.113549.1.1.5", { keyType: "rsa", hash: "sha1" }],
  ["1.3.14.3.2.29", { keyType: "rsa", hash: "sha1" }],
  ["1.2.840.113549.1.1.11", { keyType: "rsa", hash: "sha256" }],
  ["1.2.840.113549.1.1.12", { keyType: "rsa", hash: "sha384" }],
  ["1.2.840.113549.1.1.13", { keyType: "rsa", hash: "sha512" }],
  [ED25519, { keyType: "ed25519", hash: null }],
]);

const PSS_HASHES: ReadonlyMap<string, Algorithm> = new Map<string, Algorithm>([
  ["2.16.840.1.101.3.4.2.1", { keyType: "rsa", hash: "sha256", saltLength: 32 }],
  ["2.16.840.1.101.3.4.2.2", { keyType: "rsa", hash: "sha384", saltLength: 48 }],
  ["2.16.840.1.101.3.4.2.3", { keyType: "rsa", hash: "sha512", saltLength: 64 }],
]);

/** Like Go, smaller RSA keys are rejected. */
const RSA_BITS_MIN = 1_024;

/** The content of an AlgorithmIdentifier; bytes after the parameters are ignored. */
export function readAlgorithm(reader: DerReader): Pick<Signed, "algorithm" | "parameters"> {
  const algorithm = reader.readOid();
  return { algorithm, parameters: reader.isEmpty ? undefined : reader.readAny().whole };
}

/**
 * Whether the key made the signature. SHA-1 counts only on revocation lists: Go refuses it on
 * certificates.
 */
export function isCertifiedBy(signed: Signed, key: KeyObject, sha1: "refuse" | "accept"): boolean {
  const algorithm = findAlgorithm(signed);
  if (algorithm === undefined || algorithm.keyType !== key.asymmetricKeyType) return false;
  if (algorithm.hash === "sha1" && sha1 === "refuse") return false;
  const { hash, saltLength } = algorithm;
  if (algorithm.keyType === "rsa" && bitsOf(key) < RSA_BITS_MIN) return false;
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength };
  try {
    // Pass the bare key where possible: for an options object, Node throws and catches errors.
    const how = saltLength === undefined ? key : { key, ...pss };
    return verify(hash, signed.tbs, how, signed.signature);
  } catch {
    // OpenSSL throws on some malformed signatures: they are invalid.
    return false;
  }
}

/** What Go does not believe a signature on a certificate for, whoever made it; undefined: nothing. */
export function weaknessOf(signed: Signed): string | undefined {
  const algorithm = findAlgorithm(signed);
  if (algorithm === undefined) return `the algorithm ${signed.algorithm}`;
  return algorithm.hash === "sha1" ? "SHA-1" : undefined;
}

function bitsOf(key: KeyObject): number {
  return key.asymmetricKeyDetails?.modulusLength ?? 0;
}

function findAlgorithm({ algorithm, parameters }: Signed): Algorithm | undefined {
  if (algorithm === ED25519 && parameters !== undefined) return undefined;
  return algorithm === RSA_PSS ? findPss(parameters) : ALGORITHMS.get(algorithm);
}

/**
 * The three RSA-PSS variants that Go supports: one hash for both uses, and a salt of its length.
 */
function findPss(parameters: Uint8Array | undefined): Algorithm | undefined {
  try {
    const reader = new DerReader(parameters ?? new Uint8Array(0)).enter(DER_TAG.sequence);
    const hash = readHash(reader.enter(contextTag(0, true)).enter(DER_TAG.sequence));
    const mask = reader.enter(contextTag(1, true)).enter(DER_TAG.sequence);
    if (mask.readOid() !== MASK_FUNCTION || readHash(mask.enter(DER_TAG.sequence)) !== hash) {
      return undefined;
    }
    const salt = reader.enter(contextTag(2, true)).readSmallInteger();
    const trailer = contextTag(3, true);
    const trailerField = reader.isNext(trailer) ? reader.enter(trailer).readSmallInteger() : 1;
    const found = PSS_HASHES.get(hash);
    return found?.saltLength === salt && trailerField === 1 ? found : undefined;
  } catch {
    // Unreadable parameters match no algorithm.
    return undefined;
  }
}

const MASK_FUNCTION = "1.2.840.113549.1.1.8";

/** The hash of an AlgorithmIdentifier that has no parameters, or NULL. */
function readHash(reader: DerReader): string {
  const hash = reader.readOid();
  const isPlain =
    reader.isEmpty || (reader.isNext(DER_TAG.null) && reader.readAny().content.length === 0);
  return isPlain ? hash : "";
}
