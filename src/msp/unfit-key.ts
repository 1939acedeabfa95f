/** Key types that Fabric does not support. */
import { type KeyObject, X509Certificate } from "node:crypto";
import { findCurve } from "./signatures.ts";

/** Why Fabric rejects a key of this kind; undefined if it accepts it. */
export function whyUnfit(key: KeyObject): string | undefined {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === "ed25519" || (type === "ec" && findCurve(details?.namedCurve))) return undefined;
  if (type === "ec")
    return `an ECDSA key on the curve ${details?.namedCurve ?? "of its own making"}`;
  return `${type === "rsa" || type === "rsa-pss" ? "an RSA" : `a ${type ?? "strange"}`} key`;
}

/** The same for the key in a certificate; undefined also if there is none. */
export function whyCertificateUnfit(der: Uint8Array): string | undefined {
  try {
    return whyUnfit(new X509Certificate(der).publicKey);
  } catch {
    return undefined;
  }
}
