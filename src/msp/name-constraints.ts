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
import { contextTag, DER_TAG, DerFault, DerReader } from "./der.ts";
import {
  constrainedDomain,
  isDomain,
  isDomainConstraint,
  isIpAddress,
  type Mailbox,
  parseMailbox,
  parseUriHost,
} from "./name-syntax.ts";
import { addressSearch, type DomainKey, domainKey, domainSearch, type Search } from "./subtrees.ts";

export interface NameConstraints {
  readonly permitted: readonly AlternativeName[];
  readonly excluded: readonly AlternativeName[];
  /** False if a subtree is of a type we do not process. */
  readonly isComplete: boolean;
}

/** The parts of a certificate that decide which names are permitted. */
interface NameBearer {
  readonly subject: { readonly text: string; readonly commonName: string };
  readonly extensions: {
    readonly alternativeNamesDer: Uint8Array | undefined;
    readonly alternativeNames: readonly AlternativeName[];
    readonly nameConstraints: NameConstraints | undefined;
  };
}

export function readNameConstraints(value: Uint8Array): NameConstraints {
  const outer = new DerReader(value);
  const reader = outer.enter(DER_TAG.sequence);
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
  while (!reader.isEmpty) names.push(readGeneralName(reader.enter(DER_TAG.sequence)));
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

/** Whether the second half is a valid mask: ones followed by zeros. */
function isMask(value: Uint8Array): boolean {
  const mask = value.subarray(value.length / 2);
  const bits = [...mask].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  return /^1*0*$/.test(bits);
}

/** Whether a name is permitted. */
type Check = (name: AlternativeName) => boolean;

/** Built on a CA's first use, because untrusted certificates contain constraints as well. */
const checks = new WeakMap<NameConstraints, Check>();

/** Why `ca` may not vouch for the names in the certificates below it; undefined if it may. */
export function nameConstraintFault(
  ca: NameBearer,
  below: readonly NameBearer[],
): string | undefined {
  const constraints = ca.extensions.nameConstraints;
  if (constraints === undefined) return undefined;
  const check = checks.get(constraints) ?? checkOf(constraints);
  checks.set(constraints, check);
  const isAllowed = below.every(({ extensions }) => extensions.alternativeNames.every(check));
  return isAllowed ? undefined : `its CA ${ca.subject.text} may not vouch for its names`;
}

/**
 * Under any constraint, even of another type, all names must have a form to which constraints
 * apply.
 */
function checkOf(constraints: NameConstraints): Check {
  const isDomainAllowed = rule(constraints, NAME_TYPE.dns, searchDomains);
  const isHostAllowed = rule(constraints, NAME_TYPE.uri, searchDomains);
  const isMailAllowed = rule(constraints, NAME_TYPE.mail, searchMailboxes);
  const isAddressAllowed = rule(constraints, NAME_TYPE.ip, (names) =>
    addressSearch(names.map(({ value }) => value)),
  );
  return (name) => {
    if (name.type === NAME_TYPE.ip) return isAddressAllowed(name.value);
    const text = textOfName(name);
    if (name.type === NAME_TYPE.dns) return isDomain(text) && isDomainAllowed(domainKey(text));
    if (name.type === NAME_TYPE.mail) {
      const mailbox = parseMailbox(text);
      return mailbox !== undefined && isMailAllowed(mailbox);
    }
    const domain = constrainedDomain(parseUriHost(text) ?? "");
    return domain !== undefined && isHostAllowed(domainKey(domain));
  };
}

type Kind = "permitted" | "excluded";

/** In no excluded subtree, and in a permitted one if there is any of this type. */
function rule<Name>(
  constraints: NameConstraints,
  type: number,
  searchIn: (subtrees: readonly AlternativeName[], kind: Kind) => Search<Name>,
): Search<Name> {
  const ofType = (name: AlternativeName) => name.type === type;
  const permitted = constraints.permitted.filter(ofType);
  const isPermitted = permitted.length === 0 ? () => true : searchIn(permitted, "permitted");
  const isExcluded = searchIn(constraints.excluded.filter(ofType), "excluded");
  return (name) => isPermitted(name) && !isExcluded(name);
}

function searchDomains(subtrees: readonly AlternativeName[], kind: Kind): Search<DomainKey> {
  return domainSearch(subtrees.map(textOfName), kind);
}

/** A constraint with an @ covers one mailbox, whose local part has case; others cover domains. */
function searchMailboxes(subtrees: readonly AlternativeName[], kind: Kind): Search<Mailbox> {
  const texts = subtrees.map(textOfName);
  const covers = domainSearch(
    texts.filter((text) => !text.includes("@")),
    kind,
  );
  const keyOf = ({ local, domain }: Mailbox) => JSON.stringify([local, domain]);
  const mailboxes = new Set(texts.flatMap((text) => parseMailbox(text) ?? []).map(keyOf));
  return (mailbox) => mailboxes.has(keyOf(mailbox)) || covers(domainKey(mailbox.domain));
}

/**
 * Fabric's own rule: below a name-constrained CA, a leaf without alternative names must not have a
 * common name that looks like a host name. Undefined: all is well.
 */
export function legacyNameConstraintFault(chain: readonly NameBearer[]): string | undefined {
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
