/** Subject and issuer of a certificate: the parts that rules need, and a readable line. */
import { isUtf8 } from "node:buffer";
import { equalBytes } from "../wire/bytes.ts";
import { DER_TAG, DerFault, DerReader } from "./der.ts";

export interface DistinguishedName {
  /** The DER as it stands: chains match issuer and subject byte by byte, like Go. */
  readonly der: Uint8Array;
  /** The last common name; empty if there is none. */
  readonly commonName: string;
  /** Every organisational unit, in order. */
  readonly organizationalUnits: readonly string[];
  /**
   * Last attribute first, as in RFC 4514 and as Fabric prints it:
   * `CN=peer0.org1.example.com,OU=peer,O=org1`. Cut after 1_000 characters.
   */
  readonly text: string;
}

const COMMON_NAME = "2.5.4.3";
const ORGANIZATIONAL_UNIT = "2.5.4.11";

const SHORT_NAMES: Readonly<Record<string, string>> = {
  [COMMON_NAME]: "CN",
  "2.5.4.5": "SERIALNUMBER",
  "2.5.4.6": "C",
  "2.5.4.7": "L",
  "2.5.4.8": "ST",
  "2.5.4.9": "STREET",
  "2.5.4.10": "O",
  [ORGANIZATIONAL_UNIT]: "OU",
  "2.5.4.17": "POSTALCODE",
  "0.9.2342.19200300.100.1.25": "DC",
  "1.2.840.113549.1.9.1": "emailAddress",
};

/** Maximum length of the readable form: an untrusted certificate may hold 48 KB of names. */
const TEXT_CHARACTERS_MAX = 1_000;

/** A type and its value. */
interface Attribute {
  readonly oid: string;
  readonly value: string;
}

/** A part of a name: mostly one attribute. */
interface RelativeName {
  readonly der: Uint8Array;
  readonly attributes: readonly Attribute[];
  readonly text: string;
}

/** The name read last, part by part: those of one organisation differ in one part alone. */
let last: readonly RelativeName[] = [];
/** Longer names are not remembered, since they hold what they were read from in memory. */
const REMEMBERED_BYTES_MAX = 1_024;

/** Reads a Name from its content. `der` is the whole element. */
export function readDistinguishedName(der: Uint8Array): DistinguishedName {
  const sets = new DerReader(der).enter(DER_TAG.sequence);
  const names: RelativeName[] = [];
  let commonName = "";
  const organizationalUnits: string[] = [];
  while (!sets.isEmpty) {
    const set = sets.readElement(DER_TAG.set);
    const former = last[names.length];
    const isSame = former !== undefined && equalBytes(former.der, set.whole);
    const name = isSame ? former : readRelativeName(set.whole, set.content);
    names.push(name);
    for (const { oid, value } of name.attributes) {
      if (oid === COMMON_NAME) commonName = value;
      else if (oid === ORGANIZATIONAL_UNIT) organizationalUnits.push(value);
    }
  }
  if (der.length <= REMEMBERED_BYTES_MAX) last = names;
  return { der, commonName, organizationalUnits, text: printName(names) };
}

function readRelativeName(der: Uint8Array, content: Uint8Array): RelativeName {
  const set = new DerReader(content);
  const attributes: Attribute[] = [];
  while (!set.isEmpty) attributes.push(readAttribute(set.enter(DER_TAG.sequence)));
  return { der, attributes, text: attributes.map(printAttribute).join("+") };
}

/** Type and value; like Go, ignores anything after them. */
function readAttribute(reader: DerReader): Attribute {
  const oid = reader.readOid();
  const { tag, content } = reader.readAny();
  if (!isStringOf(tag, content)) throw new DerFault("characters outside the string type");
  return { oid, value: textOf(tag, content) };
}

const isAscii = (byte: number): boolean => byte < 0x80;
const isNumeric = (byte: number): boolean => (byte >= 0x30 && byte <= 0x39) || byte === 0x20;
/** Includes the asterisk and the ampersand, which Go also allows. */
const PRINTABLE: ReadonlySet<number> = new Set(
  Buffer.from(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'()*&+,-./ :=?",
    "latin1",
  ),
);

/** Whether the value is a string of the kind, by the rules of Go's parser; other kinds are not. */
function isStringOf(tag: number, value: Uint8Array): boolean {
  switch (tag) {
    case DER_TAG.utf8String:
      return isUtf8(value);
    case DER_TAG.printableString:
      return value.every((byte) => PRINTABLE.has(byte));
    case DER_TAG.ia5String:
      return value.every(isAscii);
    case DER_TAG.numericString:
      return value.every(isNumeric);
    case DER_TAG.t61String:
      return true;
    case DER_TAG.bmpString:
      return value.length % 2 === 0 && isBmp(value);
    default:
      return false;
  }
}

/** Neither unpaired surrogates nor noncharacters. */
function isBmp(value: Uint8Array): boolean {
  for (let at = 0; at < value.length; at += 2) {
    const point = (value[at] ?? 0) * 256 + (value[at + 1] ?? 0);
    const isReserved = point >= 0xfffe || (point >= 0xfdd0 && point <= 0xfdef);
    if (isReserved || (point >= 0xd800 && point <= 0xdfff)) return false;
  }
  return true;
}

function textOf(tag: number, value: Uint8Array): string {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.length);
  if (tag === DER_TAG.utf8String) return bytes.toString("utf8");
  if (tag !== DER_TAG.bmpString) return bytes.toString("latin1");
  const isTerminated = value.length >= 2 && value.at(-1) === 0 && value.at(-2) === 0;
  return Buffer.from(isTerminated ? value.subarray(0, -2) : value)
    .swap16()
    .toString("utf16le");
}

function printName(names: readonly RelativeName[]): string {
  let text = "";
  for (let at = names.length - 1; at >= 0; at--) {
    text += (text === "" ? "" : ",") + (names[at]?.text ?? "");
    if (text.length > TEXT_CHARACTERS_MAX) return `${text.slice(0, TEXT_CHARACTERS_MAX)}...`;
  }
  return text;
}

function printAttribute({ oid, value }: Attribute): string {
  const type = SHORT_NAMES[oid] ?? oid.slice(0, TEXT_CHARACTERS_MAX);
  return `${type}=${escapeValue(value.slice(0, TEXT_CHARACTERS_MAX))}`;
}

/** What needs no escape, and nearly every name consists of. */
const PLAIN = /^[\w.@:*-]*$/;

/** RFC 4514 section 2.4; control characters too, since the text ends up on terminals. */
function escapeValue(value: string): string {
  if (PLAIN.test(value)) return value;
  return value
    .replaceAll(/["+,;<>\\]/g, "\\$&")
    .replaceAll(/^[ #]|(?<=[^\\]) $/g, "\\$&")
    .replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (control) =>
      Buffer.from(control).reduce(
        (out, byte) => `${out}\\${byte.toString(16).padStart(2, "0")}`,
        "",
      ),
    );
}
