/** The core's `Crypto`, over the MSPs we trust: judges identities and checks their signatures. */
import { hash } from "node:crypto";
import type { Crypto, Identity } from "../core/types/host.ts";
import { BoundedMap } from "../lib/bounded-map.ts";
import { decode } from "../wire/decode.ts";
import { SERIALIZED_IDENTITY } from "../wire/messages.ts";
import { accept } from "../wire/verdict.ts";
import { parseCertificate } from "./certificate.ts";
import { describeIdentity } from "./identity.ts";
import { type Judgement, judgeEverywhere, type Refusal, refuse, textOf } from "./judge.ts";
import type { Msp } from "./msp.ts";
import { decodePem } from "./pem.ts";
import { countJudge, findReading, keepReading, type Reading } from "./readings.ts";
import { createVerifier, type VerifyKey } from "./signatures.ts";

/** A verdict with its reason in words, for `why` and `doctor`. */
type IdentityVerdict = { readonly ok: true; readonly value: Identity } | Refusal;

export interface MspCrypto extends Crypto {
  identify(bytes: Uint8Array, areKept?: boolean): IdentityVerdict;
  /** Replaces the trusted MSPs; all later verdicts use the new ones. */
  setTrust(msps: readonly Msp[]): void;
  /** The same for the organisations of channels, which come and go with their configurations. */
  setChannelTrust(msps: readonly Msp[]): void;
  /** Its member has ended: those that are left share what they read without it. */
  close(): void;
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

/** Judges identities by these MSPs, ours first: see {@link judgeIdentity}. */
export function createCrypto(msps: readonly Msp[]): MspCrypto {
  let trusted = msps;
  let ofChannels: readonly Msp[] = [];
  const accepted = new BoundedMap<string, IdentityVerdict>(ACCEPTED_MAX);
  const refused = new BoundedMap<string, IdentityVerdict>(REFUSED_MAX);
  const verifier = createVerifier(keyOf);

  // Counted when it first judges: a member whose start fails is never closed.
  let uncount: (() => void) | undefined;
  let isClosed = false;

  const judge = (bytes: Uint8Array, areKept: boolean, name?: string): IdentityVerdict => {
    if (!isClosed) uncount ??= countJudge();
    const known = name === undefined ? undefined : findReading(name);
    const judged = known
      ? judgeReading(trusted, ofChannels, known)
      : judgeBytes(trusted, ofChannels, bytes, areKept);
    if (!judged.ok) return judged;
    const { identity, verifyKey } = judged.value;
    if (name !== undefined && known === undefined) keepReading(name, judged.value);
    verifier.note(identity, verifyKey);
    return accept(identity);
  };

  return {
    identify(bytes, areKept = false) {
      if (bytes.length > IDENTITY_BYTES_MAX) {
        return refuse("identity-malformed", `it is larger than ${IDENTITY_BYTES_MAX} bytes`);
      }
      if (bytes.length > REMEMBERED_BYTES_MAX) return judge(bytes, areKept);
      const name = hash("sha256", bytes, "base64");
      const known = recall(accepted, name) ?? recall(refused, name);
      if (known !== undefined) return known;
      const verdict = judge(bytes, areKept, name);
      (verdict.ok ? accepted : refused).set(name, verdict);
      return verdict;
    },

    verify: verifier.verify,

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

    close() {
      isClosed = true;
      uncount?.();
    },
  };
}

/** The same verdict as on its bytes. */
function judgeReading(
  msps: readonly Msp[],
  ofChannels: readonly Msp[],
  reading: Reading,
): Judgement<Reading> {
  const text = () => accept(reading.presented);
  const judged = judgeEverywhere(msps, ofChannels, reading.identity.mspId, text);
  return judged.ok ? accept(reading) : judged;
}

function judgeBytes(
  msps: readonly Msp[],
  ofChannels: readonly Msp[],
  bytes: Uint8Array,
  areKept: boolean,
): Judgement<Reading> {
  const decoded = decode(SERIALIZED_IDENTITY, bytes);
  if (!decoded.ok) return refuse("identity-malformed", "it is no SerializedIdentity");
  const { mspid, idBytes } = decoded.value;
  const judged = judgeEverywhere(msps, ofChannels, mspid, textOf(idBytes));
  if (!judged.ok) return judged;
  const { block, certificate } = judged.value;
  // Mostly a copy: the bytes may be a view of a received frame. (Buffer's own slice() copies nothing.)
  const origin = { mspId: mspid, idBytes, bytes: areKept ? bytes : new Uint8Array(bytes) };
  const verifyKey = { key: certificate.publicKey, curve: certificate.curve };
  const identity = describeIdentity(certificate, origin);
  return accept({ identity, verifyKey, presented: { block, certificate } });
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
