/** Explains what a file without PEM contains, with the remedy. */
import { createPrivateKey, X509Certificate } from "node:crypto";

const DER_SEQUENCE = 0x30;

/** Why these bytes contain no PEM block, with the remedy; undefined if they contain one. */
export function whyNoPem(bytes: Uint8Array): string {
  const start = Buffer.from(bytes.subarray(0, 4_096)).toString("latin1");
  if (bytes.length === 0) return "it is empty: put the PEM text into it";
  if (/^(\xff\xfe|\xfe\xff)/.test(start) || /^-\0/.test(start)) {
    return "it is saved as UTF-16: save it as plain ASCII or UTF-8 text without byte order mark";
  }
  if (start.startsWith("\xef\xbb\xbf-----BEGIN")) {
    return "a byte order mark stands before the PEM block: save it without one";
  }
  if (bytes[0] === DER_SEQUENCE) {
    if (isDerCertificate(bytes)) {
      return "it is a certificate in DER form: convert it with openssl x509 -inform der -in FILE -out FILE.pem";
    }
    if (isDerKey(bytes)) {
      return "it is a private key in DER form: convert it with openssl pkey -inform der -in FILE -out FILE.pem";
    }
    if (!isPkcs12(bytes)) {
      return "it is binary, perhaps a revocation list in DER form: convert that with openssl crl -inform der -in FILE -out FILE.pem";
    }
    return "it is binary, perhaps PKCS#12: take certificate and key out with openssl pkcs12 -nodes";
  }
  if (start.includes("-----BEGIN")) {
    return "its PEM block is broken: put the whole text from the BEGIN line to the END line there, each at the start of its line";
  }
  return "there is no PEM block in it: put the PEM text there, or remove the file";
}

/** It begins with its version, which is 3; what is signed begins with what is signed. */
function isPkcs12(bytes: Uint8Array): boolean {
  const [, length = 0] = bytes;
  const content = 2 + (length < 0x80 ? 0 : length - 0x80);
  return Buffer.from(bytes.subarray(content, content + 3)).equals(Buffer.of(2, 1, 3));
}

function isDerCertificate(bytes: Uint8Array): boolean {
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
