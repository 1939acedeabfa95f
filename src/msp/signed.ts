/** Checking the signature on a certificate or revocation list. */
import { type KeyObject, verify } from "node:crypto";

/** Something a CA signed. */
export interface Signed {
  /** The bytes under the signature. */
  readonly tbs: Uint8Array;
  /** Signature algorithm as dotted identifier. */
  readonly algorithm: string;
  readonly signature: Uint8Array;
}

interface Algorithm {
  readonly keyType: "ec" | "rsa" | "ed25519";
  /** Null: the algorithm hashes by itself. */
  readonly hash: string | null;
}

/** What Go verifies, except RSA-PSS, which no Fabric CA produces; MD5 is refused there too. */
const ALGORITHMS: ReadonlyMap<string, Algorithm> = new Map<string, Algorithm>([
  ["1.2.840.10045.4.1", { keyType: "ec", hash: "sha1" }],
  ["1.2.840.10045.4.3.2", { keyType: "ec", hash: "sha256" }],
  ["1.2.840.10045.4.3.3", { keyType: "ec", hash: "sha384" }],
  ["1.2.840.10045.4.3.4", { keyType: "ec", hash: "sha512" }],
  ["1.2.840.113549.1.1.5", { keyType: "rsa", hash: "sha1" }],
  ["1.2.840.113549.1.1.11", { keyType: "rsa", hash: "sha256" }],
  ["1.2.840.113549.1.1.12", { keyType: "rsa", hash: "sha384" }],
  ["1.2.840.113549.1.1.13", { keyType: "rsa", hash: "sha512" }],
  ["1.3.101.112", { keyType: "ed25519", hash: null }],
]);

/**
 * Whether the key made the signature. SHA-1 counts only on revocation lists: Go refuses it on
 * certificates.
 */
export function isSignedBy(signed: Signed, key: KeyObject, sha1: "refuse" | "accept"): boolean {
  const algorithm = ALGORITHMS.get(signed.algorithm);
  if (algorithm === undefined || algorithm.keyType !== key.asymmetricKeyType) return false;
  if (algorithm.hash === "sha1" && sha1 === "refuse") return false;
  try {
    return verify(algorithm.hash, signed.tbs, key, signed.signature);
  } catch {
    // OpenSSL throws on some malformed signatures; they verify nothing.
    return false;
  }
}
