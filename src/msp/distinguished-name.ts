/** The subject and issuer of a certificate: what rules need, and a line for people. */
import { DerFault, DerReader, TAG } from "./der.ts";

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

/** For people; the certificate of a stranger may hold 48 KB of names. */
const TEXT_CHARACTERS_MAX = 1_000;

interface Attribute {
  readonly oid: string;
  /** Undefined if the value is no string. */
  readonly text: string | undefined;
  readonly der: Uint8Array;
}

/** Reads a Name from its content. `der` is the whole element. */
export function readDistinguishedName(der: Uint8Array): DistinguishedName {
  const sets = new DerReader(der).enter(TAG.sequence);
  const relativeNames: Attribute[][] = [];
  while (!sets.isEmpty) {
    const set = sets.enter(TAG.set);
    const attributes: Attribute[] = [];
    while (!set.isEmpty) attributes.push(readAttribute(set.enter(TAG.sequence)));
    relativeNames.push(attributes);
  }
  const all = relativeNames.flat();
  const valuesOf = (oid: string) =>
    all.flatMap((attribute) =>
      attribute.oid === oid && attribute.text !== undefined ? [attribute.text] : [],
    );
  return {
    der,
    commonName: valuesOf(COMMON_NAME).at(-1) ?? "",
    organizationalUnits: valuesOf(ORGANIZATIONAL_UNIT),
    text: printName(relativeNames),
  };
}

function readAttribute(reader: DerReader): Attribute {
  const oid = reader.readOid();
  const value = reader.readAny();
  return { oid, text: readText(value.tag, value.content), der: value.whole };
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The string in an element, by the rules of Go's parser; undefined if it is no string type. */
function readText(tag: number, content: Uint8Array): string | undefined {
  const latin1 = () => Buffer.from(content).toString("latin1");
  switch (tag) {
    case TAG.utf8String:
      return UTF8.decode(content);
    case TAG.printableString:
      return checked(latin1(), /^[A-Za-z0-9'()*&+,\-./ :=?]*$/);
    case TAG.ia5String:
      return checked(latin1(), /^\p{ASCII}*$/u);
    case TAG.numericString:
      return checked(latin1(), /^[0-9 ]*$/);
    case TAG.t61String:
      return latin1();
    case TAG.bmpString:
      return readBmp(content);
    default:
      return undefined;
  }
}

function checked(text: string, allowed: RegExp): string {
  if (!allowed.test(text)) throw new DerFault("characters outside the string type");
  return text;
}

function readBmp(content: Uint8Array): string {
  const isTerminated = content.at(-1) === 0 && content.at(-2) === 0;
  const bytes = Buffer.from(isTerminated ? content.subarray(0, -2) : content);
  const text = bytes.length % 2 === 0 ? bytes.swap16().toString("utf16le") : "\ud800";
  return checked(text, /^[^\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]*$/);
}

function printName(relativeNames: readonly (readonly Attribute[])[]): string {
  let text = "";
  for (const attributes of relativeNames.toReversed()) {
    if (text !== "") text += ",";
    text += attributes.map(printAttribute).join("+");
    if (text.length > TEXT_CHARACTERS_MAX) return `${text.slice(0, TEXT_CHARACTERS_MAX)}...`;
  }
  return text;
}

function printAttribute({ oid, text, der }: Attribute): string {
  const value =
    text === undefined
      ? `#${Buffer.from(der.subarray(0, TEXT_CHARACTERS_MAX)).toString("hex")}`
      : escapeValue(text.slice(0, TEXT_CHARACTERS_MAX));
  return `${SHORT_NAMES[oid] ?? oid}=${value}`;
}

/** RFC 4514 section 2.4; control characters too, since the text ends up on terminals. */
function escapeValue(value: string): string {
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
