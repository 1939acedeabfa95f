/** Made-up identities and signatures for tests of the core: cheap, and good where nobody attacks. */
import { createSeededRandom } from "../../simulation/random.ts";
import { equalBytes, toHex } from "../wire/bytes.ts";
import { decode } from "../wire/decode.ts";
import { encode } from "../wire/encode.ts";
import { SERIALIZED_IDENTITY } from "../wire/messages.ts";
import { accept, reject } from "../wire/verdict.ts";
import type { Crypto, Identity, PkiId, Random } from "./types/host.ts";

const UTF8 = new TextEncoder();
const TEXT = new TextDecoder();
export const EPOCH_MS = 1_800_000_000_000;
const FAR_FUTURE_MS = EPOCH_MS + 3_650 * 86_400_000;

/** Random numbers that a seed determines. */
export const seededRandom: (seed: number) => Random = createSeededRandom;

/** An identity whose certificate is just its name and expiry, written out. */
export function testIdentity(mspId: string, name: string, notAfterMs = FAR_FUTURE_MS): Identity {
  const bytes = encode(SERIALIZED_IDENTITY, {
    mspid: mspId,
    idBytes: UTF8.encode(`${name}|${notAfterMs}`),
  });
  return identityOf(bytes);
}

/** Worlds judge the same few identities over and over again. */
const known = new Map<string, Identity>();

function identityOf(bytes: Uint8Array): Identity {
  const key = toHex(bytes);
  const identity = known.get(key) ?? readIdentity(bytes);
  known.set(key, identity);
  return identity;
}

function readIdentity(bytes: Uint8Array): Identity {
  const decoded = decode(SERIALIZED_IDENTITY, bytes);
  const { mspid, idBytes } = decoded.ok ? decoded.value : { mspid: "", idBytes: bytes };
  const [name = "", notAfter = "0"] = TEXT.decode(idBytes).split("|");
  return {
    pkiId: hashHex(bytes) as PkiId,
    mspId: mspid,
    // What stands behind a "#" is but text around the certificate.
    certificate: hashHex(UTF8.encode(`${mspid} ${name.split("#")[0]}|${notAfter}`)),
    bytes: bytes.slice(),
    subject: `CN=${name}`,
    serial: "01",
    notBeforeMs: 0,
    notAfterMs: Number(notAfter),
  };
}

/** One of thousands of names that nobody asks an identity of. */
export function numberedPkiId(number: number): PkiId {
  return number.toString(16).padStart(64, "0") as PkiId;
}

/** FNV-1a, spread over 32 bytes: a stand-in for SHA-256 where nobody attacks. */
function hashHex(bytes: Uint8Array): string {
  let text = "";
  for (let salt = 0; salt < 8; salt++) {
    let hash = 0x811c9dc5 ^ Math.imul(salt, 0x9e3779b1);
    for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x01000193);
    text += (hash >>> 0).toString(16).padStart(8, "0");
  }
  return text;
}

/** The signature of a made-up identity: a hash of its PKI-ID and the payload, in eight bytes. */
export function testSignature(pkiId: PkiId, payload: Uint8Array): Uint8Array {
  let [a, b] = [saltOf(pkiId), 0x9e3779b9];
  for (let i = 0; i < payload.length; i++) {
    a = Math.imul(a ^ (payload[i] ?? 0), 0x01000193);
    b = Math.imul(b ^ a, 0x85ebca6b);
  }
  const signature = new Uint8Array(8);
  const view = new DataView(signature.buffer);
  view.setUint32(0, a);
  view.setUint32(4, b ^ (b >>> 15));
  return signature;
}

const salts = new Map<PkiId, number>();

function saltOf(pkiId: PkiId): number {
  const known = salts.get(pkiId);
  if (known !== undefined) return known;
  let salt = 0x811c9dc5;
  for (let i = 0; i < pkiId.length; i++) salt = Math.imul(salt ^ pkiId.charCodeAt(i), 0x01000193);
  salts.set(pkiId, salt);
  return salt;
}

/** Believes identities of the given MSPs, except the revoked ones. Counts its checks. */
export interface TestCrypto extends Crypto {
  readonly trusted: Set<string>;
  readonly revoked: Set<PkiId>;
  checks: number;
}

export function testCrypto(...trustedMsps: readonly string[]): TestCrypto {
  const trusted = new Set(trustedMsps);
  const revoked = new Set<PkiId>();
  const crypto: TestCrypto = {
    trusted,
    revoked,
    checks: 0,
    identify(bytes) {
      const identity = identityOf(bytes);
      if (!trusted.has(identity.mspId)) return reject("identity-unknown-msp");
      return revoked.has(identity.pkiId) ? reject("identity-revoked") : accept(identity);
    },
    verify(identity, payload, signature) {
      crypto.checks += 1;
      return equalBytes(signature, testSignature(identity.pkiId, payload));
    },
  };
  return crypto;
}
