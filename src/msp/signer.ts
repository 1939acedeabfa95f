/** Signing with a key in this process. */
import assert from "node:assert/strict";
import { type KeyObject, sign } from "node:crypto";
import { findCurve, toLowS } from "./signatures.ts";

/**
 * Signs with an ECDSA or Ed25519 private key, as Fabric peers verify it (spec A 4.2): ECDSA over
 * SHA-256 whatever the curve, DER with low S; Ed25519 over the payload itself, 64 bytes.
 */
export function createSigner(privateKey: KeyObject): (payload: Uint8Array) => Uint8Array {
  if (privateKey.asymmetricKeyType === "ed25519") {
    return (payload) => sign(null, payload, privateKey);
  }
  const curve = findCurve(privateKey.asymmetricKeyDetails?.namedCurve);
  assert(curve, "createSigner takes an ECDSA key on a NIST curve or an Ed25519 key");
  return (payload) => {
    const signature = toLowS(sign("sha256", payload, privateKey), curve);
    assert(signature, "OpenSSL makes well-formed signatures");
    return signature;
  };
}
