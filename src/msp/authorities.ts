/** Setting up the CAs of an MSP: reading, low-S form, and the checks every CA must pass. */

import { equalBytes } from "../wire/bytes.ts";
import {
  type Certificate,
  isEcdsaSigned,
  parseCertificate,
  sanitizeCertificate,
} from "./certificate.ts";
import { type Authorities, findChain, hasIssued, includesCertificate } from "./chain.ts";
import type { MspFile, MspMaterial } from "./msp.ts";
import { decodePem } from "./pem.ts";
import { whyCertificateUnfit } from "./unfit-key.ts";
import type { Unusable } from "./unusable.ts";

/** A file that was not looked into, and why. */
export interface Skipped extends Pick<Unusable, "why"> {
  readonly name: string;
  readonly remedy: string | undefined;
}

/** What setting up found out: sentences, and files that were skipped. */
export interface Findings {
  readonly problems: string[];
  readonly warnings: string[];
  readonly skipped: Skipped[];
}

export function noFindings(): Findings {
  return { problems: [], warnings: [], skipped: [] };
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
        ? `${file.name} does not begin with a PEM block that holds an X.509 certificate: ` +
            "replace the file or remove it."
        : `The certificate ${file.name} has ${unfit}, which Fabric cannot read: ` +
            "have one issued for an ECDSA key on P-256.",
    );
  }
  return certificate;
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
        const remedy = isSelfIssued(certificate)
          ? "use a certificate with basicConstraints CA and the key usage keyCertSign"
          : "put its issuers into cacerts and intermediatecerts, or remove it";
        problems.push(`${name} is no CA certificate of this MSP (${sanitized}): ${remedy}.`);
        return [];
      }),
    );
  return { roots: sanitizeAll(roots), intermediates: sanitizeAll(intermediates) };
}

/** Each certificate once. */
export function unique(certificates: readonly Certificate[]): readonly Certificate[] {
  return certificates.filter(
    (certificate, i) => !includesCertificate(certificates.slice(0, i), certificate),
  );
}

/** The CA certificate in low-S form, or why it has no place in a chain. */
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

function isSelfIssued({ subject, issuer }: Certificate): boolean {
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

/** What every CA needs, enrolment or TLS; returns its chain, empty if it has none. */
export function checkAuthority(
  ca: Certificate,
  authorities: Authorities,
  problems: string[],
): readonly Certificate[] {
  const name = `The CA certificate ${ca.subject.text} (serial number ${ca.serial})`;
  if (ca.extensions.isCa !== true) {
    problems.push(`${name} is not marked as a CA: use a certificate with basicConstraints CA.`);
  }
  if (ca.extensions.subjectKeyId === undefined) {
    problems.push(`${name} has no subject key identifier: issue it again with one.`);
  }
  const found = findChain(ca, authorities);
  if (!found.ok) problems.push(`${name} is not valid: ${found.reason}; replace or remove it.`);
  return found.ok ? found.chain : [];
}
