/** Private keys in files: reading them as people keep them, and saying what else a file holds. */
import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { basename } from "node:path";
import type { Findings } from "./authorities.ts";
import { readFiles } from "./msp-folder.ts";
import { whyNoPem } from "./unusable.ts";

const PRIVATE_KEY = /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----/;
const NAMED_MAX = 3;

/** Whether a file holds a private key, perhaps an encrypted one. */
export function holdsPrivateKey(bytes: Uint8Array): boolean {
  return PRIVATE_KEY.test(Buffer.from(bytes).toString("latin1"));
}

/**
 * The private key in a PEM text, wherever it stands in it: `openssl ecparam -genkey` writes a block
 * of parameters first. Or why there is none.
 */
function privateKeyIn(bytes: Uint8Array): KeyObject | string {
  const text = Buffer.from(bytes).toString("latin1");
  if (!PRIVATE_KEY.test(text)) {
    const [, what] = /^it (is .*)$/.exec(text.includes("-----BEGIN") ? "" : whyNoPem(bytes)) ?? [];
    return what ?? "holds no private key in PEM form";
  }
  if (/BEGIN ENCRYPTED PRIVATE KEY|Proc-Type: 4,ENCRYPTED/.test(text)) {
    return "is encrypted; decrypt it with openssl pkey -in FILE -out FILE";
  }
  try {
    return createPrivateKey(text.slice(text.search(PRIVATE_KEY)));
  } catch {
    return "is no private key that can be read";
  }
}

/** Kinds are compared first: OpenSSL remembers a comparison of two kinds as an error of the next call. */
function isKeyOf(key: KeyObject, publicKey: KeyObject): boolean {
  const isSameKind =
    key.asymmetricKeyType === publicKey.asymmetricKeyType &&
    key.asymmetricKeyDetails?.namedCurve === publicKey.asymmetricKeyDetails?.namedCurve;
  return isSameKind && createPublicKey(key).equals(publicKey);
}

/**
 * The key of this public key, found by content in a folder, whatever its file is called; or why the
 * files that are there are not it.
 */
export async function findPrivateKey(
  publicKey: KeyObject,
  keystore: string,
  findings: Findings,
): Promise<{ readonly key: KeyObject } | { readonly reasons: readonly string[] }> {
  const others: string[] = [];
  const before = findings.warnings.length;
  for (const { name, bytes } of await readFiles(keystore, findings, "optional")) {
    const key = privateKeyIn(bytes);
    if (typeof key === "string") {
      // Empty ones such as .gitkeep only keep the folder in version control.
      if (bytes.length > 0 || !basename(name).startsWith(".")) others.push(`${name} ${key}`);
    } else if (isKeyOf(key, publicKey)) return { key };
    else others.push(`${name} is the key of another certificate`);
  }
  const unread = findings.warnings.slice(before).map((sentence) => sentence.replace(/\.$/, ""));
  return { reasons: [...unread, ...others].slice(0, NAMED_MAX) };
}
