/**
 * One X.509 certificate, taken apart once, exactly as strictly as Go's parser does: members of a
 * network must agree who is one. OpenSSL, which takes and refuses other ones, makes nothing but the
 * key.
 */
import type { KeyObject } from "node:crypto";
import { copyBytes, equalBytes, toHex } from "../wire/bytes.ts";
import { contextTag, DER_TAG, DerFault, DerReader, encodeDer } from "./der.ts";
import { readTime } from "./der-time.ts";
import { type DistinguishedName, readDistinguishedName } from "./distinguished-name.ts";
import {
  type Extensions,
  type RawExtension,
  readExtensionList,
  readExtensions,
} from "./extensions.ts";
import { readPublicKey } from "./public-key.ts";
import { type Curve, isCanonical, toLowS } from "./signatures.ts";
import { ECDSA_ALGORITHMS, readAlgorithm, type Signed } from "./signed.ts";

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

/** The certificate in these bytes; undefined if Fabric's parser would refuse it, or its key. */
export function parseCertificate(der: Uint8Array): Certificate | undefined {
  try {
    // A plain view: taking parts of a Buffer is four times slower.
    return readCertificate(new Uint8Array(der.buffer, der.byteOffset, der.length));
  } catch {
    // Untrusted bytes: any parse failure means that they are no certificate.
    return undefined;
  }
}

function readCertificate(der: Uint8Array): Certificate {
  const outer = new DerReader(der);
  const reader = outer.enter(DER_TAG.sequence);
  if (!outer.isEmpty) throw new DerFault("bytes after the certificate");
  const tbs = reader.readElement(DER_TAG.sequence);
  const algorithm = reader.read(DER_TAG.sequence);
  const signature = reader.readBitBytes();

  const body = new DerReader(tbs.content);
  const version = readVersion(body);
  const serial = body.readInteger();
  if ((serial[0] ?? 0) >= 0x80) throw new DerFault("negative serial number");
  if (!equalBytes(body.read(DER_TAG.sequence), algorithm)) {
    throw new DerFault("two signature algorithms");
  }
  const issuer = readIssuer(body.readElement(DER_TAG.sequence).whole);
  const validity = body.enter(DER_TAG.sequence);
  const notBeforeMs = readTime(validity);
  const notAfterMs = readTime(validity);
  const subject = readDistinguishedName(body.readElement(DER_TAG.sequence).whole);
  const publicKeyDer = body.readElement(DER_TAG.sequence).whole;
  const extensions = readExtensions(readTrailer(body, version));
  const { publicKey, curve } = readPublicKey(publicKeyDer);
  const signed = readAlgorithm(new DerReader(algorithm));

  return {
    der,
    tbs: tbs.whole,
    algorithm: signed.algorithm,
    parameters: signed.parameters,
    signature,
    version,
    serial: toHex(serial.length > 1 && serial[0] === 0 ? serial.subarray(1) : serial),
    issuer,
    subject,
    notBeforeMs,
    notAfterMs,
    publicKeyDer,
    extensions,
    publicKey,
    curve,
  };
}

/** The issuer read last: certificates of one CA follow each other. */
let lastIssuer: DistinguishedName | undefined;

function readIssuer(der: Uint8Array): DistinguishedName {
  if (lastIssuer === undefined || !equalBytes(lastIssuer.der, der)) {
    lastIssuer = readDistinguishedName(copyBytes(der));
  }
  return lastIssuer;
}

function readVersion(body: DerReader): number {
  const tag = contextTag(0, true);
  if (!body.isNext(tag)) return 1;
  const wrapped = body.enter(tag);
  const version = 1 + wrapped.readSmallInteger();
  if (version < 1 || version > 3 || !wrapped.isEmpty) throw new DerFault("unknown version");
  return version;
}

/**
 * What may follow the public key: two unique identifiers nobody uses, and the extensions. Go passes
 * over what its version does not know, and whatever comes after.
 */
function readTrailer(body: DerReader, version: number): readonly RawExtension[] {
  if (version > 1) {
    body.readOptional(contextTag(1, false));
    body.readOptional(contextTag(2, false));
  }
  const wrapped = contextTag(3, true);
  if (version < 3 || !body.isNext(wrapped)) return [];
  return readExtensionList(body.enter(wrapped).enter(DER_TAG.sequence));
}

/** Whether the issuer signed with ECDSA: then Fabric checks chain and form more strictly. */
export function isEcdsaSigned({ algorithm }: Signed): boolean {
  return ECDSA_ALGORITHMS.has(algorithm);
}

/** Whether the issuer's ECDSA signature is in canonical DER; true for other algorithms. */
export function hasCanonicalSignature(certificate: Certificate): boolean {
  return !isEcdsaSigned(certificate) || isCanonical(certificate.signature);
}

/**
 * The certificate with its issuer's signature in low-S form: what Fabric compares, hashes and sends
 * (`sanitizeECDSASignedCert`). The same object in the usual case.
 */
export function sanitizeCertificate(certificate: Certificate, issuer: Certificate): Certificate {
  if (!isEcdsaSigned(certificate) || issuer.curve === undefined) return certificate;
  const low = toLowS(certificate.signature, issuer.curve);
  if (low === undefined || equalBytes(low, certificate.signature)) return certificate;
  const outer = new DerReader(certificate.der).enter(DER_TAG.sequence);
  const tbs = outer.readAny().whole;
  const algorithm = outer.readAny().whole;
  const bits = encodeDer(DER_TAG.bitString, Uint8Array.of(0), low);
  const der = encodeDer(DER_TAG.sequence, tbs, algorithm, bits);
  return { ...certificate, der, signature: low };
}

/**
 * Whether Fabric can give the certificate low S. It encodes it anew for that, with another library
 * than it reads it with, which is stricter in a few places that no CA makes use of.
 */
export function canBeSanitized(certificate: Certificate, issuer: Certificate): boolean {
  if (sanitizeCertificate(certificate, issuer) === certificate) return true;
  try {
    const outer = new DerReader(certificate.der).enter(DER_TAG.sequence);
    return (
      isBodyPlain(outer.enter(DER_TAG.sequence)) && isAlgorithmPlain(outer.enter(DER_TAG.sequence))
    );
  } catch {
    // Go's `encoding/asn1` would not read this either.
    return false;
  }
}

const FIELDS_UP_TO_KEY = 6;

function isBodyPlain(body: DerReader): boolean {
  body.readOptional(contextTag(0, true));
  for (let i = 0; i < FIELDS_UP_TO_KEY; i++) body.readAny();
  for (const tag of [contextTag(1, false), contextTag(2, false)]) {
    if (body.isNext(tag)) body.readBits(tag);
  }
  const wrapped = contextTag(3, true);
  if (body.isNext(wrapped)) readExtensionList(body.enter(wrapped).enter(DER_TAG.sequence));
  else if (!body.isEmpty) return isTailPlain(body);
  return true;
}

/** Where extensions would be. */
function isTailPlain(body: DerReader): boolean {
  return body.readAny().content.length > 0 || !body.isEmpty;
}

function isAlgorithmPlain(algorithm: DerReader): boolean {
  readAlgorithm(algorithm);
  return algorithm.isEmpty;
}
