/** The certificate extensions that decide whether a chain holds, read as Go's parser reads them. */
import { type AlternativeName, readAlternativeNames } from "./alternative-name.ts";
import { contextTag, DER_TAG, DerFault, DerReader } from "./der.ts";
import { type NameConstraints, readNameConstraints } from "./name-constraints.ts";
import { type Policies, readMappings, readPolicies } from "./policies.ts";

export interface Extensions {
  /** Undefined: no basicConstraints at all, which is not the same as "not a CA". */
  readonly isCa: boolean | undefined;
  /** Intermediate CAs allowed below this one; undefined: any number. */
  readonly pathLengthMax: number | undefined;
  /** False only if a non-empty keyUsage leaves out keyCertSign. */
  readonly maySignCertificates: boolean;
  /** Extended key usages as dotted identifiers; empty: usable for everything. */
  readonly extendedKeyUsage: readonly string[];
  readonly subjectKeyId: Uint8Array | undefined;
  /** Content of the subjectAltName extension; undefined if there is none. */
  readonly alternativeNamesDer: Uint8Array | undefined;
  readonly alternativeNames: readonly AlternativeName[];
  readonly nameConstraints: NameConstraints | undefined;
  readonly policies: Policies;
  /** A critical extension we do not process, as dotted identifier: the certificate is unusable. */
  readonly unhandledCritical: string | undefined;
}

const OID = {
  subjectKeyId: "2.5.29.14",
  keyUsage: "2.5.29.15",
  alternativeNames: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  nameConstraints: "2.5.29.30",
  revocationListPoints: "2.5.29.31",
  policies: "2.5.29.32",
  policyMappings: "2.5.29.33",
  authorityKeyId: "2.5.29.35",
  policyConstraints: "2.5.29.36",
  extendedKeyUsage: "2.5.29.37",
  inhibitAnyPolicy: "2.5.29.54",
  authorityInfoAccess: "1.3.6.1.5.5.7.1.1",
} as const;

/** Must not be marked critical, or Go refuses to parse the certificate. */
const NEVER_CRITICAL: ReadonlySet<string> = new Set([
  OID.subjectKeyId,
  OID.authorityKeyId,
  OID.authorityInfoAccess,
]);

const KEY_CERT_SIGN = 0x04;
/** Go knows the first nine bits of keyUsage. */
const KNOWN_USAGES = [0xff, 0x80];

const [DISTRIBUTION_POINT, FULL_NAME, URI] = [contextTag(0, true), contextTag(0, true), 0x86];

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export interface RawExtension {
  readonly oid: string;
  readonly isCritical: boolean;
  readonly value: Uint8Array;
}

/** The extensions of a certificate or CRL, from the content of their SEQUENCE. */
export function readExtensionList(sequence: DerReader): readonly RawExtension[] {
  const list: RawExtension[] = [];
  while (!sequence.isEmpty) {
    const extension = sequence.enter(DER_TAG.sequence);
    const oid = extension.readOid();
    const isCritical = extension.isNext(DER_TAG.boolean) ? extension.readBoolean() : false;
    list.push({ oid, isCritical, value: extension.read(DER_TAG.octetString) });
  }
  return list;
}

/** Interprets the extensions of a certificate. Throws {@link DerFault}. */
export function readExtensions(list: readonly RawExtension[]): Extensions {
  if (new Set(list.map(({ oid }) => oid)).size !== list.length) {
    throw new DerFault("extension twice");
  }
  const result: Mutable<Extensions> = {
    isCa: undefined,
    pathLengthMax: undefined,
    maySignCertificates: true,
    extendedKeyUsage: [],
    subjectKeyId: undefined,
    alternativeNamesDer: undefined,
    alternativeNames: [],
    nameConstraints: undefined,
    policies: {
      identifiers: [],
      mappings: [],
      requireExplicit: undefined,
      inhibitMapping: undefined,
      inhibitAny: undefined,
    },
    unhandledCritical: undefined,
  };
  for (const extension of list) {
    if (extension.isCritical && NEVER_CRITICAL.has(extension.oid)) {
      throw new DerFault("extension must not be critical");
    }
    const isHandled = readExtension(result, extension);
    if (!isHandled && extension.isCritical) result.unhandledCritical ??= extension.oid;
  }
  return result;
}

/** Whether the extension was understood to the last bit. */
function readExtension(result: Mutable<Extensions>, { oid, value }: RawExtension): boolean {
  const reader = new DerReader(value);
  const policies = (more: Partial<Policies>) => {
    result.policies = { ...result.policies, ...more };
  };
  switch (oid) {
    case OID.basicConstraints:
      readBasicConstraints(result, reader.enter(DER_TAG.sequence));
      return true;
    case OID.keyUsage:
      result.maySignCertificates = mayKeySignCertificates(reader.readBits().bytes);
      return true;
    case OID.extendedKeyUsage:
      result.extendedKeyUsage = readOids(reader.enter(DER_TAG.sequence));
      return true;
    case OID.subjectKeyId:
      result.subjectKeyId = reader.read(DER_TAG.octetString);
      return true;
    case OID.authorityKeyId:
      readKeyId(value);
      return true;
    case OID.alternativeNames:
      result.alternativeNamesDer = value;
      result.alternativeNames = readAlternativeNames(reader.enter(DER_TAG.sequence));
      return result.alternativeNames.length > 0;
    case OID.nameConstraints:
      result.nameConstraints = readNameConstraints(value);
      return result.nameConstraints.isComplete;
    case OID.policies:
      policies({ identifiers: readPolicies(reader.enter(DER_TAG.sequence)) });
      return true;
    case OID.policyMappings:
      policies({ mappings: readMappings(reader.enter(DER_TAG.sequence)) });
      return true;
    case OID.policyConstraints:
      policies(readPolicyConstraints(reader.enter(DER_TAG.sequence)));
      return true;
    case OID.inhibitAnyPolicy:
      policies({ inhibitAny: reader.readSmallInteger() });
      return true;
    case OID.revocationListPoints:
      checkDistributionPoints(reader.enter(DER_TAG.sequence));
      return true;
    case OID.authorityInfoAccess:
      checkInfoAccess(reader.enter(DER_TAG.sequence));
      return true;
    default:
      return false;
  }
}

/** A usage without a bit that Go knows restricts nothing. */
function mayKeySignCertificates(bits: Uint8Array): boolean {
  const isEmpty = KNOWN_USAGES.every((known, i) => ((bits[i] ?? 0) & known) === 0);
  return isEmpty || ((bits[0] ?? 0) & KEY_CERT_SIGN) !== 0;
}

function readPolicyConstraints(reader: DerReader): Partial<Policies> {
  const readLimit = (number: number) => {
    const tag = contextTag(number, false);
    return reader.isNext(tag) ? reader.readSmallInteger(tag) : undefined;
  };
  return { requireExplicit: readLimit(0), inhibitMapping: readLimit(1) };
}

/** Nobody asks these points for lists, but Go refuses a certificate in which they are malformed. */
function checkDistributionPoints(points: DerReader): void {
  while (!points.isEmpty) {
    const point = points.enter(DER_TAG.sequence);
    if (!point.isNext(DISTRIBUTION_POINT)) continue;
    const names = point.enter(DISTRIBUTION_POINT).enter(FULL_NAME);
    while (names.isNext(URI)) names.read(URI);
  }
}

/** Like Go, checks the encoding only. */
function checkInfoAccess(places: DerReader): void {
  while (!places.isEmpty) {
    const place = places.enter(DER_TAG.sequence);
    place.readOid();
    place.readOptional(URI);
  }
}

function readBasicConstraints(result: Mutable<Extensions>, reader: DerReader): void {
  result.isCa = reader.isNext(DER_TAG.boolean) ? reader.readBoolean() : false;
  if (!reader.isNext(DER_TAG.integer)) return;
  result.pathLengthMax = reader.readSmallInteger();
  if (result.pathLengthMax < 0) throw new DerFault("negative path length");
}

function readOids(reader: DerReader): readonly string[] {
  const oids: string[] = [];
  while (!reader.isEmpty) oids.push(reader.readOid());
  return oids;
}

/** keyIdentifier of an authorityKeyIdentifier extension, if it names one. */
export function readKeyId(value: Uint8Array): Uint8Array | undefined {
  return new DerReader(value).enter(DER_TAG.sequence).readOptional(contextTag(0, false));
}
