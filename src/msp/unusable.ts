/** Explains what a file without PEM contains, with the remedy. */
import { createPrivateKey, X509Certificate } from "node:crypto";

const DER_SEQUENCE = 0x30;

/** Why a file is unusable, with the remedy. */
export interface Unusable {
  /** What it contains instead. */
  readonly holds:
    | "nothing"
    | "utf-16"
    | "bom"
    | "certificate"
    | "key"
    | "binary"
    | "pkcs12"
    | "broken"
    | "base64"
    | "no-pem";
  readonly why: string;
  readonly remedy: string;
}

/** Both as text without a full stop. */
export function tellUnusable({ why, remedy }: Unusable): string {
  return `${why}: ${remedy}`;
}

/** Why these bytes contain no readable PEM block. */
export function whyNoPem(bytes: Uint8Array): Unusable {
  const start = Buffer.from(bytes.subarray(0, 4_096)).toString("latin1");
  if (bytes.length === 0)
    return { holds: "nothing", why: "it is empty", remedy: "put the PEM text into it" };
  if (/^(\xff\xfe|\xfe\xff)/.test(start) || /^-\0/.test(start)) {
    return {
      holds: "utf-16",
      why: "it is saved as UTF-16",
      remedy: "save it as plain ASCII or UTF-8 text without byte order mark",
    };
  }
  if (start.startsWith("\xef\xbb\xbf-----BEGIN")) {
    return {
      holds: "bom",
      why: "a byte order mark stands before the PEM block",
      remedy: "save it without one",
    };
  }
  if (bytes[0] === DER_SEQUENCE) return whyBinary(bytes);
  // With escaped line ends, as in JSON or shell variables.
  if (/-----BEGIN [A-Z0-9 ]+-----\\n/.test(start)) {
    return {
      holds: "broken",
      why: "its line ends are written as \\n",
      remedy: "put the PEM text there with line ends, and nothing around it",
    };
  }
  // Base64 as shown by Kubernetes for a secret.
  if (/^\s*LS0tLS1CRUdJTi/.test(start)) {
    return {
      holds: "base64",
      why: "its PEM text is encoded in base64 once more",
      remedy: "replace it by what base64 -d FILE prints",
    };
  }
  if (start.includes("-----BEGIN")) {
    return {
      holds: "broken",
      why: "its PEM block is broken",
      remedy:
        "put the whole text from the BEGIN line to the END line there, each at the start of its line",
    };
  }
  return {
    holds: "no-pem",
    why: "there is no PEM block in it",
    remedy: "put the PEM text there, or remove the file",
  };
}

/** Describes DER content. */
function whyBinary(bytes: Uint8Array): Unusable {
  if (isDerCertificate(bytes)) {
    return {
      holds: "certificate",
      why: "it is a certificate in DER form",
      remedy: "replace it by what openssl x509 -inform der -in FILE prints",
    };
  }
  if (isDerKey(bytes)) {
    return {
      holds: "key",
      why: "it is a private key in DER form",
      remedy: "replace it by what openssl pkey -inform der -in FILE prints",
    };
  }
  if (!isPkcs12(bytes)) {
    return {
      holds: "binary",
      why: "it is binary, perhaps a revocation list in DER form",
      remedy: "replace it by what openssl crl -inform der -in FILE prints",
    };
  }
  return {
    holds: "pkcs12",
    why: "it is binary, perhaps PKCS#12",
    remedy:
      "put the certificate and the key that openssl pkcs12 -nodes -in FILE prints into a file each",
  };
}

/**
 * PKCS#12 begins with its version, 3; signed structures such as certificates begin with their
 * content.
 */
function isPkcs12(bytes: Uint8Array): boolean {
  const [, length = 0] = bytes;
  const content = 2 + (length < 0x80 ? 0 : length - 0x80);
  return Buffer.from(bytes.subarray(content, content + 3)).equals(Buffer.of(2, 1, 3));
}

/** Whether these bytes are one certificate in DER form. */
export function isDerCertificate(bytes: Uint8Array): boolean {
  try {
    return new X509Certificate(bytes).raw.length > 0;
  } catch {
    return false;
  }
}

function isDerKey(bytes: Uint8Array): boolean {
  return (["pkcs8", "sec1"] as const).some((type) => {
    try {
      return createPrivateKey({ key: Buffer.from(bytes), format: "der", type }).type === "private";
    } catch {
      return false;
    }
  });
}
