/** The public key of a certificate: the kinds that Go knows, and their encoding. */
import { createPublicKey, type KeyObject } from "node:crypto";
import { fromHex } from "../wire/bytes.ts";
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
/** How a key on P-256 begins, up to its point: nearly every certificate in Fabric has one. */
const P256_HEAD = fromHex("3059301306072a8648ce3d020106082a8648ce3d03010703420004");
const P256_KEY_BYTES = 91;
const P256 = findCurve("1.2.840.10045.3.1.7");
const ED25519_KEY_BYTES = 32;
const NULL = Uint8Array.of(5, 0);

/**
 * The key in a SubjectPublicKeyInfo. Parts that Go ignores are removed, since OpenSSL would refuse
 * them. Throws if Fabric could not use the key.
 */
export function readPublicKey(der: Uint8Array): PublicKey {
  if (der.length === P256_KEY_BYTES && P256_HEAD.every((byte, at) => der[at] === byte)) {
    return { publicKey: createPublicKey(toPem(der)), curve: P256 };
  }
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

const LINE_CHARACTERS = 64;

/**
 * Given DER, Node throws and catches errors to detect the format; their stack traces triple the
 * time. PEM text is recognised at once.
 */
function toPem(der: Uint8Array): string {
  const base64 = Buffer.from(der.buffer, der.byteOffset, der.length).toString("base64");
  let text = "-----BEGIN PUBLIC KEY-----\n";
  for (let at = 0; at < base64.length; at += LINE_CHARACTERS) {
    text += `${base64.slice(at, at + LINE_CHARACTERS)}\n`;
  }
  return `${text}-----END PUBLIC KEY-----\n`;
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
