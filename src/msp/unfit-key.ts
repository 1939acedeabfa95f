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

/** What to do about the key of a certificate of ours that some peers refuse; undefined: none does. */
export function keyDoubt(file: string, { asymmetricKeyType: type }: KeyObject): string | undefined {
  if (type !== "ed25519") return undefined;
  return (
    `The certificate ${file} has an Ed25519 key, which peers of Fabric 2 refuse, and those of Fabric 3 on ` +
    "channels without the capability V3_0: have one issued for an ECDSA key on P-256, unless there are " +
    "none of these."
  );
}

/** The same as {@link whyUnfit} for the key in a certificate; undefined also if there is none. */
export function whyCertificateUnfit(der: Uint8Array): string | undefined {
  try {
    return whyUnfit(new X509Certificate(der).publicKey);
  } catch {
    return undefined;
  }
}
