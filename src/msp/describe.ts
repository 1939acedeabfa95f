/** A certificate in words, for `probe`, `decode` and `doctor`. */
import { createHash } from "node:crypto";
import { type AlternativeName, NAME_TYPE } from "./alternative-name.ts";
import { parseCertificate } from "./certificate.ts";
import { decodePem } from "./pem.ts";

export interface CertificateDescription {
  /** RFC 4514 style: `CN=peer0.org1.example.com,OU=peer,O=org1`. */
  readonly subject: string;
  readonly issuer: string;
  /** Lower-case hex. */
  readonly serial: string;
  /** Milliseconds since the epoch. */
  readonly notBeforeMs: number;
  /** Milliseconds since the epoch. */
  readonly notAfterMs: number;
  /** DNS names, addresses, mail addresses and URIs. */
  readonly alternativeNames: readonly string[];
  /** `prime256v1`, `ed25519`, `rsa`, ... */
  readonly key: string;
  readonly isCa: boolean;
  /** SHA-256 of the DER in lower-case hex: what the gossip handshake calls the certificate hash. */
  readonly sha256: string;
}

/** Describes a certificate in DER or the first one in PEM; undefined if it is none. */
export function describeCertificate(bytes: Uint8Array): CertificateDescription | undefined {
  const der = decodePem(bytes)?.der ?? bytes;
  const certificate = parseCertificate(der);
  if (certificate === undefined) return undefined;
  const { subject, issuer, serial, notBeforeMs, notAfterMs, extensions } = certificate;
  return {
    subject: subject.text,
    issuer: issuer.text,
    serial,
    notBeforeMs,
    notAfterMs,
    alternativeNames: extensions.alternativeNames.map(printName),
    key: certificate.curve?.name ?? certificate.publicKey.asymmetricKeyType ?? "unknown",
    isCa: extensions.isCa === true,
    sha256: createHash("sha256").update(der).digest("hex"),
  };
}

function printName({ type, value }: AlternativeName): string {
  if (type !== NAME_TYPE.ip) return Buffer.from(value).toString("latin1");
  if (value.length === 4) return value.join(".");
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((value[2 * i] ?? 0) << 8) | (value[2 * i + 1] ?? 0)).toString(16),
  );
  return groups.join(":");
}
