/** The public key of a certificate: the kinds that Go knows, and their encoding. */
import { createPublicKey, type KeyObject } from "node:crypto";
import { DER_TAG, DerFault, DerReader, encodeDer } from "./der.ts";
import { type Curve, findCurve } from "./signatures.ts";

interface PublicKey {
  readonly publicKey: KeyObject;
  /** The curve of an ECDSA key; undefined for other kinds of key. */
  readonly curve: Curve | undefined;
}

const EC_KEY = "1.2.840.10045.2.1";
const RSA_KEY = "1.2.840.113549.1.1.1";
const ED25519_KEY = "1.3.101.112";

const UNCOMPRESSED_POINT = 0x04;
const ED25519_KEY_BYTES = 32;
const NULL = Uint8Array.of(5, 0);

/**
 * The key in a SubjectPublicKeyInfo. Parts that Go ignores are removed, since OpenSSL would refuse
 * them. Throws if Fabric could not use the key.
 */
export function readPublicKey(der: Uint8Array): PublicKey {
  const reader = new DerReader(der).enter(DER_TAG.sequence);
  const algorithm = reader.enter(DER_TAG.sequence);
  const { whole: type } = algorithm.readElement(DER_TAG.oid);
  const parameters = algorithm.isEmpty ? undefined : algorithm.readAny().whole;
  const bytes = reader.readBitBytes();
  const oid = new DerReader(type).readOid();
  if (oid === EC_KEY) return readEcKey(type, parameters, bytes);
  const isSound =
    (oid === RSA_KEY && Buffer.from(parameters ?? []).equals(NULL)) ||
    (oid === ED25519_KEY && parameters === undefined && bytes.length === ED25519_KEY_BYTES);
  if (!isSound) throw new DerFault("unusable key");
  const key = oid === RSA_KEY ? rsaKey(bytes) : bytes;
  return { publicKey: importKey([type, parameters], key), curve: undefined };
}

/** Go takes named curves and plain points. */
function readEcKey(
  type: Uint8Array,
  parameters: Uint8Array | undefined,
  point: Uint8Array,
): PublicKey {
  const curve = findCurve(new DerReader(parameters ?? NULL).readOid());
  if (curve === undefined || point[0] !== UNCOMPRESSED_POINT) {
    throw new DerFault("unusable EC key");
  }
  return { publicKey: importKey([type, parameters], point), curve };
}

/** Modulus and exponent and nothing else. */
function rsaKey(bytes: Uint8Array): Uint8Array {
  const numbers = new DerReader(bytes).enter(DER_TAG.sequence);
  const [modulus, exponent] = [numbers.readInteger(), numbers.readInteger()];
  const isPositive = (number: Uint8Array) =>
    (number[0] ?? 0) < 0x80 && number.some((byte) => byte > 0);
  if (!isPositive(modulus) || !isPositive(exponent) || exponent.length > 8) {
    throw new DerFault("unusable RSA key");
  }
  return encodeDer(
    DER_TAG.sequence,
    encodeDer(DER_TAG.integer, modulus),
    encodeDer(DER_TAG.integer, exponent),
  );
}

/**
 * Given DER, Node throws and catches errors to detect the format; their stack traces triple the
 * time. PEM text is recognised at once.
 */
function toPem(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN PUBLIC KEY-----\n${lines.join("\n")}\n-----END PUBLIC KEY-----\n`;
}

function importKey(algorithm: readonly (Uint8Array | undefined)[], bytes: Uint8Array): KeyObject {
  const parts = algorithm.filter((part) => part !== undefined);
  const info = encodeDer(
    DER_TAG.sequence,
    encodeDer(DER_TAG.sequence, ...parts),
    encodeDer(DER_TAG.bitString, Uint8Array.of(0), bytes),
  );
  return createPublicKey(toPem(info));
}
