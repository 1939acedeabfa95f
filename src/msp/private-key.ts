/** Private keys in files: reads common formats and explains what a file contains instead. */
import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { basename } from "node:path";
import type { Findings, Skipped } from "./authorities.ts";
import { readFiles } from "./msp-folder.ts";
import { decodePemBlocks } from "./pem.ts";
import { whyNoPem } from "./unusable.ts";

const PRIVATE_KEY = /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----/;

/** Any word may precede, as in Go. */
const KEY_TYPE = /^(?:.* )?PRIVATE KEY$/;

/** Whether a file holds a private key, perhaps an encrypted one. */
export function holdsPrivateKey(bytes: Uint8Array): boolean {
  return PRIVATE_KEY.test(Buffer.from(bytes).toString("latin1"));
}

/** Why a file is not the key; `why` follows the name of the file. */
type NotTheKey = Pick<Skipped, "name" | "why" | "remedy">;

/**
 * The private key in a PEM text, at any position: `openssl ecparam -genkey` writes a parameter
 * block first. Otherwise the reason why there is none.
 */
export function privateKeyIn(bytes: Uint8Array): KeyObject | Omit<NotTheKey, "name"> {
  const text = Buffer.from(bytes).toString("latin1");
  if (!PRIVATE_KEY.test(text)) return whyNoKey(text, bytes);
  if (/BEGIN ENCRYPTED PRIVATE KEY|Proc-Type: 4,ENCRYPTED/.test(text)) {
    return { why: "it is encrypted", remedy: "replace it by what openssl pkey -in FILE prints" };
  }
  const block = decodePemBlocks(bytes).find(({ type }) => KEY_TYPE.test(type));
  if (block === undefined) {
    // A byte order mark stands at the start of the file; other faults are beside the key.
    const { holds, why, remedy } = whyNoPem(bytes);
    if (holds === "bom") return { why, remedy };
    const broken = whyNoPem(Buffer.from(text.slice(text.search(PRIVATE_KEY)), "latin1"));
    return { why: broken.why, remedy: broken.remedy };
  }
  if (block.type === "OPENSSH PRIVATE KEY") {
    const remedy = "replace it by what ssh-keygen -p -m PKCS8 -f FILE makes of it";
    return { why: "it is a key of OpenSSH", remedy };
  }
  // Like Fabric, ignores the format named in the BEGIN line.
  const key = keyIn(block.der);
  return key ?? { why: "it is no private key that can be read", remedy: undefined };
}

/** A private key as every version of OpenSSL reads it; otherwise why there is none, with the remedy. */
export function plainKey(bytes: Uint8Array): Buffer | string {
  const key = privateKeyIn(bytes);
  if ("why" in key) return `${key.why}: ${key.remedy ?? PUT_KEY_THERE}`;
  return Buffer.from(key.export({ format: "pem", type: "pkcs8" }));
}

const PUT_KEY_THERE = "put a private key as unencrypted PEM there";

function keyIn(der: Uint8Array): KeyObject | undefined {
  const bytes = Buffer.from(der);
  return keyInForm(bytes, "pkcs8") ?? keyInForm(bytes, "sec1") ?? keyInForm(bytes, "pkcs1");
}

function keyInForm(key: Buffer, type: "pkcs8" | "sec1" | "pkcs1"): KeyObject | undefined {
  try {
    return createPrivateKey({ key, format: "der", type });
  } catch {
    return undefined;
  }
}

/**
 * What a file without a key contains. The remedy is present only if the file may hold the key in
 * another form.
 */
function whyNoKey(text: string, bytes: Uint8Array): Omit<NotTheKey, "name"> {
  const { holds, why, remedy } = whyNoPem(bytes);
  if (/-----BEGIN (?:[A-Z0-9]+ )*PUBLIC KEY-----|^(?:ssh|ecdsa)-/.test(text)) {
    return { why: "it is a public key", remedy: undefined };
  }
  if (/^\s*\{[\s\S]*"kty"/.test(text)) {
    const remedy = "write it as PEM with the tool that made it";
    return { why: "it is a key in JSON (JWK)", remedy };
  }
  if (text.includes("-----BEGIN") || holds === "no-pem") {
    return { why: "it holds no private key in PEM form", remedy: undefined };
  }
  const mayHoldKey = ["key", "pkcs12", "utf-16", "base64"].includes(holds);
  return { why, remedy: mayHoldKey ? remedy : undefined };
}

/** Compares key types first: OpenSSL reports a mismatch as an error of the next call. */
function isKeyOf(key: KeyObject, publicKey: KeyObject): boolean {
  const isSameKind =
    key.asymmetricKeyType === publicKey.asymmetricKeyType &&
    key.asymmetricKeyDetails?.namedCurve === publicKey.asymmetricKeyDetails?.namedCurve;
  return isSameKind && createPublicKey(key).equals(publicKey);
}

/**
 * The private key of this public key, found by content in a folder; otherwise why none of its files
 * matches.
 */
export async function findPrivateKey(
  publicKey: KeyObject,
  keystore: string,
  findings: Findings,
): Promise<{ readonly key: KeyObject } | { readonly others: readonly NotTheKey[] }> {
  const others: NotTheKey[] = [];
  const before = findings.skipped.length;
  for (const { name, bytes } of await readFiles(keystore, findings, "optional")) {
    const key = privateKeyIn(bytes);
    if ("why" in key) {
      // Empty ones such as .gitkeep only keep the folder in version control.
      if (bytes.length > 0 || !basename(name).startsWith(".")) others.push({ name, ...key });
    } else if (isKeyOf(key, publicKey)) return { key };
    else others.push({ name, why: "it is the key of another certificate", remedy: undefined });
  }
  // Unreadable files come first: one of them is most likely the key.
  return { others: [...findings.skipped.splice(before), ...others] };
}
