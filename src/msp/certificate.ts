/**
 * One X.509 certificate, taken apart once. Two parsers must agree: OpenSSL's (through node:crypto)
 * makes the key and the dates, our strict reader the rest, which node:crypto does not show.
 */
import { type KeyObject, X509Certificate } from "node:crypto";
import { toHex } from "../wire/bytes.ts";
import { contextTag, DerFault, DerReader, encodeDer, TAG } from "./der.ts";
import { type DistinguishedName, readDistinguishedName } from "./distinguished-name.ts";
import { type Curve, canonicalSignature, findCurve, toLowS } from "./ecdsa.ts";
import { type Extensions, readExtensionList, readExtensions } from "./extensions.ts";
import type { Signed } from "./signed.ts";

export interface Certificate extends Signed {
  readonly der: Uint8Array;
  /** X.509 version, 1 to 3. */
  readonly version: number;
  /** Lower-case hex, at least one byte. */
  readonly serial: string;
  readonly issuer: DistinguishedName;
  readonly subject: DistinguishedName;
  /** Milliseconds since the epoch. */
  readonly notBeforeMs: number;
  /** Milliseconds since the epoch. */
  readonly notAfterMs: number;
  readonly publicKey: KeyObject;
  /** SubjectPublicKeyInfo as it stands. */
  readonly publicKeyDer: Uint8Array;
  /** The curve of an ECDSA key; undefined for other kinds of key. */
  readonly curve: Curve | undefined;
  readonly extensions: Extensions;
}

/** The certificate in these bytes; undefined if Fabric's parser or OpenSSL's would refuse it. */
export function parseCertificate(der: Uint8Array): Certificate | undefined {
  try {
    // A plain view: taking parts of a Buffer is four times slower.
    return readCertificate(new Uint8Array(der.buffer, der.byteOffset, der.length));
  } catch {
    // The bytes are a stranger's: whatever went wrong with them, they are no certificate.
    return undefined;
  }
}

function readCertificate(der: Uint8Array): Certificate {
  const outer = new DerReader(der);
  const reader = outer.enter(TAG.sequence);
  if (!outer.isEmpty) throw new DerFault("bytes after the certificate");
  const tbs = reader.readElement(TAG.sequence);
  const algorithmDer = reader.readElement(TAG.sequence).whole;
  const signature = reader.readBitBytes();

  const body = new DerReader(tbs.content);
  const versionDer = body.readOptional(contextTag(0, true));
  const version = versionDer === undefined ? 1 : 1 + new DerReader(versionDer).readSmallInteger();
  if (version > 3) throw new DerFault("unknown version");
  const serial = body.readInteger();
  if ((serial[0] ?? 0) >= 0x80) throw new DerFault("negative serial number");
  if (!Buffer.from(body.readElement(TAG.sequence).whole).equals(algorithmDer)) {
    throw new DerFault("two signature algorithms");
  }
  const issuer = readDistinguishedName(body.readElement(TAG.sequence).whole);
  body.read(TAG.sequence); // Validity: OpenSSL reads the dates below.
  const subject = readDistinguishedName(body.readElement(TAG.sequence).whole);
  const publicKeyDer = body.readElement(TAG.sequence).whole;
  const extensions = readExtensions(version === 3 ? readTrailer(body) : []);

  return {
    der,
    tbs: tbs.whole,
    algorithm: new DerReader(algorithmDer).enter(TAG.sequence).readOid(),
    signature,
    version,
    serial: toHex(serial.length > 1 && serial[0] === 0 ? serial.subarray(1) : serial),
    issuer,
    subject,
    publicKeyDer,
    extensions,
    curve: readCurve(publicKeyDer),
    ...openWithOpenSsl(der),
  };
}

/** What may follow the public key: two unique identifiers nobody uses, and the extensions. */
function readTrailer(body: DerReader): ReturnType<typeof readExtensionList> {
  body.readOptional(contextTag(1, false));
  body.readOptional(contextTag(2, false));
  const wrapped = body.readOptional(contextTag(3, true));
  if (wrapped === undefined) return [];
  return readExtensionList(new DerReader(wrapped).enter(TAG.sequence));
}

/** OpenSSL's text for a date that is none. */
const BAD_TIME = "Bad time value";

function openWithOpenSsl(der: Uint8Array) {
  const opened = new X509Certificate(der);
  // The dates of what OpenSSL cannot read are left to chance by Node.js (24.21): ask the texts first.
  if ([opened.validFrom, opened.validTo].includes(BAD_TIME)) throw new DerFault("malformed dates");
  const notBeforeMs = opened.validFromDate.getTime();
  const notAfterMs = opened.validToDate.getTime();
  if (Number.isNaN(notBeforeMs) || Number.isNaN(notAfterMs)) throw new DerFault("malformed dates");
  return { notBeforeMs, notAfterMs, publicKey: opened.publicKey };
}

const EC_KEY = "1.2.840.10045.2.1";
const UNCOMPRESSED_POINT = 0x04;

/** The curve of an ECDSA key; undefined for other keys. Go takes named curves and plain points. */
function readCurve(publicKeyDer: Uint8Array): Curve | undefined {
  const reader = new DerReader(publicKeyDer).enter(TAG.sequence);
  const algorithm = reader.enter(TAG.sequence);
  if (algorithm.readOid() !== EC_KEY) return undefined;
  const curve = findCurve(algorithm.readOid());
  const [form] = reader.readBitBytes();
  if (curve === undefined || form !== UNCOMPRESSED_POINT) throw new DerFault("unusable EC key");
  return curve;
}

const ECDSA_ALGORITHMS = "1.2.840.10045.4.";

/** Whether the issuer signed with ECDSA: then Fabric checks chain and form more strictly. */
export function isEcdsaSigned(certificate: Signed): boolean {
  return certificate.algorithm.startsWith(ECDSA_ALGORITHMS);
}

/** Whether the issuer's ECDSA signature is in canonical DER; true for other algorithms. */
export function hasCanonicalSignature(certificate: Certificate): boolean {
  if (!isEcdsaSigned(certificate)) return true;
  const canonical = canonicalSignature(certificate.signature);
  return canonical !== undefined && Buffer.from(canonical).equals(certificate.signature);
}

/**
 * The certificate with its issuer's signature in low-S form: what Fabric compares, hashes and sends
 * (`sanitizeECDSASignedCert`). The same object in the usual case.
 */
export function sanitizeCertificate(certificate: Certificate, issuer: Certificate): Certificate {
  if (!isEcdsaSigned(certificate) || issuer.curve === undefined) return certificate;
  const low = toLowS(certificate.signature, issuer.curve);
  if (low === undefined || Buffer.from(low).equals(certificate.signature)) return certificate;
  const outer = new DerReader(certificate.der).enter(TAG.sequence);
  const tbs = outer.readAny().whole;
  const algorithm = outer.readAny().whole;
  const bits = encodeDer(TAG.bitString, Uint8Array.of(0), low);
  const der = encodeDer(TAG.sequence, tbs, algorithm, bits);
  return { ...certificate, der, signature: low };
}
