/**
 * Synthetic certificates and cheap signatures. Only the holder of the signing function can sign,
 * which is all a simulation needs. Every certificate of a world is issued here, so the truth
 * about an identity can be looked up.
 */

import type { Crypto, Identity, PkiId } from "../src/core/types/host.ts";
import { equalBytes } from "../src/wire/bytes.ts";
import { decode } from "../src/wire/decode.ts";
import { encode } from "../src/wire/encode.ts";
import { SERIALIZED_IDENTITY } from "../src/wire/messages.ts";
import { parsePkiId } from "../src/wire/received.ts";
import { accept, reject } from "../src/wire/verdict.ts";
import { rememberedIn } from "./remembered.ts";

/** An issued certificate and its owner. */
export interface Issued {
  /** Counts the certificates of this world from 0. */
  readonly index: number;
  /** The member it was issued to. */
  readonly owner: number;
  readonly identity: Identity;
  readonly request: CertificateRequest;
  /** The same certificate with different surrounding text, by number. */
  readonly aliases: Map<number, Identity>;
  /** Signs; the signature contains `number`, which identifies the message on the wire. */
  readonly sign: (payload: Uint8Array, number: number) => Uint8Array;
}

export interface CertificateRequest {
  readonly mspId: string;
  readonly name: string;
  readonly owner: number;
  readonly notAfterMs: number;
}

export interface SimulatedAuthority {
  readonly issued: readonly Issued[];
  issue(request: CertificateRequest): Issued;
  /** The owner of the certificate behind a PKI-ID, which may be an alias. */
  find(pkiId: string): Issued | undefined;
  /** The same certificate with different surrounding text, hence another PKI-ID. */
  alias(issued: Issued, number: number): Identity;
  /** One member's judgement: its own trust and its own revocation list. */
  crypto(isTrusted: (mspId: string) => boolean, revoked: ReadonlyMap<PkiId, unknown>): Crypto;
}

/** Typical length of a DER signature on P-256, in bytes. */
export const SIGNATURE_BYTES = 70;
/** Offset of the number within a signature. */
export const NUMBER_AT = 8;
/** Approximate length of the PEM text of a P-256 certificate, in bytes. */
const CERTIFICATE_BYTES = 800;

const UTF8 = new TextEncoder();
const SEPARATOR = "|".charCodeAt(0);
const ZERO = "0".charCodeAt(0);

/** `size`: members of the world, unless it is large. */
export function createAuthority(seed: number, size?: number): SimulatedAuthority {
  const issued: Issued[] = [];
  const byPkiId = new Map<string, Issued>();
  /** A world holds one object per identity. */
  const keys = new Map<Identity, number>();
  const isSignedWith = createSignatureCheck(rememberedIn(size));

  const identityOf = createLookup(issued);

  return {
    issued,

    issue(request) {
      const index = issued.length;
      const identity = makeIdentity(index, request);
      const key = hash(UTF8.encode(`${seed}/${index}`), 0x5bd1e995);
      const sign: Issued["sign"] = (payload, number) => signature(payload, key, number);
      const { owner } = request;
      const certificate = { index, owner, identity, request, sign, aliases: new Map() };
      issued.push(certificate);
      byPkiId.set(identity.pkiId, certificate);
      keys.set(identity, key);
      return certificate;
    },

    find: (pkiId) => byPkiId.get(pkiId),

    alias(of, number) {
      const identity = of.aliases.get(number) ?? makeAlias(of, number);
      of.aliases.set(number, identity);
      byPkiId.set(identity.pkiId, of);
      keys.set(identity, keys.get(of.identity) ?? 0);
      return identity;
    },

    crypto: (isTrusted, revoked) => ({
      identify(bytes) {
        const identity = identityOf(bytes);
        if (identity === undefined) return reject("identity-invalid");
        if (!isTrusted(identity.mspId)) return reject("identity-unknown-msp");
        const { pkiId } = byPkiId.get(identity.pkiId)?.identity ?? identity;
        return revoked.has(pkiId) ? reject("identity-revoked") : accept(identity);
      },
      verify(identity, payload, given) {
        const key = keys.get(identity);
        return key !== undefined && isSignedWith(key, payload, given);
      },
    }),
  };
}

/** Finds the identity with these bytes. */
function createLookup(issued: readonly Issued[]): (bytes: Uint8Array) => Identity | undefined {
  /** The very bytes that each was last found by: members that share a message ask with the same ones. */
  const foundBy: Uint8Array[] = [];

  function find(bytes: Uint8Array): Identity | undefined {
    const decoded = decode(SERIALIZED_IDENTITY, bytes);
    if (!decoded.ok) return undefined;
    const found = issued[serialOf(decoded.value.idBytes)];
    if (found !== undefined && equalBytes(found.identity.bytes, bytes)) return found.identity;
    return [...(found?.aliases.values() ?? [])].find((alias) => equalBytes(alias.bytes, bytes));
  }

  return (bytes) => {
    const serial = serialOf(bytes, certificateAt(bytes));
    const known = issued[serial]?.identity;
    if (known !== undefined && foundBy[serial] === bytes) return known;
    const identity = find(bytes);
    if (identity !== undefined && identity === known) foundBy[serial] = bytes;
    return identity;
  };
}

/** Members that share a message check it once: nobody changes bytes that were sent. */
function createSignatureCheck(
  remembered: number,
): (key: number, payload: Uint8Array, given: Uint8Array) => boolean {
  type Right = { readonly key: number; readonly payload: Uint8Array; readonly given: Uint8Array };
  const right = new Array<Right | undefined>(remembered);
  return (key, payload, given) => {
    if (given.length !== SIGNATURE_BYTES) return false;
    const number = numberAt(given, NUMBER_AT);
    const known = right[number % remembered];
    if (known?.payload === payload && known.given === given && known.key === key) return true;
    const isRight = isSignature(given, payload, key, number);
    if (isRight) right[number % remembered] = { key, payload, given };
    return isRight;
  };
}

function makeIdentity(
  index: number,
  { mspId, name, notAfterMs }: CertificateRequest,
  around = "",
): Identity {
  const text = `${index}|${name}|${notAfterMs}|${around}`;
  const idBytes = UTF8.encode(text.padEnd(CERTIFICATE_BYTES, "."));
  const bytes = encode(SERIALIZED_IDENTITY, { mspid: mspId, idBytes });
  const pkiId = parsePkiId(digest(bytes));
  if (pkiId === undefined) throw new Error("a digest has 32 bytes");
  return {
    pkiId,
    mspId,
    certificate: pkiId,
    bytes,
    subject: `CN=${name}`,
    serial: index.toString(16),
    notBeforeMs: 0,
    notAfterMs,
  };
}

/** 32 bytes that stand for SHA-256. */
export function digest(bytes: Uint8Array): Uint8Array {
  const made = new Uint8Array(32);
  const view = new DataView(made.buffer);
  for (let word = 0; word < 8; word++) view.setUint32(word * 4, hash(bytes, word));
  return made;
}

function makeAlias({ identity, index, request }: Issued, number: number): Identity {
  const { certificate } = identity;
  return { ...makeIdentity(index, request, `alias ${number}`), certificate };
}

/** The number at the start of a certificate, which begins there. */
function serialOf(bytes: Uint8Array, at = 0): number {
  let serial = 0;
  for (let i = at; i < at + 8; i++) {
    const byte = bytes[i] ?? 0;
    if (byte === SEPARATOR) return serial;
    serial = serial * 10 + byte - ZERO;
  }
  return -1;
}

/** Where the certificate begins in an identity with a short MSP-ID: behind two tags and three bytes of lengths. */
function certificateAt(bytes: Uint8Array): number {
  return 2 + (bytes[1] ?? 0) + 3;
}

function signature(payload: Uint8Array, key: number, number: number): Uint8Array {
  const bytes = new Uint8Array(SIGNATURE_BYTES);
  const first = hash(payload, key ^ number);
  putNumber(bytes, 0, first);
  putNumber(bytes, 4, hashWord(first, key));
  putNumber(bytes, NUMBER_AT, number);
  return bytes;
}

/** Whether these, of the right length and with this number in them, are the bytes of {@link signature}. */
function isSignature(given: Uint8Array, payload: Uint8Array, key: number, number: number): boolean {
  const first = hash(payload, key ^ number);
  if (numberAt(given, 0) !== first || numberAt(given, 4) !== hashWord(first, key)) return false;
  for (let i = NUMBER_AT + 4; i < SIGNATURE_BYTES; i++) if (given[i] !== 0) return false;
  return true;
}

function putNumber(bytes: Uint8Array, at: number, number: number): void {
  bytes[at] = number;
  bytes[at + 1] = number >>> 8;
  bytes[at + 2] = number >>> 16;
  bytes[at + 3] = number >>> 24;
}

/** Reads a little-endian uint32 at this offset. */
export function numberAt(bytes: Uint8Array, at: number): number {
  return wordAt(bytes, at) >>> 0;
}

/** FNV-1a over words of four bytes, salted, with a final mixing step. It need not resist attacks. */
function hash(bytes: Uint8Array, salt: number): number {
  let state = 0x811c9dc5 ^ Math.imul(salt, 0x9e3779b1);
  for (let i = 0; i < bytes.length; i += 4) state = taken(state, wordAt(bytes, i));
  return mixed(state, bytes.length);
}

/** The same of the four bytes of one word. */
function hashWord(word: number, salt: number): number {
  return mixed(taken(0x811c9dc5 ^ Math.imul(salt, 0x9e3779b1), word), 4);
}

function taken(state: number, word: number): number {
  return Math.imul(state ^ word, 0x01000193) ^ (state >>> 15);
}

function mixed(state: number, length: number): number {
  const last = Math.imul(state ^ length ^ (state >>> 16), 0x85ebca6b);
  return (last ^ (last >>> 13)) >>> 0;
}

/** Reads four bytes at this offset; bytes beyond the end are zero. */
function wordAt(bytes: Uint8Array, at: number): number {
  const low = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
  return low | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
}
