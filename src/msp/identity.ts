/** Serialized identities (MSP id and certificate text) and their PKI-IDs. */
import { hash } from "node:crypto";
import type { Identity, PkiId } from "../core/types/host.ts";
import { encode } from "../wire/encode.ts";
import { SERIALIZED_IDENTITY } from "../wire/messages.ts";
import type { Certificate } from "./certificate.ts";
import { encodePem } from "./pem.ts";

/**
 * SHA-256 over MSP id and certificate text exactly as received: another line length is another
 * member (spec A 5.1, Fabric's `GetPKIidOfCert`).
 */
export function computePkiId(mspId: string, idBytes: Uint8Array): PkiId {
  // In one call, which takes a third of the time.
  const name = Buffer.from(mspId, "utf8");
  const bytes = Buffer.allocUnsafe(name.length + idBytes.length);
  bytes.set(name);
  bytes.set(idBytes, name.length);
  return hash("sha256", bytes, "hex") as PkiId;
}

/** The identity that an accepted certificate proves. Retains `bytes`: pass a copy. */
export function describeIdentity(
  certificate: Certificate,
  origin: { readonly mspId: string; readonly idBytes: Uint8Array; readonly bytes: Uint8Array },
): Identity {
  return {
    pkiId: computePkiId(origin.mspId, origin.idBytes),
    mspId: origin.mspId,
    certificate: hash("sha256", certificate.tbs),
    bytes: origin.bytes,
    subject: certificate.subject.text,
    serial: certificate.serial,
    notBeforeMs: certificate.notBeforeMs,
    notAfterMs: certificate.notAfterMs,
  };
}

/** Its certificate. */
export function certificatePem({ bytes }: Identity): Buffer {
  const all = Buffer.from(bytes);
  return all.subarray(all.indexOf("-----BEGIN"));
}

/** A SerializedIdentity in the text form a Fabric peer gives its own certificate. */
export function serializeIdentity(
  mspId: string,
  certificateDer: Uint8Array,
): { readonly idBytes: Uint8Array; readonly bytes: Uint8Array } {
  const idBytes = encodePem("CERTIFICATE", certificateDer);
  return { idBytes, bytes: encode(SERIALIZED_IDENTITY, { mspid: mspId, idBytes }) };
}
