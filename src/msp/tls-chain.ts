/** Chains of TLS certificates, judged as Go's `crypto/tls` judges them. */
import type { KeyObject } from "node:crypto";
import { type Certificate, parseCertificate } from "./certificate.ts";
import { type NoChain, whyUntrusted } from "./chain.ts";
import { decodePemBlocks } from "./pem.ts";

/** Go's TLS checks no signature of a larger key. */
const RSA_BITS_MAX = 8_192;
/** OpenSSL's names of the curves that TLS of Go signs on. */
const CURVES: readonly unknown[] = ["prime256v1", "secp384r1", "secp521r1"];

/** Why no Go program shows a certificate with such a key, or believes one; undefined: it does. */
export function whyUnfitForTls(key: KeyObject): string | undefined {
  const { asymmetricKeyType: type = "strange", asymmetricKeyDetails: details } = key;
  if (type === "rsa" || type === "ed25519") return undefined;
  if (type !== "ec") return `its key is of the kind ${type}`;
  const { namedCurve: curve = "of its own making" } = details ?? {};
  return CURVES.includes(curve) ? undefined : `its key is on the curve ${curve}`;
}

interface TlsQuestion {
  /** The role of the party that presents the certificate. */
  readonly use: "server" | "client";
  readonly atMs: number;
}

/**
 * Why a chain (leaf first, DER) is not trusted under these PEM files; undefined: it is. Each
 * certificate in them is an anchor, even an intermediate one.
 */
export function tlsChainFault(
  shown: readonly Uint8Array[],
  anchors: readonly Buffer[],
  question: TlsQuestion,
): string | undefined {
  return judgeTlsChain(shown, anchors, question)?.reason;
}

/** The same, with the kind of fault. */
export function judgeTlsChain(
  shown: readonly Uint8Array[],
  anchors: readonly Buffer[],
  { use, atMs }: TlsQuestion,
): NoChain | undefined {
  const certificates: Certificate[] = [];
  for (const der of shown) {
    const certificate = parseCertificate(der);
    if (certificate === undefined) return other("it shows a certificate that Go cannot read");
    const bits = certificate.publicKey.asymmetricKeyDetails?.modulusLength ?? 0;
    if (bits > RSA_BITS_MAX) return other(`it shows an RSA key of more than ${RSA_BITS_MAX} bits`);
    certificates.push(certificate);
  }
  const [leaf, ...intermediates] = certificates;
  if (leaf === undefined) return other("it shows no certificate");
  const unfit = whyUnfitForTls(leaf.publicKey);
  if (unfit !== undefined) return other(unfit);
  return whyUntrusted(leaf, { roots: readAnchors(anchors), intermediates }, { use, atMs });
}

const other = (reason: string): NoChain => ({ code: "other", reason });

/** Every certificate in a PEM text, in DER; undecodable ones and other blocks are omitted. */
export function certificatesIn(pem: Uint8Array): readonly Uint8Array[] {
  return decodePemBlocks(pem).flatMap(({ type, der }) => (type === "CERTIFICATE" ? der : []));
}

/** Parsed once per set of files, since strangers trigger the check. */
const known = new WeakMap<readonly Buffer[], readonly Certificate[]>();

function readAnchors(pems: readonly Buffer[]): readonly Certificate[] {
  const read = known.get(pems);
  if (read !== undefined) return read;
  const anchors = pems.flatMap(certificatesIn).flatMap((der) => parseCertificate(der) ?? []);
  known.set(pems, anchors);
  return anchors;
}
