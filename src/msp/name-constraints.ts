/**
 * Which names a CA may vouch for (RFC 5280 section 4.2.1.10), as Go's verifier enforces them, plus
 * the older rule Fabric keeps on top (`verifyLegacyNameConstraints`). Domains and addresses are
 * compared; a mail address or URI below a CA that constrains such names is refused outright, since
 * enrolment certificates have none.
 */
import { equalBytes } from "../wire/bytes.ts";
import {
  type AlternativeName,
  isKnownName,
  NAME_TYPE,
  readGeneralName,
} from "./alternative-name.ts";
import type { Certificate } from "./certificate.ts";
import { contextTag, DerFault, DerReader, TAG } from "./der.ts";

export interface NameConstraints {
  readonly permitted: readonly AlternativeName[];
  readonly excluded: readonly AlternativeName[];
  /** False if a subtree is of a type we do not process. */
  readonly isComplete: boolean;
}

/** Pairs of names compared for one CA before we refuse. Go allows 250_000; this takes 10 ms. */
const COMPARISONS_MAX = 10_000;

export function readNameConstraints(value: Uint8Array): NameConstraints {
  const outer = new DerReader(value);
  const reader = outer.enter(TAG.sequence);
  const permitted = readSubtrees(reader.readOptional(contextTag(0, true)));
  const excluded = readSubtrees(reader.readOptional(contextTag(1, true)));
  if (!outer.isEmpty || !reader.isEmpty || (permitted === undefined && excluded === undefined)) {
    throw new DerFault("malformed name constraints");
  }
  const all = [...(permitted ?? []), ...(excluded ?? [])];
  if (!all.filter(isKnownName).every(isUsable)) throw new DerFault("malformed name constraint");
  return {
    permitted: (permitted ?? []).filter(isKnownName),
    excluded: (excluded ?? []).filter(isKnownName),
    isComplete: all.every(isKnownName),
  };
}

function readSubtrees(content: Uint8Array | undefined): readonly AlternativeName[] | undefined {
  if (content === undefined) return undefined;
  const reader = new DerReader(content);
  const names: AlternativeName[] = [];
  while (!reader.isEmpty) names.push(readGeneralName(reader.enter(TAG.sequence)));
  if (names.length === 0) throw new DerFault("empty name constraints");
  return names;
}

function isUsable({ type, value }: AlternativeName): boolean {
  if (type === NAME_TYPE.dns) {
    const domain = textOf(value);
    return domain === "" || labelsOf(domain.replace(/^\./, "")) !== undefined;
  }
  if (type !== NAME_TYPE.ip) return true;
  const mask = value.subarray(value.length / 2);
  const bits = [...mask].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  return (value.length === 8 || value.length === 32) && /^1*0*$/.test(bits);
}

/** Why `ca` may not vouch for the names in the certificates below it; undefined if it may. */
export function nameConstraintFault(
  ca: Certificate,
  below: readonly Certificate[],
): string | undefined {
  const constraints = ca.extensions.nameConstraints;
  if (constraints === undefined) return undefined;
  const names = below.flatMap((certificate) => certificate.extensions.alternativeNames);
  const subtrees = constraints.permitted.length + constraints.excluded.length;
  const isAllowed =
    names.length * subtrees <= COMPARISONS_MAX &&
    names.every((name) => isNameAllowed(constraints, name));
  return isAllowed ? undefined : `its CA ${ca.subject.text} may not vouch for its names`;
}

function isNameAllowed(constraints: NameConstraints, name: AlternativeName): boolean {
  const ofType = (subtree: AlternativeName) => subtree.type === name.type;
  const permitted = constraints.permitted.filter(ofType);
  const excluded = constraints.excluded.filter(ofType);
  if (permitted.length === 0 && excluded.length === 0) return true;
  if (name.type === NAME_TYPE.mail || name.type === NAME_TYPE.uri) return false;
  if (name.type === NAME_TYPE.dns && labelsOf(textOf(name.value)) === undefined) return false;
  const isWithin = (subtree: AlternativeName) =>
    name.type === NAME_TYPE.ip
      ? isAddressWithin(name.value, subtree.value)
      : isDomainWithin(textOf(name.value), textOf(subtree.value));
  return !excluded.some(isWithin) && (permitted.length === 0 || permitted.some(isWithin));
}

/** Half of the constraint is an address, half a mask. */
function isAddressWithin(address: Uint8Array, constraint: Uint8Array): boolean {
  const mask = constraint.subarray(constraint.length / 2);
  const network = constraint.subarray(0, mask.length);
  const masked = (bytes: Uint8Array) => bytes.map((byte, i) => byte & (mask[i] ?? 0));
  return address.length === mask.length && equalBytes(masked(address), masked(network));
}

/** An empty constraint takes in everything; a leading dot asks for at least one label more. */
function isDomainWithin(domain: string, constraint: string): boolean {
  if (constraint === "") return true;
  const needsMore = constraint.startsWith(".");
  const labels = labelsOf(domain);
  const wanted = labelsOf(needsMore ? constraint.slice(1) : constraint);
  if (labels === undefined || wanted === undefined) return false;
  if (labels.length < wanted.length + (needsMore ? 1 : 0)) return false;
  const tail = labels.slice(labels.length - wanted.length);
  return tail.every((label, i) => label === wanted[i]);
}

/** Lower-case labels; undefined if the text is no domain name. */
function labelsOf(domain: string): readonly string[] | undefined {
  const labels = domain.toLowerCase().split(".");
  return labels.every((label) => /^[!-~]+$/.test(label)) ? labels : undefined;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

/**
 * Fabric's own rule: below a name-constrained CA, a leaf without alternative names must not have a
 * common name that looks like a host name. Undefined: all is well.
 */
export function legacyNameConstraintFault(chain: readonly Certificate[]): string | undefined {
  const [leaf, ...authorities] = chain;
  if (leaf === undefined || leaf.extensions.alternativeNamesDer !== undefined) return undefined;
  const constrained = authorities.find((ca) => ca.extensions.nameConstraints !== undefined);
  if (constrained === undefined || !isHostName(leaf.subject.commonName)) return undefined;
  return `its CA ${constrained.subject.text} has name constraints, and it has no alternative names`;
}

function isHostName(text: string): boolean {
  const labels = text.replace(/\.$/, "").split(".");
  return labels.every(
    (label, i) => (i === 0 && label === "*") || /^[A-Za-z0-9_:][A-Za-z0-9_:-]*$/.test(label),
  );
}
