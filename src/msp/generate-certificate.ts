/**
 * Makes keys, certificates and revocation lists in the form of Fabric's `cryptogen`: P-256, ECDSA
 * with SHA-256 and low S, the same subjects, usages and extensions in the same order. Loads pkijs,
 * which takes a twentieth of a second: import this module only where something is to be made.
 */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";
import { isIP } from "node:net";
import * as asn1js from "asn1js";
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  CertificateRevocationList,
  Extension,
  Extensions,
  ExtKeyUsage,
  GeneralName,
  GeneralNames,
  PublicKeyInfo,
  RelativeDistinguishedNames,
  RevokedCertificate,
  Time,
} from "pkijs";
import { createSigner } from "./signer.ts";

/** Purpose of a certificate; determines usages and extensions. */
type CertificatePurpose = "ca" | "enrolment" | "tls";

/** A certificate authority that can sign. */
export interface Authority {
  readonly certificate: Certificate;
  readonly privateKey: KeyObject;
}

interface CertificateRequest {
  readonly purpose: CertificatePurpose;
  readonly commonName: string;
  /** O of the subject; CAs only. */
  readonly organisation?: string;
  /** OU of the subject: `peer`, `client`, `admin`; enrolment certificates only. */
  readonly unit?: string;
  readonly publicKey: KeyObject;
  /** DNS names and IP addresses; TLS certificates only. */
  readonly alternativeNames?: readonly string[];
  /** Milliseconds since the epoch. */
  readonly notBeforeMs: number;
  /** Milliseconds since the epoch. */
  readonly notAfterMs: number;
}

const OID = {
  country: "2.5.4.6",
  province: "2.5.4.8",
  locality: "2.5.4.7",
  organisation: "2.5.4.10",
  unit: "2.5.4.11",
  commonName: "2.5.4.3",
  keyUsage: "2.5.29.15",
  extendedKeyUsage: "2.5.29.37",
  basicConstraints: "2.5.29.19",
  subjectKeyIdentifier: "2.5.29.14",
  authorityKeyIdentifier: "2.5.29.35",
  subjectAltName: "2.5.29.17",
  crlNumber: "2.5.29.20",
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
  ecdsaWithSha256: "1.2.840.10045.4.3.2",
} as const;

/** Key usage as the bits of a BIT STRING, the first bit highest, and the bits left over. */
const KEY_USAGE = {
  /** Digital signature, key encipherment, certificate signing, CRL signing. */
  ca: { bits: 0b1010_0110, unusedBits: 1 },
  /** Digital signature. */
  enrolment: { bits: 0b1000_0000, unusedBits: 7 },
  /** Digital signature, key encipherment. */
  tls: { bits: 0b1010_0000, unusedBits: 5 },
} as const;

const EXTENDED_KEY_USAGE = {
  ca: [OID.clientAuth, OID.serverAuth],
  enrolment: [],
  tls: [OID.serverAuth, OID.clientAuth],
} as const;

const SERIAL_BYTES = 16;
/** ASN.1 PrintableString; other texts, such as `Admin@org1`, are encoded as UTF-8. */
const PRINTABLE = /^[A-Za-z0-9 '()+,./:=?-]*$/;
/** From this year on X.509 writes years with four digits. */
const FOUR_DIGIT_YEAR = 2050;

export function generateKeyPair(): {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
} {
  return generateKeyPairSync("ec", { namedCurve: "prime256v1" });
}

/** A certificate signed by `issuer`, or by its own `privateKey` (a root). DER. */
export function issueCertificate(
  request: CertificateRequest,
  issuer: Authority | { readonly privateKey: KeyObject },
): Uint8Array {
  const subject = createSubject(request);
  const parent = "certificate" in issuer ? issuer.certificate : undefined;
  const certificate = new Certificate({
    version: 2,
    serialNumber: createSerial(),
    signature: createAlgorithm(),
    issuer: parent?.subject ?? subject,
    notBefore: createTime(request.notBeforeMs),
    notAfter: createTime(request.notAfterMs),
    subject,
    subjectPublicKeyInfo: parsePublicKey(request.publicKey),
    extensions: createExtensions(request, parent),
    signatureAlgorithm: createAlgorithm(),
  });
  return seal(certificate, issuer.privateKey);
}

/**
 * The list `previous` with one more serial, signed by the CA. Fabric finds the CA by the key
 * identifier; OpenSSL also wants a number and a date of the next list. DER.
 */
export function issueRevocationList(
  authority: Authority,
  previous: CertificateRevocationList | undefined,
  serial: asn1js.Integer,
  nowMs: number,
): Uint8Array {
  const revoked = previous?.revokedCertificates ?? [];
  const isKnown = revoked.some(({ userCertificate }) => userCertificate.isEqual(serial));
  const entry = new RevokedCertificate({
    userCertificate: serial,
    revocationDate: createTime(nowMs),
  });
  const list = new CertificateRevocationList({
    version: 1,
    signature: createAlgorithm(),
    issuer: authority.certificate.subject,
    thisUpdate: createTime(nowMs),
    // Lists change on new revocations, not with age, so they are valid as long as their CA.
    nextUpdate: authority.certificate.notAfter,
    revokedCertificates: isKnown ? revoked : [...revoked, entry],
    crlExtensions: new Extensions({
      extensions: [
        createAuthorityKeyIdentifier(authority.certificate),
        extension(OID.crlNumber, new asn1js.Integer({ value: readNumber(previous) + 1 })),
      ],
    }),
    signatureAlgorithm: createAlgorithm(),
  });
  return seal(list, authority.privateKey);
}

/** The list in these bytes; throws if they are none. */
export function parsePkijsRevocationList(der: Uint8Array): CertificateRevocationList {
  return CertificateRevocationList.fromBER(der);
}

/** The certificate in these bytes; throws if they are none. */
export function parseForIssuing(der: Uint8Array): Certificate {
  return Certificate.fromBER(der);
}

function readNumber(list: CertificateRevocationList | undefined): number {
  const found = list?.crlExtensions?.extensions.find(({ extnID }) => extnID === OID.crlNumber);
  const value = found?.parsedValue;
  return value instanceof asn1js.Integer ? value.valueBlock.valueDec : 0;
}

/** Encodes the certificate, signs it, and encodes it again with the signature. */
function seal(body: Certificate | CertificateRevocationList, privateKey: KeyObject): Uint8Array {
  const [toBeSigned] = readSequence(body.toSchema(true));
  const signature = createSigner(privateKey)(new Uint8Array(toBeSigned?.toBER() ?? []));
  body.signatureValue = new asn1js.BitString({ valueHex: copyOf(signature) });
  return new Uint8Array(body.toSchema(true).toBER());
}

function readSequence(sequence: asn1js.Sequence): readonly asn1js.BaseBlock[] {
  return sequence.valueBlock.value;
}

function createSubject({ commonName, organisation, unit }: CertificateRequest) {
  const parts: [oid: string, text: string | undefined][] = [
    [OID.country, "US"],
    [OID.province, "California"],
    [OID.locality, "San Francisco"],
    [OID.organisation, organisation],
    [OID.unit, unit],
    [OID.commonName, commonName],
  ];
  const names = parts.flatMap(([type, value]) => {
    if (value === undefined) return [];
    const Text = PRINTABLE.test(value) ? asn1js.PrintableString : asn1js.Utf8String;
    const attribute = new AttributeTypeAndValue({ type, value: new Text({ value }) });
    return [new asn1js.Set({ value: [attribute.toSchema()] })];
  });
  // By itself pkijs would put all attributes into one set: "C=US + CN=...".
  return RelativeDistinguishedNames.fromBER(new asn1js.Sequence({ value: names }).toBER());
}

function createExtensions(request: CertificateRequest, parent: Certificate | undefined) {
  const { purpose, publicKey, alternativeNames = [] } = request;
  const { bits, unusedBits } = KEY_USAGE[purpose];
  const usage = new asn1js.BitString({ valueHex: copyOf(Uint8Array.of(bits)), unusedBits });
  const extensions = [extension(OID.keyUsage, usage, true)];
  const purposes = EXTENDED_KEY_USAGE[purpose];
  if (purposes.length > 0) {
    const extended = new ExtKeyUsage({ keyPurposes: [...purposes] });
    extensions.push(extension(OID.extendedKeyUsage, extended.toSchema()));
  }
  const constraints = new BasicConstraints({ cA: purpose === "ca" });
  extensions.push(extension(OID.basicConstraints, constraints.toSchema(), true));
  if (purpose === "ca") {
    const keyId = new asn1js.OctetString({ valueHex: copyOf(hashKey(publicKey)) });
    extensions.push(extension(OID.subjectKeyIdentifier, keyId));
  }
  if (parent !== undefined) extensions.push(createAuthorityKeyIdentifier(parent));
  if (alternativeNames.length > 0) {
    const names = new GeneralNames({ names: alternativeNames.map(createGeneralName) });
    extensions.push(extension(OID.subjectAltName, names.toSchema()));
  }
  return extensions;
}

function createAuthorityKeyIdentifier(parent: Certificate): Extension {
  const own = parent.extensions?.find(({ extnID }) => extnID === OID.subjectKeyIdentifier);
  const value = own?.parsedValue;
  const keyId = value instanceof asn1js.OctetString ? value.getValue() : new ArrayBuffer(0);
  const identifier = new AuthorityKeyIdentifier({
    keyIdentifier: new asn1js.OctetString({ valueHex: keyId }),
  });
  return extension(OID.authorityKeyIdentifier, identifier.toSchema());
}

function createGeneralName(name: string): GeneralName {
  if (isIP(name) === 0) return new GeneralName({ type: 2, value: name });
  const address = new asn1js.OctetString({ valueHex: copyOf(encodeIp(name)) });
  return new GeneralName({ type: 7, value: address });
}

function encodeIp(address: string): Uint8Array {
  if (isIP(address) === 4) return Uint8Array.from(address.split("."), Number);
  // The URL parser writes every IPv6 address in one way, with at most one "::".
  const [head = "", tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => "0");
  const groups = [...left, ...zeros, ...right].map((group) => Number.parseInt(group, 16));
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
}

function extension(oid: string, value: asn1js.BaseBlock, critical = false): Extension {
  return new Extension({ extnID: oid, critical, extnValue: value.toBER() });
}

function createAlgorithm(): AlgorithmIdentifier {
  return new AlgorithmIdentifier({ algorithmId: OID.ecdsaWithSha256 });
}

/** 128 random bits, never zero, in the shortest form. */
function createSerial(): asn1js.Integer {
  const serial = BigInt(`0x${randomBytes(SERIAL_BYTES).toString("hex")}`);
  return asn1js.Integer.fromBigInt(serial === 0n ? 1n : serial);
}

function createTime(ms: number): Time {
  const value = new Date(ms);
  return new Time({ type: value.getUTCFullYear() < FOUR_DIGIT_YEAR ? 0 : 1, value });
}

function parsePublicKey(publicKey: KeyObject): PublicKeyInfo {
  return PublicKeyInfo.fromBER(publicKey.export({ type: "spki", format: "der" }));
}

/** The key identifier of RFC 7093, method 4, as cryptogen computes it: SHA-256 of the point. */
function hashKey(publicKey: KeyObject): Uint8Array {
  const point = parsePublicKey(publicKey).subjectPublicKey.valueBlock.valueHexView;
  return createHash("sha256").update(point).digest();
}

/** asn1js takes whole buffers only, not views. */
function copyOf(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}
