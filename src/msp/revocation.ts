/**
 * Revocation lists, by Fabric's rules (spec A 7.5): a list counts for the CA whose subject key
 * identifier is the list's authority key identifier and whose key signed it. Dates are ignored, so
 * an outdated list still counts.
 */
import { equalBytes, toHex } from "../wire/bytes.ts";
import { type Certificate, isEcdsaSigned } from "./certificate.ts";
import { contextTag, DER_TAG, DerFault, DerReader } from "./der.ts";
import { readTime } from "./der-time.ts";
import { readDistinguishedName } from "./distinguished-name.ts";
import { readExtensionList, readKeyId } from "./extensions.ts";
import { decodePem } from "./pem.ts";
import { canonicalSignature } from "./signatures.ts";
import { isCertifiedBy, readAlgorithm, type Signed } from "./signed.ts";

export interface RevocationList extends Signed {
  /** Undefined without a readable extension: Fabric then refuses every identity. */
  readonly authorityKeyId: Uint8Array | undefined;
  /** Serial numbers in lower-case hex. */
  readonly serials: ReadonlySet<string>;
}

const AUTHORITY_KEY_ID = "2.5.29.35";
const PEM_START = "-----BEGIN X509 CRL";

/**
 * The list in a file: PEM if `-----BEGIN X509 CRL` starts it, DER otherwise, like Go. Undefined if
 * it is neither.
 */
export function parseRevocationList(bytes: Uint8Array): RevocationList | undefined {
  try {
    const isPem = Buffer.from(bytes.subarray(0, PEM_START.length)).toString("latin1") === PEM_START;
    const block = isPem ? decodePem(bytes) : undefined;
    return readList(block?.type === "X509 CRL" ? block.der : bytes);
  } catch {
    // Malformed, whatever the parser's reason; the caller names the file.
    return undefined;
  }
}

function readList(der: Uint8Array): RevocationList {
  const outer = new DerReader(der);
  const reader = outer.enter(DER_TAG.sequence);
  if (!outer.isEmpty) throw new DerFault("bytes after the list");
  const tbs = reader.readElement(DER_TAG.sequence);
  const algorithm = readAlgorithm(reader.enter(DER_TAG.sequence));
  const bits = reader.readBitBytes();

  const body = new DerReader(tbs.content);
  if (body.isNext(DER_TAG.integer)) body.readInteger();
  readAlgorithm(body.enter(DER_TAG.sequence));
  readDistinguishedName(body.readElement(DER_TAG.sequence).whole); // issuer
  readTime(body, "skip"); // thisUpdate
  if (body.isNext(DER_TAG.utcTime) || body.isNext(DER_TAG.generalizedTime)) readTime(body, "skip");
  const serials = readSerials(body.readOptional(DER_TAG.sequence));
  const wrapped = body.readOptional(contextTag(0, true));
  const extensions =
    wrapped === undefined ? [] : readExtensionList(new DerReader(wrapped).enter(DER_TAG.sequence));
  const keyId = extensions.find(({ oid }) => oid === AUTHORITY_KEY_ID);

  const signed = { tbs: tbs.whole, ...algorithm, signature: bits };
  const signature = isEcdsaSigned(signed) ? canonicalSignature(bits) : bits;
  if (signature === undefined) throw new DerFault("malformed signature");
  return {
    ...signed,
    signature,
    serials,
    authorityKeyId: keyId && readListKeyId(keyId.value),
  };
}

/** Empty if the extension names no key; an unreadable one counts as absent. */
function readListKeyId(value: Uint8Array): Uint8Array | undefined {
  try {
    return readKeyId(value) ?? new Uint8Array(0);
  } catch {
    return undefined;
  }
}

function readSerials(content: Uint8Array | undefined): ReadonlySet<string> {
  const serials = new Set<string>();
  if (content === undefined) return serials;
  const reader = new DerReader(content);
  while (!reader.isEmpty) {
    const entry = reader.enter(DER_TAG.sequence);
    serials.add(serialText(entry.readInteger()));
    readTime(entry, "skip");
    if (entry.isNext(DER_TAG.sequence)) readExtensionList(entry.enter(DER_TAG.sequence));
  }
  return serials;
}

function serialText(integer: Uint8Array): string {
  return toHex(integer.length > 1 && integer[0] === 0 ? integer.subarray(1) : integer);
}

/** Whether this list has the CA's key identifier. The signature is checked separately. */
export function isListOf(list: RevocationList, ca: Certificate): boolean {
  const { subjectKeyId } = ca.extensions;
  if (list.authorityKeyId === undefined || subjectKeyId === undefined) return false;
  return equalBytes(list.authorityKeyId, subjectKeyId);
}

/** Whether the CA signed the list. As in Go, SHA-1 is accepted here, unlike on certificates. */
export function isListSignedBy(list: RevocationList, ca: Certificate): boolean {
  return isCertifiedBy(list, ca.publicKey, "accept");
}
