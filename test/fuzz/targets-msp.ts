/** Certificates and what is in them: strangers send them before anybody knows who they are. */
import assert from "node:assert/strict";
import { createHash, X509Certificate } from "node:crypto";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { NAME_TYPE } from "../../src/msp/alternative-name.ts";
import {
  type Certificate,
  hasCanonicalSignature,
  parseCertificate,
  sanitizeCertificate,
} from "../../src/msp/certificate.ts";
import { createCrypto } from "../../src/msp/crypto.ts";
import { contextTag, DER_TAG, DerFault, DerReader, encodeDer } from "../../src/msp/der.ts";
import { readDistinguishedName } from "../../src/msp/distinguished-name.ts";
import { serializeIdentity } from "../../src/msp/identity.ts";
import { loadMsp } from "../../src/msp/load-msp.ts";
import { parseMspConfig } from "../../src/msp/msp-config.ts";
import {
  legacyNameConstraintFault,
  nameConstraintFault,
  readNameConstraints,
} from "../../src/msp/name-constraints.ts";
import { decodePem, encodePem } from "../../src/msp/pem.ts";
import { parseRevocationList } from "../../src/msp/revocation.ts";
import { equalBytes } from "../../src/wire/bytes.ts";
import { encode } from "../../src/wire/encode.ts";
import { SERIALIZED_IDENTITY } from "../../src/wire/messages.ts";
import {
  bytesOf,
  certificatePems,
  certificates,
  readCorpus,
  revocationListPems,
  revocationLists,
} from "./corpus.ts";
import type { Target } from "./fuzz.ts";
import { DER, LINES, PROTOBUF } from "./tree.ts";

/** What is in the largest identity that is looked at (64 KiB with its base64), roughly. */
const BYTES_MAX = 49_152;
const TEXT_BYTES_MAX = 16_384;
/** Elements whose values are looked at: refusing a value, as most readers do, takes some time. */
const VALUES_MAX = 20;
const CONTROL = /[\p{Cc}\p{Cf}\u2028\u2029]/u;

/** Object identifiers, extension names among them, and values that decide something. */
const dictionary: readonly Uint8Array[] = [
  [0x55, 0x04, 0x03],
  [0x55, 0x04, 0x0b],
  [0x55, 0x1d, 0x0e],
  [0x55, 0x1d, 0x0f],
  [0x55, 0x1d, 0x11],
  [0x55, 0x1d, 0x13],
  [0x55, 0x1d, 0x1e],
  [0x55, 0x1d, 0x23],
  [0x55, 0x1d, 0x25],
  [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01],
  [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02],
  [0x2b, 0x81, 0x04, 0x00, 0x22],
  [0x01, 0x01, 0xff],
  [0x02, 0x01, 0x00],
  [0x03, 0x02, 0x01, 0x06],
  [0x30, 0x80],
  [0x00, 0x00],
  [0x0a, 0x00, 0x00, 0x00, 0xff, 0x00, 0x00, 0x00],
].map((bytes) => Uint8Array.from(bytes));

/** Runs a reader that is allowed to throw {@link DerFault}, or of text that is no UTF-8. */
function unlessFault<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    const isTextFault = error instanceof TypeError && "code" in error;
    if (error instanceof DerFault || isTextFault) return undefined;
    throw error;
  }
}

/** Elements that are read are the only encoding of what is in them. */
function checkDer(input: Uint8Array): string {
  const reader = new DerReader(input);
  let elements = 0;
  while (!reader.isEmpty) {
    const element = unlessFault(() => reader.readAny());
    if (element === undefined) return elements === 0 ? "refused" : "refused later";
    elements += 1;
    assert.ok(equalBytes(encodeDer(element.tag, element.content), element.whole), "another length");
    if (elements < VALUES_MAX) checkValues(element.whole);
  }
  return "accepted";
}

const VALUE_READERS: readonly ((reader: DerReader) => unknown)[] = [
  (reader) => reader.readInteger(),
  (reader) => reader.readBoolean(),
  (reader) => reader.readBits(),
  (reader) => reader.readBitBytes(),
  (reader) => assert.match(reader.readOid(), /^([012](\.\d+)+|#[0-9a-f]+)$/),
  (reader) => assert.ok(Math.abs(reader.readSmallInteger()) <= 2 ** 63),
];

function checkValues(whole: Uint8Array): void {
  for (const read of VALUE_READERS) unlessFault(() => read(new DerReader(whole)));
}

/** OpenSSL takes and refuses other certificates than Go and we, but in no other meaning. */
function checkAgainstOpenSsl(certificate: Certificate, input: Uint8Array): void {
  const other = unlessOpenSslRefuses(() => new X509Certificate(input));
  if (other === undefined || other.validFrom === BAD_TIME || other.validTo === BAD_TIME) return;
  const serial = BigInt(`0x${certificate.serial}`);
  assert.equal(serial, BigInt(`0x${other.serialNumber}`), "another serial number");
  assert.equal(certificate.notBeforeMs, other.validFromDate.getTime(), "another begin");
  assert.equal(certificate.notAfterMs, other.validToDate.getTime(), "another end");
  const key = unlessOpenSslRefuses(() => other.publicKey);
  assert.ok(key === undefined || certificate.publicKey.equals(key), "another key");
}

/** OpenSSL's text for a date that it cannot read. */
const BAD_TIME = "Bad time value";

function unlessOpenSslRefuses<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function checkCertificate(input: Uint8Array): string {
  const certificate = parseCertificate(input);
  if (certificate === undefined) return "refused";
  checkAgainstOpenSsl(certificate, input);
  assert.ok(!CONTROL.test(certificate.subject.text), "control characters in the subject");
  nameConstraintFault(certificate, [certificate]);
  legacyNameConstraintFault([certificate, certificate]);
  const isCanonical = hasCanonicalSignature(certificate);
  const sanitized = sanitizeCertificate(certificate, certificate);
  const reparsed = parseCertificate(sanitized.der);
  assert.ok(reparsed, "the sanitized certificate cannot be read");
  const twice = sanitizeCertificate(reparsed, reparsed);
  assert.ok(equalBytes(twice.der, sanitized.der), "sanitizing twice is not sanitizing once");
  return isCanonical ? "accepted" : "accepted, signature not canonical";
}

const msp = await loadMsp(
  fileURLToPath(new URL("../vectors/msp-org3", import.meta.url)),
  "Org3MSP",
);
const crypto = createCrypto([msp]);

/** A SerializedIdentity; or a certificate, which is put into one first. */
function checkIdentity(input: Uint8Array): string {
  const isDer = input[0] === DER_TAG.sequence;
  const bytes = isDer ? serializeIdentity("Org3MSP", input).bytes : input;
  const verdict = crypto.identify(bytes);
  assert.ok(isDeepStrictEqual(crypto.identify(bytes), verdict), "another verdict the second time");
  if (!verdict.ok) {
    assert.ok(!CONTROL.test(verdict.reason), "control characters in a reason");
    assert.ok(verdict.reason.length < 3_000, "a reason without end");
    return verdict.code;
  }
  const { pkiId, mspId, bytes: kept } = verdict.value;
  assert.equal(mspId, "Org3MSP");
  assert.ok(equalBytes(kept, bytes) && kept.buffer !== bytes.buffer);
  if (isDer) {
    const hash = createHash("sha256").update(mspId).update(encodePem("CERTIFICATE", input));
    assert.equal(pkiId, hash.digest("hex"));
  }
  assert.equal(crypto.verify(verdict.value, bytes, Uint8Array.of(0x30, 0)), false);
  return "accepted";
}

/** PEM: what is read can be written, and read again as the same. */
function checkPem(input: Uint8Array): string {
  const block = decodePem(input);
  if (block === undefined) return "no block";
  assert.ok(block.der.length <= input.length, "more bytes than text");
  const again = decodePem(encodePem(block.type, block.der));
  assert.ok(again, "cannot be read again");
  assert.ok(equalBytes(again.der, block.der), "other bytes when read again");
  assert.equal(again.type, block.type);
  assert.equal(again.hasRest, false);
  return block.hasRest ? "block and more" : "block";
}

function checkRevocationList(input: Uint8Array): string {
  const list = parseRevocationList(input);
  if (list === undefined) return "refused";
  assert.ok(list.serials.size <= input.length);
  for (const serial of list.serials) assert.match(serial, /^([0-9a-f]{2})+$/);
  return list.authorityKeyId === undefined ? "accepted, of nobody" : "accepted";
}

function checkName(input: Uint8Array): string {
  const name = unlessFault(() => readDistinguishedName(input));
  if (name === undefined) return "refused";
  assert.ok(!CONTROL.test(name.text), "control characters in the text");
  assert.ok(name.text.length <= 1_003, "a text without end");
  return name.commonName === "" ? "accepted, nameless" : "accepted";
}

const [certificate] = certificates.flatMap((der) => parseCertificate(der) ?? []);
assert.ok(certificate);
const someCertificate = certificate;

/** Constraints are compared with themselves: an excluded subtree excludes its own name. */
function checkNameConstraints(input: Uint8Array): string {
  const constraints = unlessFault(() => readNameConstraints(input));
  if (constraints === undefined) return "refused";
  const { extensions } = someCertificate;
  const ca = { ...someCertificate, extensions: { ...extensions, nameConstraints: constraints } };
  const all = [...constraints.permitted, ...constraints.excluded];
  const below = { ...someCertificate, extensions: { ...extensions, alternativeNames: all } };
  const fault = nameConstraintFault(ca, [below]);
  // Not so of addresses: their constraint has a mask besides.
  const isExcluded = constraints.excluded.some(({ type }) => type !== NAME_TYPE.ip);
  assert.ok(fault !== undefined || !isExcluded, "an excluded name is allowed");
  return fault === undefined ? "accepted, allowed" : "accepted, not allowed";
}

function checkMspConfig(input: Uint8Array): string {
  const problems: string[] = [];
  const text = new TextDecoder().decode(input);
  const { requiredUnits, roleUnits } = parseMspConfig("config.yaml", text, { problems, hints: [] });
  for (const { unit, certificatePath } of [...requiredUnits, ...roleUnits.values()]) {
    assert.equal(typeof unit, "string");
    assert.equal(typeof certificatePath, "string");
  }
  for (const problem of problems) assert.match(problem, /^config\.yaml.*\.$/s);
  return problems.length > 0 ? "problems" : `${roleUnits.size} roles`;
}

const constraintOf = (number: number, ...names: readonly Uint8Array[]): Uint8Array =>
  encodeDer(contextTag(number, true), ...names.map((name) => encodeDer(DER_TAG.sequence, name)));
const dns = (name: string): Uint8Array => encodeDer(contextTag(2, false), bytesOf(name));
const address = (...bytes: readonly number[]): Uint8Array =>
  encodeDer(contextTag(7, false), Uint8Array.from(bytes));

const constraintSeeds: readonly Uint8Array[] = [
  encodeDer(DER_TAG.sequence, constraintOf(1, dns("secret.example.com"))),
  encodeDer(DER_TAG.sequence, constraintOf(0, dns("example.com"), dns(".example.com"))),
  encodeDer(
    DER_TAG.sequence,
    constraintOf(0, address(10, 0, 0, 0, 255, 0, 0, 0), dns("")),
    constraintOf(1, dns("secret.example.com"), encodeDer(contextTag(1, false), bytesOf("a@b"))),
  ),
];

const names = certificates.flatMap((der) => {
  const parsed = parseCertificate(der);
  return parsed === undefined ? [] : [parsed.subject.der, parsed.issuer.der];
});

/** Fabric's own names have printable strings only. */
const unusualNames = ["peer\u001b[2J", "\u202eorg", ' #,+"'].map((text) =>
  encodeDer(
    DER_TAG.sequence,
    encodeDer(
      DER_TAG.set,
      encodeDer(
        DER_TAG.sequence,
        encodeDer(DER_TAG.oid, Uint8Array.of(0x55, 4, 3)),
        encodeDer(DER_TAG.utf8String, bytesOf(text)),
      ),
    ),
  ),
);

const identities = certificatePems.map((idBytes) =>
  encode(SERIALIZED_IDENTITY, { mspid: "Org3MSP", idBytes }),
);

const pemWords = ["-----BEGIN ", "-----END ", "-----", "CERTIFICATE", "X509 CRL", "\r\n", ":", "="];
const yamlWords = ["NodeOUs:", "Enable: true", "&a", "*a", "<<:", "{", "[", "- ", "  ", "\t", "!!"];
const mspConfig = `OrganizationalUnitIdentifiers:
  - {Certificate: cacerts/ca.pem, OrganizationalUnitIdentifier: fabric}
NodeOUs:
  Enable: true
  ClientOUIdentifier: {OrganizationalUnitIdentifier: client}
  PeerOUIdentifier: {Certificate: cacerts/ca.pem, OrganizationalUnitIdentifier: peer}
`;

const derTarget = (
  name: string,
  seeds: readonly Uint8Array[],
  check: (input: Uint8Array) => string,
): Target => ({
  name,
  grammar: DER,
  corpus: [...seeds, ...readCorpus(name)],
  dictionary,
  bytesMax: BYTES_MAX,
  check,
});

const textTarget = (
  name: string,
  seeds: readonly Uint8Array[],
  words: readonly string[],
  check: (input: Uint8Array) => string,
): Target => ({
  ...derTarget(name, seeds, check),
  grammar: LINES,
  dictionary: words.map(bytesOf),
  bytesMax: TEXT_BYTES_MAX,
});

export const mspTargets: readonly Target[] = [
  derTarget("der", [...certificates, ...revocationLists], checkDer),
  derTarget("certificate", certificates, checkCertificate),
  derTarget("identity-certificate", certificates, checkIdentity),
  { ...derTarget("identity", identities, checkIdentity), grammar: PROTOBUF },
  derTarget("revocation-list", [...revocationLists, ...revocationListPems], checkRevocationList),
  derTarget("name", [...names, ...unusualNames], checkName),
  derTarget("name-constraints", constraintSeeds, checkNameConstraints),
  textTarget("pem", [...certificatePems, ...revocationListPems], pemWords, checkPem),
  { ...textTarget("msp-config", [bytesOf(mspConfig)], yamlWords, checkMspConfig), slowMs: 250 },
];
