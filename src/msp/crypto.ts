/** The core's `Crypto`, over the MSPs we trust: judges identities and checks their signatures. */
import { hash, type KeyObject, verify } from "node:crypto";
import type { Crypto, Identity } from "../core/types/host.ts";
import { BoundedMap } from "../lib/bounded-map.ts";
import { decode } from "../wire/decode.ts";
import { SERIALIZED_IDENTITY } from "../wire/messages.ts";
import { accept } from "../wire/verdict.ts";
import { parseCertificate } from "./certificate.ts";
import { acceptableSignature, type Curve } from "./ecdsa.ts";
import { describeIdentity } from "./identity.ts";
import {
  type Judgement,
  judgeIdentity,
  type Recognized,
  type Refusal,
  recognizeIdentity,
  refuse,
} from "./judge.ts";
import type { Msp } from "./msp.ts";
import { decodePem } from "./pem.ts";

/** A verdict that can say why in words, for `why` and `doctor`. */
export type IdentityVerdict = { readonly ok: true; readonly value: Identity } | Refusal;

export interface MspCrypto extends Crypto {
  identify(bytes: Uint8Array): IdentityVerdict;
  /** Replaces the trusted MSPs; every verdict from then on is by the new ones. */
  setTrust(msps: readonly Msp[]): void;
  /** The same for the organisations of channels, which come and go with their configurations. */
  setChannelTrust(msps: readonly Msp[]): void;
}

/** Maximum identity size; an enrolment certificate has 1 KB. */
const IDENTITY_BYTES_MAX = 65_536;

/**
 * Larger identities are judged anew each time, so that 10_000 remembered ones take 80 MB at worst
 * (usually 15).
 */
const REMEMBERED_BYTES_MAX = 8_192;
const ACCEPTED_MAX = 10_000;

/** A separate cache, so that invalid identities evict only invalid ones. */
const REFUSED_MAX = 1_000;

const ED25519_SIGNATURE_BYTES = 64;

interface VerifyKey {
  readonly key: KeyObject;
  /** Undefined: Ed25519. */
  readonly curve: Curve | undefined;
}

/** Judges identities by these MSPs, ours first: see {@link judgeIdentity}. */
export function createCrypto(msps: readonly Msp[]): MspCrypto {
  let trusted = msps;
  let ofChannels: readonly Msp[] = [];
  const accepted = new BoundedMap<string, IdentityVerdict>(ACCEPTED_MAX);
  const refused = new BoundedMap<string, IdentityVerdict>(REFUSED_MAX);
  const keys = new WeakMap<Identity, VerifyKey>();

  const judge = (bytes: Uint8Array): IdentityVerdict => {
    const judged = judgeBytes(trusted, ofChannels, bytes);
    if (!judged.ok) return judged;
    keys.set(judged.value.identity, judged.value.verifyKey);
    return accept(judged.value.identity);
  };

  return {
    identify(bytes) {
      if (bytes.length > IDENTITY_BYTES_MAX) {
        return refuse("identity-malformed", `it is larger than ${IDENTITY_BYTES_MAX} bytes`);
      }
      if (bytes.length > REMEMBERED_BYTES_MAX) return judge(bytes);
      const name = hash("sha256", bytes, "base64");
      const known = recall(accepted, name) ?? recall(refused, name);
      if (known !== undefined) return known;
      const verdict = judge(bytes);
      (verdict.ok ? accepted : refused).set(name, verdict);
      return verdict;
    },

    verify(identity, payload, signature) {
      if (payload.length === 0 || signature.length === 0) return false;
      const known = keys.get(identity) ?? keyOf(identity);
      if (known === undefined) return false;
      keys.set(identity, known);
      return isSignature(known, payload, signature);
    },

    setTrust(next) {
      trusted = next;
      accepted.clear();
      refused.clear();
    },

    setChannelTrust(next) {
      ofChannels = next;
      accepted.clear();
      refused.clear();
    },
  };
}

interface Judged {
  readonly identity: Identity;
  readonly verifyKey: VerifyKey;
}

function judgeBytes(
  msps: readonly Msp[],
  ofChannels: readonly Msp[],
  bytes: Uint8Array,
): Judgement<Judged> {
  const decoded = decode(SERIALIZED_IDENTITY, bytes);
  if (!decoded.ok) return refuse("identity-malformed", "it is no SerializedIdentity");
  const { mspid, idBytes } = decoded.value;
  const judged = judgeEverywhere(msps, ofChannels, mspid, idBytes);
  if (!judged.ok) return judged;
  const { certificate } = judged.value;
  // A copy: the bytes may be a view of a received frame. (Buffer's own slice() copies nothing.)
  const origin = { mspId: mspid, idBytes, bytes: new Uint8Array(bytes) };
  const verifyKey = { key: certificate.publicKey, curve: certificate.curve };
  return accept({ identity: describeIdentity(certificate, origin), verifyKey });
}

/**
 * Our own MSPs decide alone of whom they recognise; otherwise one channel that accepts him is enough.
 * A revocation list holds wherever it stands: the certificate's own CA has signed it.
 */
function judgeEverywhere(
  msps: readonly Msp[],
  ofChannels: readonly Msp[],
  mspId: string,
  idBytes: Uint8Array,
): Judgement<Recognized> {
  let verdict = judgeIdentity(msps, mspId, idBytes);
  const others = ofChannels.filter((msp) => msp.mspId === mspId);
  const isDecided = msps.some((msp) => msp.mspId === mspId && recognizeIdentity(msp, idBytes).ok);
  for (const msp of verdict.ok || isDecided ? [] : others) {
    verdict = judgeIdentity([msp], mspId, idBytes);
    if (verdict.ok) break;
  }
  if (!verdict.ok) return verdict;
  for (const msp of others) {
    const other = judgeIdentity([msp], mspId, idBytes);
    if (!other.ok && other.code === "identity-revoked") return other;
  }
  return verdict;
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

/** The key of an identity that somebody else judged: our own, which `loadLocalMsp` made. */
function keyOf(identity: Identity): VerifyKey | undefined {
  const decoded = decode(SERIALIZED_IDENTITY, identity.bytes);
  const block = decoded.ok ? decodePem(decoded.value.idBytes) : undefined;
  const certificate = block && parseCertificate(block.der);
  return certificate && { key: certificate.publicKey, curve: certificate.curve };
}

/** A cached value, moved to the end of the eviction order. */
function recall(
  verdicts: BoundedMap<string, IdentityVerdict>,
  name: string,
): IdentityVerdict | undefined {
  const verdict = verdicts.get(name);
  if (verdict === undefined) return undefined;
  verdicts.set(name, verdict);
  return verdict;
}
