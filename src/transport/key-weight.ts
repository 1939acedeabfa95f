/**
 * What it costs to check signatures with the keys of certificates. OpenSSL checks each certificate of a
 * chain with the key of the next, whoever shows it, and takes keys that Go does not.
 */

const SEQUENCE = 0x30;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OBJECT_IDENTIFIER = 0x06;
const VERSION = 0xa0;

/** Content of object identifiers, in hex, and about how long a check takes, in microseconds. */
const EC_KEY = "2a8648ce3d0201";
const CURVES: ReadonlyMap<string, number> = new Map([
  ["2a8648ce3d030107", 100], // P-256
  ["2b81040021", 400], // P-224
  ["2b81040022", 900], // P-384
  ["2b81040023", 1_600], // P-521
]);
const RSA_KEY = "2a864886f70d010101";
const RSA_MICROS = 300;
const ED25519 = "2b6570";
const ED25519_MICROS = 200;

/** Go takes no larger keys in TLS, and no larger exponents. */
const RSA_BYTES_MAX = 1_024;
const EXPONENT_BYTES_MAX = 4;

interface Element {
  readonly tag: number;
  readonly content: Uint8Array;
}

/** The elements of one value; undefined if it is not DER. */
function elementsOf(bytes: Uint8Array): Element[] | undefined {
  const elements: Element[] = [];
  let at = 0;
  while (at < bytes.length) {
    const tag = bytes[at] ?? 0;
    let length = bytes[at + 1] ?? 0x80;
    at += 2;
    if (length >= 0x80) {
      const count = length - 0x80;
      if (count < 1 || count > 3) return undefined;
      length = 0;
      for (const end = at + count; at < end; at++) length = length * 256 + (bytes[at] ?? 0);
    }
    if (at + length > bytes.length) return undefined;
    elements.push({ tag, content: bytes.subarray(at, at + length) });
    at += length;
  }
  return elements;
}

function within(element: Element | undefined, tag: number): Element[] {
  return (element?.tag === tag && elementsOf(element.content)) || [];
}

/**
 * About how long it takes to check a signature with the key of a certificate in DER, in microseconds;
 * undefined: it cannot be read, or its key is of a kind that Go does not take.
 */
export function keyWeight(certificate: Uint8Array): number | undefined {
  const [whole] = elementsOf(certificate) ?? [];
  const [signed] = within(whole, SEQUENCE);
  const parts = within(signed, SEQUENCE);
  // Serial number, algorithm, issuer, validity, subject, key.
  const key = parts[parts[0]?.tag === VERSION ? 6 : 5];
  const [algorithm, bits] = within(key, SEQUENCE);
  const [kind, parameters] = within(algorithm, SEQUENCE);
  if (kind?.tag !== OBJECT_IDENTIFIER || bits?.tag !== BIT_STRING) return undefined;
  const name = hex(kind.content);
  if (name === ED25519) return ED25519_MICROS;
  if (name === EC_KEY) {
    return parameters?.tag === OBJECT_IDENTIFIER ? CURVES.get(hex(parameters.content)) : undefined;
  }
  return name === RSA_KEY && isModest(bits.content.subarray(1)) ? RSA_MICROS : undefined;
}

function isModest(rsaKey: Uint8Array): boolean {
  const [whole] = elementsOf(rsaKey) ?? [];
  const [modulus, exponent] = within(whole, SEQUENCE);
  if (modulus?.tag !== INTEGER || exponent?.tag !== INTEGER) return false;
  return (
    modulus.content.length <= RSA_BYTES_MAX + 1 && exponent.content.length <= EXPONENT_BYTES_MAX
  );
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
