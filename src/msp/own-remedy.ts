/** Remedies for our own certificate when its MSP folder refuses it. */

import { equalBytes } from "../wire/bytes.ts";
import { isSelfIssued } from "./authorities.ts";
import type { Certificate } from "./certificate.ts";
import { parseCertificate } from "./certificate.ts";
import type { Refusal } from "./judge.ts";
import type { MspMaterial } from "./msp.ts";
import { decodePem } from "./pem.ts";
import { certificatesIn } from "./tls-chain.ts";

const ISSUE_BY_CA = "have one issued by the CA of this folder, as this is self-signed";

/** The remedy for the refusal of `own`; begins with a verb and completes a sentence. */
export function ownRemedy({ code, kind }: Refusal, own: Certificate, files: MspMaterial): string {
  if (code === "identity-revoked") return "have a new one issued, as this one is revoked for good";
  const issuers = issuersIn(files, own).map(({ name }) => name);
  const [issuer = "the certificate of its CA"] = issuers;
  switch (kind) {
    case "ca":
      return "put the certificate of this node there, before those of CAs";
    case "unit":
      return `have one issued with the unit that config.yaml asks for (${unitsOf(files)}), or correct config.yaml`;
    case "unit-of-other-ca":
      return `let Certificate of the NodeOUs in config.yaml name ${issuer}, or leave Certificate out`;
    case "no-issuer":
      return isSelfIssued(own) ? ISSUE_BY_CA : noIssuerRemedy(files, own);
    case "several-chains":
      return `keep one of the CA certificates that lead to it and remove the others, here and in all MSPs of the organisation (${issuers.join(", ")})`;
    case "usage":
      return "have one issued with serverAuth among its extended key usages, or with none, by a CA that does not leave it out either";
    case "issuer-time":
      return "have one issued while its CA is valid, or replace the CA certificate by a renewed one of the same key";
    case "issuer-unfit":
      return `replace ${issuer} by a CA certificate with basicConstraints CA and the key usage keyCertSign`;
    case "issuer-key":
      return `have one issued by the CA of this folder, or replace ${issuer} by the certificate of the CA that issued it, which has the same name`;
    case "weak-signature":
      return "have one issued that is signed with SHA-256";
    case "own-issuer":
      return ISSUE_BY_CA;
    case "inner-issuer":
      return "have one issued by an intermediate CA, or remove the intermediate CAs of this issuer from intermediatecerts";
    default:
      return "have one issued without that";
  }
}

function unitsOf({ requiredUnits = [], roleUnits = new Map() }: MspMaterial): string {
  const units = [...requiredUnits, ...roleUnits.values()].map(({ unit }) => `"${unit}"`);
  return [...new Set(units)].join(", ");
}

/** Fabric reads the first certificate of a file only. */
function noIssuerRemedy(
  { rootCerts, intermediateCerts = [] }: MspMaterial,
  own: Certificate,
): string {
  const bundle = [...rootCerts, ...intermediateCerts].find(({ bytes }) =>
    certificatesIn(Buffer.from(bytes))
      .slice(1)
      .some((der) => isIssuer(parseCertificate(der), own)),
  );
  if (bundle !== undefined) {
    return `put each certificate of ${bundle.name} into a file of its own, intermediates into intermediatecerts, as only the first one of a file counts`;
  }
  return "use one issued by a CA of this folder, or add its CA, to intermediatecerts if that is no root";
}

/** CA files with the issuer's name. */
function issuersIn(
  { rootCerts, intermediateCerts = [] }: MspMaterial,
  own: Certificate,
): readonly { readonly name: string }[] {
  return [...rootCerts, ...intermediateCerts].filter(({ bytes }) => {
    const block = decodePem(bytes);
    return isIssuer(block && parseCertificate(block.der), own);
  });
}

function isIssuer(ca: Certificate | undefined, own: Certificate): boolean {
  return ca !== undefined && equalBytes(ca.subject.der, own.issuer.der);
}
