/** Setting up the CAs of an MSP: reading, low-S form, and the checks every CA must pass. */

import { printable } from "../lib/printable.ts";
import { equalBytes } from "../wire/bytes.ts";
import {
  type Certificate,
  isEcdsaSigned,
  parseCertificate,
  sanitizeCertificate,
} from "./certificate.ts";
import { type Authorities, findChain, hasIssued, includesCertificate } from "./chain.ts";
import type { MspFile, MspMaterial } from "./msp.ts";
import { decodePem, type PemBlock } from "./pem.ts";
import { certificatesIn } from "./tls-chain.ts";
import { whyCertificateUnfit } from "./unfit-key.ts";
import { tellUnusable, type Unusable, whyNoPem } from "./unusable.ts";

/** A skipped file, with the reason. */
export interface Skipped extends Pick<Unusable, "why"> {
  readonly name: string;
  readonly remedy: string | undefined;
}

/** Findings of a setup: problems, warnings and skipped files. */
export interface Findings {
  readonly problems: string[];
  readonly warnings: string[];
  readonly skipped: Skipped[];
  /** Warnings, also reported with an error because they may explain it. */
  readonly hints: string[];
}

export function noFindings(): Findings {
  return { problems: [], warnings: [], skipped: [], hints: [] };
}

export function tellSkipped({ name, why, remedy }: Skipped): string {
  return `${name} is skipped: ${why}${remedy === undefined ? "" : `: ${remedy}`}.`;
}

/** Roots, then intermediates. */
export function allOf({ roots, intermediates }: Authorities): readonly Certificate[] {
  return [...roots, ...intermediates];
}

/** The certificate in a file's first PEM block; further blocks do not count, as in Fabric. */
export function certificateIn(file: MspFile, problems: string[]): Certificate | undefined {
  const block = decodePem(file.bytes);
  const certificate = block && parseCertificate(block.der);
  if (certificate === undefined) {
    const unfit = block && whyCertificateUnfit(block.der);
    problems.push(
      unfit === undefined
        ? `${file.name} ${whyNoCertificate(file, block)}.`
        : `The certificate ${file.name} has ${unfit}, which Fabric cannot read: ` +
            "have one issued for an ECDSA key on P-256.",
    );
  }
  return certificate;
}

const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [/CERTIFICATE REQUEST$/, "replace it by the certificate that the CA issues for it"],
  [/^(?:PKCS7|CMS)$/, "replace it by what openssl pkcs7 -print_certs -in FILE prints"],
  [/^X509 CRL$/, "put a revocation list into crls"],
  [/PRIVATE KEY$/, "put a private key into keystore"],
];

/** Names what a file contains instead of a certificate, with the remedy. */
function whyNoCertificate({ bytes }: MspFile, block: PemBlock | undefined): string {
  if (block === undefined) return `cannot be used: ${tellUnusable(whyNoPem(bytes))}`;
  const found = `begins with a PEM block (${printable(block.type.slice(0, 40))}) that holds no X.509 certificate`;
  const hasLater =
    certificatesIn(Buffer.from(bytes)).length > (block.type === "CERTIFICATE" ? 1 : 0);
  const remedy = REMEDIES.find(([type]) => type.test(block.type))?.[1];
  return `${found}: ${hasLater ? "put the certificate first" : (remedy ?? "replace the file or remove it")}`;
}

/** A certificate with the file it came from. */
interface NamedCertificate {
  readonly name: string;
  readonly certificate: Certificate;
}

/** The certificates of those files that hold one. */
export function parseCaCertificates(
  files: readonly MspFile[],
  problems: string[],
): NamedCertificate[] {
  return files.flatMap((file) => {
    const certificate = certificateIn(file, problems);
    return certificate === undefined ? [] : [{ name: file.name, certificate }];
  });
}

/** Roots and intermediates in low-S form, each once. */
export function setUpAuthorities(material: MspMaterial, problems: string[]): Authorities {
  const roots = parseCaCertificates(material.rootCerts, problems);
  const intermediates = parseCaCertificates(material.intermediateCerts ?? [], problems);
  const raw = {
    roots: unique(roots.map(({ certificate }) => certificate)),
    intermediates: unique(intermediates.map(({ certificate }) => certificate)),
  };
  const sanitizeAll = (named: readonly NamedCertificate[]) =>
    unique(
      named.flatMap(({ name, certificate }) => {
        const sanitized = sanitizeAuthority(certificate, raw);
        if (typeof sanitized !== "string") return [sanitized];
        const remedy = authorityRemedy(certificate, raw);
        problems.push(`${name} is no CA certificate of this MSP (${sanitized}): ${remedy}.`);
        return [];
      }),
    );
  return { roots: sanitizeAll(roots), intermediates: sanitizeAll(intermediates) };
}

/** The remedy for a certificate that does not belong in its CA folder. */
function authorityRemedy(certificate: Certificate, { roots }: Authorities): string {
  if (isSelfIssued(certificate)) {
    return "use a certificate with basicConstraints CA and the key usage keyCertSign";
  }
  if (certificate.extensions.isCa !== true) return "replace it by the certificate of a CA";
  if (!includesCertificate(roots, certificate)) {
    return "put its issuers into cacerts and intermediatecerts, or remove it";
  }
  return roots.some((root) => hasIssued(root, certificate))
    ? "move it to intermediatecerts"
    : "put the root CA that issued it there, and move it to intermediatecerts";
}

/** Each certificate once. */
export function unique(certificates: readonly Certificate[]): readonly Certificate[] {
  return certificates.filter(
    (certificate, i) => !includesCertificate(certificates.slice(0, i), certificate),
  );
}

/** The CA certificate in low-S form, or why it cannot be part of a chain. */
export function sanitizeAuthority(ca: Certificate, authorities: Authorities): Certificate | string {
  if (!isEcdsaSigned(ca)) return ca;
  if (ca.extensions.isCa === true && hasIssued(ca, ca)) {
    const root = sanitizeCertificate(ca, ca);
    const found = findChain(root, { roots: [root], intermediates: [] });
    return found.ok ? root : found.reason;
  }
  const found = findChain(ca, authorities);
  if (!found.ok) return found.reason;
  const issuer = found.chain[1];
  if (issuer !== undefined) return sanitizeCertificate(ca, issuer);
  return isSelfIssued(ca) ? "it is not marked as a CA" : "it is not self-signed";
}

export function isSelfIssued({ subject, issuer }: Certificate): boolean {
  return equalBytes(subject.der, issuer.der);
}

/** Checks every CA and returns those that have an intermediate CA below them. */
export function checkAuthorities(
  authorities: Authorities,
  revoked: ReadonlyMap<Certificate, ReadonlySet<string>>,
  problems: string[],
): readonly Certificate[] {
  const inner: Certificate[] = [];
  for (const ca of allOf(authorities)) {
    const chain = checkAuthority(ca, authorities, problems);
    const [, issuer] = chain;
    if (issuer !== undefined && revoked.get(issuer)?.has(ca.serial)) {
      problems.push(
        `The CA certificate ${ca.subject.text} is revoked by ${issuer.subject.text}: ` +
          "remove it from intermediatecerts.",
      );
    }
    if (authorities.intermediates.includes(ca)) inner.push(...chain.slice(1));
  }
  return unique(inner);
}

/** Checks that apply to every CA, enrolment or TLS; returns its chain, empty if there is none. */
export function checkAuthority(
  ca: Certificate,
  authorities: Authorities,
  problems: string[],
): readonly Certificate[] {
  const name = `The CA certificate ${ca.subject.text} (serial number ${ca.serial})`;
  if (ca.extensions.isCa !== true) {
    problems.push(`${name} is not marked as a CA: use a certificate with basicConstraints CA.`);
    return [];
  }
  if (ca.extensions.subjectKeyId === undefined) {
    problems.push(`${name} has no subject key identifier: issue it again with one.`);
  }
  const found = findChain(ca, authorities);
  if (!found.ok) problems.push(`${name} is not valid: ${found.reason}; replace or remove it.`);
  return found.ok ? found.chain : [];
}
