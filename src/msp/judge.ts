/**
 * Whether an MSP accepts an identity: the three questions Fabric asks one after the other, each a
 * function of its own: can it be deserialized, is it well formed, is it valid (spec A 5.3, 7.3 to
 * 7.6). Nothing here knows what time it is: to an MSP an expired certificate is as good as any.
 */
import { createHash } from "node:crypto";
import type { IdentityFault } from "../core/types/host.ts";
import { printable, printableJson } from "../lib/printable.ts";
import { accept } from "../wire/verdict.ts";
import {
  type Certificate,
  canBeSanitized,
  hasCanonicalSignature,
  parseCertificate,
  sanitizeCertificate,
} from "./certificate.ts";
import { type ChainFault, findChain, includesCertificate } from "./chain.ts";
import { type Msp, ROLES, type Role, type UnitRule } from "./msp.ts";
import { decodePem, type PemBlock } from "./pem.ts";

/** A refusal with a readable reason, which follows "refused: ". */
export interface Refusal {
  readonly ok: false;
  readonly code: IdentityFault;
  readonly reason: string;
  /** More specific kind, where the remedy depends on it. */
  readonly kind?: InvalidKind;
}

/** Why an MSP does not accept an identity that can be read. */
type InvalidKind =
  | ChainFault
  | "ca"
  | "own-issuer"
  /** Intermediate CAs stand below its issuer, and only they may issue then. */
  | "inner-issuer"
  | "unit"
  /** A NodeOU belongs to another CA than its issuer. */
  | "unit-of-other-ca";

/** A certificate an MSP recognises. */
export interface Recognized extends Presented {
  /** From the certificate to its root. */
  readonly chain: readonly Certificate[];
}

/** Maximum length of an untrusted name in a reason. */
const SHOWN_CHARACTERS_MAX = 100;
const SHOWN_UNITS_MAX = 5;

/** Of an identity. */
const CA_REASON = "it is a CA certificate";

/**
 * Fabric 3 refuses such identities. Fabric 2.5 accepts them but verifies no signature by them, so
 * that their owners are members of no network (docs/decisions).
 */
const RSA_REASON =
  "its key is RSA, by which no signature counts in Fabric: enrol it with an ECDSA P-256 key";

/** The certificate of an identity, as it is presented: nothing of it is believed yet. */
export interface Presented {
  readonly block: PemBlock;
  readonly certificate: Certificate;
}

/** A certificate text (`id_bytes`) that is read when it is first needed, and once, whoever needs it. */
export type CertificateText = () => Judgement<Presented>;

export type Judgement<T> = { readonly ok: true; readonly value: T } | Refusal;

export function refuse(code: IdentityFault, reason: string): Refusal {
  return { ok: false, code, reason };
}

function invalid(kind: InvalidKind, reason: string): Refusal {
  return { ok: false, code: "identity-invalid", reason, kind };
}

/** Our own certificate is one of a CA. */
export const CA_REFUSAL: Refusal = invalid("ca", CA_REASON);

/**
 * Whether the MSP of this id accepts the certificate text of an identity (`id_bytes`). Of several
 * MSPs with the id (ours first, then those of channels) the first that recognises the certificate
 * decides alone: Fabric does so for the local MSP, and asks channels in random order (spec A 5.3).
 */
export function judgeByMsps(
  msps: readonly Msp[],
  mspId: string,
  text: CertificateText,
): Judgement<Recognized> {
  let refusal: Refusal | undefined;
  for (const msp of msps) {
    if (msp.mspId !== mspId) continue;
    const recognized = recognizeIdentity(msp, text);
    if (recognized.ok) {
      return formRefusal(recognized.value) ?? validityRefusal(msp, recognized.value) ?? recognized;
    }
    refusal ??= recognized;
  }
  return refusal ?? refuse("identity-unknown-msp", printable(mspId.slice(0, SHOWN_CHARACTERS_MAX)));
}

/** The text in these bytes. */
export function textOf(idBytes: Uint8Array): CertificateText {
  let read: Judgement<Presented> | undefined;
  return () => {
    read ??= readText(idBytes);
    return read;
  };
}

function readText(idBytes: Uint8Array): Judgement<Presented> {
  const block = decodePem(idBytes);
  if (block === undefined) return refuse("identity-malformed", "there is no PEM block in it");
  const certificate = parseCertificate(block.der);
  if (certificate !== undefined) return accept({ block, certificate });
  return refuse("identity-malformed", "the PEM block holds no X.509 certificate");
}

/** Fabric's DeserializeIdentity: a certificate with a usable key and a chain to the MSP's root. */
export function recognizeIdentity(msp: Msp, text: CertificateText): Judgement<Recognized> {
  const read = text();
  if (!read.ok) return read;
  const { block, certificate } = read.value;
  const found = findChain(certificate, msp);
  if (!found.ok) return invalid(found.code, found.reason);
  const issuer = found.chain[1];
  if (issuer !== undefined && !canBeSanitized(certificate, issuer)) {
    return refuse("identity-malformed", "its signature has high S, and it cannot be encoded anew");
  }
  return accept({ certificate, block, chain: found.chain });
}

/** Fabric's IsWellFormed; undefined if it is. */
export function formRefusal({ block, certificate }: Recognized): Refusal | undefined {
  if (block.hasRest) return refuse("identity-malformed", "something follows the PEM block");
  if (block.type !== "CERTIFICATE" && block.type !== "") {
    return refuse("identity-malformed", "the PEM block is not of type CERTIFICATE");
  }
  if (hasCanonicalSignature(certificate)) return undefined;
  return refuse("identity-malformed", "the issuer's signature is not in canonical DER");
}

/** Fabric's Validate; undefined if the identity is valid. */
export function validityRefusal(
  msp: Msp,
  { certificate, chain }: Pick<Recognized, "certificate" | "chain">,
): Refusal | undefined {
  if (certificate.extensions.isCa === true) return CA_REFUSAL;
  // Reading a key's type is slow, and almost every key has a curve.
  if (certificate.curve === undefined && certificate.publicKey.asymmetricKeyType === "rsa") {
    return refuse("identity-invalid", RSA_REASON);
  }
  const issuer = chain[1];
  if (issuer === undefined) return invalid("own-issuer", "it is its own issuer");
  if (includesCertificate(msp.innerAuthorities, issuer)) {
    const name = issuer.subject.text;
    return invalid("inner-issuer", `its issuer ${name} has intermediate CAs to do that`);
  }
  if (isRevoked(msp, certificate, issuer)) {
    const name = issuer.subject.text;
    return refuse("identity-revoked", `${name} revoked serial number ${certificate.serial}`);
  }
  return unitRefusal(msp, certificate, chain);
}

/** Whether the issuer, a CA of this MSP, has revoked the certificate. */
function isRevoked(msp: Msp, certificate: Certificate, issuer: Certificate): boolean {
  return msp.revoked.get(issuer)?.has(certificate.serial) ?? false;
}

/** Why the certificate's organisational units violate the MSP's rules; undefined if they do not. */
function unitRefusal(
  msp: Msp,
  certificate: Certificate,
  chain: readonly Certificate[],
): Refusal | undefined {
  const units = certificate.subject.organizationalUnits;
  if (msp.requiredUnits.length === 0 && msp.roleUnits.size === 0) return undefined;
  const certifiersId = certifiersIdOf(chain.slice(1));
  const isBelow = (rule: UnitRule) =>
    rule.certifiersId === undefined || rule.certifiersId === certifiersId;

  const { requiredUnits } = msp;
  const isRequired = (rule: UnitRule) => units.includes(rule.unit) && isBelow(rule);
  if (requiredUnits.length > 0 && !requiredUnits.some(isRequired)) {
    const reason = `none of its organisational units is one the MSP asks for${printUnits(units)}`;
    return invalid("unit", reason);
  }

  if (msp.roleUnits.size === 0) return undefined;
  const rules = units.flatMap((unit) => ruleOf(msp, unit) ?? []);
  if (rules.length === 0) {
    return invalid("unit", `no organisational unit says what role it has${printUnits(units)}`);
  }
  if (rules.length > 1) {
    return invalid("unit", `its organisational units name several roles${printUnits(units)}`);
  }
  if (rules.every(isBelow)) return undefined;
  return invalid("unit-of-other-ca", "its role is reserved to another CA of the MSP");
}

/** The role rule of a unit; of several the last one. */
function ruleOf({ roleUnits }: Msp, unit: string): UnitRule | undefined {
  let found: UnitRule | undefined;
  for (const rule of roleUnits.values()) if (rule.unit === unit) found = rule;
  return found;
}

function printUnits(units: readonly string[]): string {
  const shown = units
    .slice(0, SHOWN_UNITS_MAX)
    .map((name) => printableJson(name.slice(0, SHOWN_CHARACTERS_MAX)));
  return units.length === 0 ? " (it has none)" : ` (it has ${shown.join(", ")})`;
}

interface Certifiers {
  readonly authorities: readonly Certificate[];
  readonly id: string;
}

/** By the issuer: those above it last, which are nearly always the same. */
const certifiersByIssuer = new WeakMap<Certificate, Certifiers>();

/** SHA-256 over the CA certificates above an identity, issuer first, in hex. */
export function certifiersIdOf(authorities: readonly Certificate[]): string {
  const [issuer] = authorities;
  const known = issuer && certifiersByIssuer.get(issuer);
  const isKnown =
    known?.authorities.length === authorities.length &&
    known.authorities.every((ca, index) => ca === authorities[index]);
  if (isKnown) return known.id;
  const hash = createHash("sha256");
  for (const ca of authorities) hash.update(ca.der);
  const id = hash.digest("hex");
  if (issuer) certifiersByIssuer.set(issuer, { authorities, id });
  return id;
}

/** The roles that the organisational units of a certificate give; none without role rules. */
export function rolesByUnit(msp: Msp, certificate: Certificate): readonly Role[] {
  const units = certificate.subject.organizationalUnits;
  return ROLES.filter((role) => {
    const rule = msp.roleUnits.get(role);
    return rule !== undefined && units.includes(rule.unit);
  });
}

/**
 * The roles of a valid identity. Empty without role rules, except that a certificate in admincerts
 * is an admin in any case.
 */
export function rolesOf(msp: Msp, { certificate, chain }: Recognized): readonly Role[] {
  const byUnit = rolesByUnit(msp, certificate);
  const issuer = chain[1];
  const isListed =
    issuer !== undefined &&
    includesCertificate(msp.admins, sanitizeCertificate(certificate, issuer));
  return ROLES.filter((role) => byUnit.includes(role) || (role === "admin" && isListed));
}

/**
 * Our own MSPs decide alone of whom they recognise; otherwise one channel that accepts him is enough.
 * A revocation list holds wherever it stands: the certificate's own CA has signed it.
 */
export function judgeEverywhere(
  msps: readonly Msp[],
  ofChannels: readonly Msp[],
  mspId: string,
  text: CertificateText,
): Judgement<Recognized> {
  let verdict = judgeByMsps(msps, mspId, text);
  const others = ofChannels.filter((msp) => msp.mspId === mspId);
  // Recognition costs a signature check: skip it for identities that our own MSPs accept.
  const isOpen = !verdict.ok && others.length > 0 && !isRecognized(msps, mspId, text);
  for (const msp of isOpen ? others : []) {
    verdict = judgeByMsps([msp], mspId, text);
    if (verdict.ok) break;
  }
  if (!verdict.ok) return verdict;
  for (const msp of others) {
    const other = judgeByMsps([msp], mspId, text);
    if (!other.ok && other.code === "identity-revoked") return other;
  }
  return verdict;
}

function isRecognized(msps: readonly Msp[], mspId: string, text: CertificateText): boolean {
  return msps.some((msp) => msp.mspId === mspId && recognizeIdentity(msp, text).ok);
}
