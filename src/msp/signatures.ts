/**
 * Signatures of identities. ECDSA ones have the form Fabric wants: DER, and of the two values of s that verify, the low
 * one (spec A 4.2, Fabric's `bccsp/utils/ecdsa.go`). OpenSSL makes high ones half of the time.
 */
import { type KeyObject, verify } from "node:crypto";
import type { Crypto, Identity } from "../core/types/host.ts";
import { EMPTY_BYTES, fromHex } from "../wire/bytes.ts";
import { DER_TAG, encodeDer, findDerContent } from "./der.ts";

/** A curve, with what the low-S rule needs. */
export interface Curve {
  /** OpenSSL's name: `prime256v1`, ... */
  readonly name: string;
  /** Dotted identifier. */
  readonly oid: string;
  /** Order of the curve, big-endian, without leading zeros. */
  readonly order: Uint8Array;
  /** The largest s that counts as low: the order halved, rounded down. */
  readonly halfOrder: Uint8Array;
}

/** P-224, P-256, P-384 and P-521: all that Fabric knows. */
const CURVES: readonly Curve[] = [
  curve("secp224r1", "1.3.132.0.33", "ffffffffffffffffffffffffffff16a2e0b8f03e13dd29455c5c2a3d"),
  curve(
    "prime256v1",
    "1.2.840.10045.3.1.7",
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
  ),
  curve(
    "secp384r1",
    "1.3.132.0.34",
    "ffffffffffffffffffffffffffffffffffffffffffffffff" +
      "c7634d81f4372ddf581a0db248b0a77aecec196accc52973",
  ),
  curve(
    "secp521r1",
    "1.3.132.0.35",
    "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff" +
      "a51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
  ),
];

function curve(name: string, oid: string, order: string): Curve {
  const half = (BigInt(`0x${order}`) >> 1n).toString(16);
  return {
    name,
    oid,
    order: fromHex(order),
    halfOrder: fromHex(half.length % 2 === 0 ? half : `0${half}`),
  };
}

/** The curve of this name or dotted identifier; undefined for one Fabric does not know. */
export function findCurve(nameOrOid: string | undefined): Curve | undefined {
  return CURVES.find(({ name, oid }) => name === nameOrOid || oid === nameOrOid);
}

/** Where r and s stand in a signature, without leading zeros, and where the signature ends. */
interface Parts {
  readonly rStart: number;
  readonly rEnd: number;
  readonly sStart: number;
  readonly sEnd: number;
  /** Whether the signature contains only r and s. */
  readonly isExact: boolean;
}

/** End of the positive, minimal integer at `at`; -1 if there is none. */
function endOfInteger(bytes: Uint8Array, at: number, limit: number): number {
  const length = bytes[at + 1];
  // The largest integer of our curves has 66 bytes, so a long length is never right.
  if (bytes[at] !== DER_TAG.integer || length === undefined || length === 0 || length >= 0x80) {
    return -1;
  }
  const end = at + 2 + length;
  const first = bytes[at + 2] ?? 0;
  const second = bytes[at + 3] ?? 0;
  if (end > limit || first >= 0x80) return -1;
  if (first === 0 && (length === 1 || second < 0x80)) return -1;
  return end;
}

/** Content of the sequence. Its length takes one byte, but for P-521 or if anything follows r and s. */
function contentOf(signature: Uint8Array): ReturnType<typeof findDerContent> {
  const length = signature[1] ?? 0;
  if (signature[0] !== DER_TAG.sequence) return undefined;
  if (length >= 0x80) return findDerContent(signature, 0);
  const end = 2 + length;
  return end > signature.length ? undefined : { start: 2, end };
}

/**
 * Like Go's parser: strict DER, positive numbers, but what follows r and s, in the sequence or
 * after it, is passed over.
 */
function readParts(signature: Uint8Array): Parts | undefined {
  const content = contentOf(signature);
  if (content === undefined) return undefined;
  const rEnd = endOfInteger(signature, content.start, content.end);
  if (rEnd < 0) return undefined;
  const sEnd = endOfInteger(signature, rEnd, content.end);
  if (sEnd < 0) return undefined;
  const rStart = content.start + 2;
  const sStart = rEnd + 2;
  return {
    rStart: signature[rStart] === 0 ? rStart + 1 : rStart,
    rEnd,
    sStart: signature[sStart] === 0 ? sStart + 1 : sStart,
    sEnd,
    isExact: sEnd === signature.length && content.end === sEnd,
  };
}

function isAtMost(bytes: Uint8Array, start: number, end: number, limit: Uint8Array): boolean {
  if (end - start !== limit.length) return end - start < limit.length;
  for (let i = 0; i < limit.length; i++) {
    const difference = (bytes[start + i] ?? 0) - (limit[i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return true;
}

function encodeInteger(magnitude: Uint8Array): Uint8Array {
  const isHigh = (magnitude[0] ?? 0) >= 0x80;
  return encodeDer(DER_TAG.integer, isHigh ? Uint8Array.of(0) : EMPTY_BYTES, magnitude);
}

function encodeSignature(r: Uint8Array, s: Uint8Array): Uint8Array {
  return encodeDer(DER_TAG.sequence, encodeInteger(r), encodeInteger(s));
}

/** order - s, without leading zeros. `s` must be below the order. */
function negate(s: Uint8Array, order: Uint8Array): Uint8Array {
  const result = new Uint8Array(order.length);
  let borrow = 0;
  for (let i = 1; i <= order.length; i++) {
    const digit = (order.at(-i) ?? 0) - (i > s.length ? 0 : (s.at(-i) ?? 0)) - borrow;
    borrow = digit < 0 ? 1 : 0;
    result[order.length - i] = digit & 0xff;
  }
  const first = result.findIndex((byte) => byte !== 0);
  return result.subarray(first < 0 ? result.length : first);
}

/**
 * The signature in canonical DER if Fabric would go on to verify it: decodable and low-S. Returns
 * the same bytes in the usual case. Undefined: refuse without verifying.
 */
export function acceptableSignature(signature: Uint8Array, curve: Curve): Uint8Array | undefined {
  const parts = readParts(signature);
  if (parts === undefined) return undefined;
  if (!isAtMost(signature, parts.sStart, parts.sEnd, curve.halfOrder)) return undefined;
  return parts.isExact ? signature : canonicalSignature(signature);
}

/** Whether a signature is r and s and nothing else, in DER. */
export function isCanonical(signature: Uint8Array): boolean {
  return readParts(signature)?.isExact === true;
}

/** Re-encodes r and s only, without changing s; undefined if they are unreadable. */
export function canonicalSignature(signature: Uint8Array): Uint8Array | undefined {
  const parts = readParts(signature);
  if (parts === undefined) return undefined;
  return encodeSignature(
    signature.subarray(parts.rStart, parts.rEnd),
    signature.subarray(parts.sStart, parts.sEnd),
  );
}

/** The same signature with low S, in canonical DER; undefined if it cannot be read. */
export function toLowS(signature: Uint8Array, curve: Curve): Uint8Array | undefined {
  const parts = readParts(signature);
  if (parts === undefined || !isAtMost(signature, parts.sStart, parts.sEnd, curve.order)) {
    return undefined;
  }
  const s = signature.subarray(parts.sStart, parts.sEnd);
  const isLow = isAtMost(signature, parts.sStart, parts.sEnd, curve.halfOrder);
  if (isLow && parts.isExact) return signature;
  const r = signature.subarray(parts.rStart, parts.rEnd);
  return encodeSignature(r, isLow ? s : negate(s, curve.order));
}

const ED25519_SIGNATURE_BYTES = 64;

export interface VerifyKey {
  readonly key: KeyObject;
  /** Undefined: Ed25519. */
  readonly curve: Curve | undefined;
}

/** Checks signatures with cached keys of judged identities; `keyOf` finds others. */
export function createVerifier(keyOf: (identity: Identity) => VerifyKey | undefined): {
  note(identity: Identity, key: VerifyKey): void;
  verify: Crypto["verify"];
} {
  const keys = new WeakMap<Identity, VerifyKey>();
  return {
    note: (identity, key) => keys.set(identity, key),
    verify: (identity, payload, signature) => {
      if (payload.length === 0 || signature.length === 0) return false;
      const known = keys.get(identity) ?? keyOf(identity);
      if (known === undefined) return false;
      keys.set(identity, known);
      return isSignature(known, payload, signature);
    },
  };
}

function isSignature(
  { key, curve }: VerifyKey,
  payload: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (curve === undefined) {
    return signature.length === ED25519_SIGNATURE_BYTES && verify(null, payload, key, signature);
  }
  const acceptable = acceptableSignature(signature, curve);
  return acceptable !== undefined && verify("sha256", payload, key, acceptable);
}
