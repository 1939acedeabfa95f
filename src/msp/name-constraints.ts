/**
 * Which names a CA may vouch for (RFC 5280 section 4.2.1.10), as Go's verifier enforces them, plus
 * the older rule Fabric keeps on top (`verifyLegacyNameConstraints`).
 */
import {
  type AlternativeName,
  isAscii,
  isKnownName,
  NAME_TYPE,
  readGeneralName,
  textOfName,
} from "./alternative-name.ts";
import type { Certificate } from "./certificate.ts";
import { contextTag, DerFault, DerReader, TAG } from "./der.ts";
import {
  constrainedDomain,
  isDomain,
  isDomainConstraint,
  isIpAddress,
  parseMailbox,
  parseUriHost,
} from "./name-syntax.ts";
import { addressSearch, domainSearch } from "./subtrees.ts";

export interface NameConstraints {
  readonly permitted: readonly AlternativeName[];
  readonly excluded: readonly AlternativeName[];
  /** False if a subtree is of a type we do not process. */
  readonly isComplete: boolean;
}

export function readNameConstraints(value: Uint8Array): NameConstraints {
  const outer = new DerReader(value);
  const reader = outer.enter(TAG.sequence);
  const permitted = readSubtrees(reader.readOptional(contextTag(0, true)));
  const excluded = readSubtrees(reader.readOptional(contextTag(1, true)));
  const all = [...permitted, ...excluded];
  if (!outer.isEmpty || !reader.isEmpty || all.length === 0) {
    throw new DerFault("malformed name constraints");
  }
  if (!all.filter(isKnownName).every(isUsable)) throw new DerFault("malformed name constraint");
  return {
    permitted: permitted.filter(isKnownName),
    excluded: excluded.filter(isKnownName),
    isComplete: all.every(isKnownName),
  };
}

function readSubtrees(content: Uint8Array | undefined): readonly AlternativeName[] {
  const reader = new DerReader(content ?? new Uint8Array(0));
  const names: AlternativeName[] = [];
  while (!reader.isEmpty) names.push(readGeneralName(reader.enter(TAG.sequence)));
  return names;
}

function isUsable(name: AlternativeName): boolean {
  const { type, value } = name;
  if (type === NAME_TYPE.ip) return (value.length === 8 || value.length === 32) && isMask(value);
  const text = textOfName(name);
  if (!isAscii(value)) return false;
  if (type === NAME_TYPE.mail && text.includes("@")) return parseMailbox(text) !== undefined;
  if (type === NAME_TYPE.uri && isIpAddress(text)) return false;
  return isDomainConstraint(text);
}

/** Whether the second half of the bytes is ones, then zeros. */
function isMask(value: Uint8Array): boolean {
  const mask = value.subarray(value.length / 2);
  const bits = [...mask].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  return /^1*0*$/.test(bits);
}

/** Says whether a name is fine. */
type Check = (name: AlternativeName) => boolean;

/** Made when a CA is asked for the first time: certificates of strangers have constraints too. */
const checks = new WeakMap<NameConstraints, Check>();

/** Why `ca` may not vouch for the names in the certificates below it; undefined if it may. */
export function nameConstraintFault(
  ca: Certificate,
  below: readonly Certificate[],
): string | undefined {
  const constraints = ca.extensions.nameConstraints;
  if (constraints === undefined) return undefined;
  const check = checks.get(constraints) ?? checkOf(constraints);
  checks.set(constraints, check);
  const isAllowed = below.every(({ extensions }) => extensions.alternativeNames.every(check));
  return isAllowed ? undefined : `its CA ${ca.subject.text} may not vouch for its names`;
}

function checkOf({ permitted, excluded }: NameConstraints): Check {
  const [dns, mail, uri, ip] = [NAME_TYPE.dns, NAME_TYPE.mail, NAME_TYPE.uri, NAME_TYPE.ip].map(
    (type) => {
      const ofType = (name: AlternativeName) => name.type === type;
      const isPermitted = searchOf(type, permitted.filter(ofType), "permitted") ?? (() => true);
      const isExcluded = searchOf(type, excluded.filter(ofType), "excluded") ?? (() => false);
      return (name: AlternativeName) => isPermitted(name) && !isExcluded(name);
    },
  );
  const byType = new Map([
    [NAME_TYPE.dns as number, dns],
    [NAME_TYPE.mail, mail],
    [NAME_TYPE.uri, uri],
    [NAME_TYPE.ip, ip],
  ]);
  return (name) => isComparable(name) && (byType.get(name.type)?.(name) ?? true);
}

/** Below any constraint, be it of another type, names must be such that constraints could apply. */
function isComparable(name: AlternativeName): boolean {
  if (name.type === NAME_TYPE.dns) return isDomain(textOfName(name));
  if (name.type === NAME_TYPE.mail) return parseMailbox(textOfName(name)) !== undefined;
  return name.type !== NAME_TYPE.uri || domainOfUri(name) !== undefined;
}

function domainOfUri(name: AlternativeName): string | undefined {
  const host = parseUriHost(textOfName(name));
  return host === undefined ? undefined : constrainedDomain(host);
}

/** Whether the constraints, all of one type, cover a comparable name; undefined without any. */
function searchOf(
  type: number,
  constraints: readonly AlternativeName[],
  kind: "permitted" | "excluded",
): Check | undefined {
  if (constraints.length === 0) return undefined;
  if (type === NAME_TYPE.ip) {
    const covers = addressSearch(constraints.map(({ value }) => value));
    return ({ value }) => covers(value);
  }
  const texts = constraints.map(textOfName);
  if (type === NAME_TYPE.mail) return mailSearch(texts, kind);
  const covers = domainSearch(texts, kind);
  const domainOf = type === NAME_TYPE.uri ? domainOfUri : textOfName;
  return (name) => covers(domainOf(name) ?? "");
}

/** A constraint with an @ covers one mailbox, whose local part has case; others cover domains. */
function mailSearch(constraints: readonly string[], kind: "permitted" | "excluded"): Check {
  const domains = constraints.filter((text) => !text.includes("@"));
  const covers = domains.length === 0 ? () => false : domainSearch(domains, kind);
  const keyOf = (text: string) => {
    const mailbox = parseMailbox(text);
    return mailbox && JSON.stringify([mailbox.local, mailbox.domain]);
  };
  const mailboxes = new Set(constraints.filter((text) => text.includes("@")).map(keyOf));
  return (name) => {
    const text = textOfName(name);
    return mailboxes.has(keyOf(text)) || covers(parseMailbox(text)?.domain ?? "");
  };
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
