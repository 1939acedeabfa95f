/** The certificate extensions that decide whether a chain holds, read as Go's parser reads them. */
import { type AlternativeName, readAlternativeNames } from "./alternative-name.ts";
import { contextTag, DerFault, DerReader, TAG } from "./der.ts";
import { type NameConstraints, readNameConstraints } from "./name-constraints.ts";

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
  /** A critical extension we do not process, as dotted identifier: the certificate is unusable. */
  readonly unhandledCritical: string | undefined;
}

const OID = {
  subjectKeyId: "2.5.29.14",
  keyUsage: "2.5.29.15",
  alternativeNames: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  nameConstraints: "2.5.29.30",
  authorityKeyId: "2.5.29.35",
  extendedKeyUsage: "2.5.29.37",
  authorityInfoAccess: "1.3.6.1.5.5.7.1.1",
} as const;

/**
 * Go has fields for these and so counts them as processed even when critical: CRL distribution
 * points, policies, policy mappings, policy constraints, inhibitAnyPolicy.
 */
const HARMLESS: ReadonlySet<string> = new Set([
  "2.5.29.31",
  "2.5.29.32",
  "2.5.29.33",
  "2.5.29.36",
  "2.5.29.54",
]);

/** Must not be marked critical, or Go refuses to parse the certificate. */
const NEVER_CRITICAL: ReadonlySet<string> = new Set([
  OID.subjectKeyId,
  OID.authorityKeyId,
  OID.authorityInfoAccess,
]);

const KEY_CERT_SIGN = 0x04;

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
    const extension = sequence.enter(TAG.sequence);
    const oid = extension.readOid();
    const isCritical = extension.isNext(TAG.boolean) ? extension.readBoolean() : false;
    list.push({ oid, isCritical, value: extension.read(TAG.octetString) });
  }
  if (new Set(list.map(({ oid }) => oid)).size !== list.length) {
    throw new DerFault("extension twice");
  }
  return list;
}

/** Makes sense of the extensions of a certificate. Throws {@link DerFault}. */
export function readExtensions(list: readonly RawExtension[]): Extensions {
  const result: Mutable<Extensions> = {
    isCa: undefined,
    pathLengthMax: undefined,
    maySignCertificates: true,
    extendedKeyUsage: [],
    subjectKeyId: undefined,
    alternativeNamesDer: undefined,
    alternativeNames: [],
    nameConstraints: undefined,
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
  switch (oid) {
    case OID.basicConstraints:
      readBasicConstraints(result, reader.enter(TAG.sequence));
      return true;
    case OID.keyUsage: {
      const { bytes } = reader.readBits();
      const isEmpty = bytes.every((byte) => byte === 0);
      result.maySignCertificates = isEmpty || ((bytes[0] ?? 0) & KEY_CERT_SIGN) !== 0;
      return true;
    }
    case OID.extendedKeyUsage:
      result.extendedKeyUsage = readOids(reader.enter(TAG.sequence));
      return true;
    case OID.subjectKeyId:
      result.subjectKeyId = reader.read(TAG.octetString);
      return true;
    case OID.authorityKeyId:
      readKeyId(value);
      return true;
    case OID.alternativeNames:
      result.alternativeNamesDer = value;
      result.alternativeNames = readAlternativeNames(reader.enter(TAG.sequence));
      return result.alternativeNames.length > 0;
    case OID.nameConstraints:
      result.nameConstraints = readNameConstraints(value);
      return result.nameConstraints.isComplete;
    default:
      return HARMLESS.has(oid);
  }
}

function readBasicConstraints(result: Mutable<Extensions>, reader: DerReader): void {
  result.isCa = reader.isNext(TAG.boolean) ? reader.readBoolean() : false;
  if (reader.isNext(TAG.integer)) result.pathLengthMax = reader.readSmallInteger();
}

function readOids(reader: DerReader): readonly string[] {
  const oids: string[] = [];
  while (!reader.isEmpty) oids.push(reader.readOid());
  return oids;
}

/** keyIdentifier of an authorityKeyIdentifier extension, if it names one. */
export function readKeyId(value: Uint8Array): Uint8Array | undefined {
  return new DerReader(value).enter(TAG.sequence).readOptional(contextTag(0, false));
}
