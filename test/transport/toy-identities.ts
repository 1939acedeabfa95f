/** Identities and signatures for tests of the transport: real hashes, toy certificates. */
import { createHash } from "node:crypto";
import type { Crypto, Identity, Signer } from "../../src/core/types/host.ts";
import { parsePkiId } from "../../src/wire/received.ts";
import { accept, reject } from "../../src/wire/verdict.ts";

export interface ToyIdentity {
  readonly identity: Identity;
  readonly signer: Signer;
}

function sha256(...parts: readonly (string | Uint8Array)[]): Buffer {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** `notAfterMs` as text is part of the certificate, so that it can be read back. */
function identityOf(bytes: Uint8Array): Identity | undefined {
  const [mspId, subject, notAfter] = Buffer.from(bytes).toString().split("/");
  const pkiId = parsePkiId(sha256(bytes));
  if (mspId === undefined || subject === undefined || notAfter === undefined) return undefined;
  if (pkiId === undefined) return undefined;
  const notAfterMs = Number(notAfter);
  return {
    pkiId,
    mspId,
    certificate: sha256(mspId, "/", subject, "/", notAfter).toString("hex"),
    bytes,
    subject,
    serial: "1",
    notBeforeMs: 0,
    notAfterMs,
  };
}

/** `around`: text beside the same certificate, which gives it another PKI-ID. */
export function createToyIdentity(
  mspId: string,
  name: string,
  notAfterMs = 4e12,
  around = "",
): ToyIdentity {
  const bytes = new TextEncoder().encode(`${mspId}/${name}/${notAfterMs}${around && `/${around}`}`);
  const identity = identityOf(bytes);
  if (identity === undefined) throw new Error("a person cannot be made of this");
  return { identity, signer: (payload) => sha256("key", bytes, payload) };
}

/** Trusts Org1 and Org2; a name says what is wrong with an identity. */
export const toyCrypto: Crypto = {
  identify(bytes) {
    const identity = identityOf(bytes);
    if (identity === undefined) return reject("identity-malformed");
    if (!["Org1", "Org2"].includes(identity.mspId)) return reject("identity-unknown-msp");
    if (identity.subject === "revoked") return reject("identity-revoked");
    if (identity.subject === "invalid") return reject("identity-invalid");
    return accept(identity);
  },
  verify: (identity, payload, signature) =>
    sha256("key", identity.bytes, payload).equals(Buffer.from(signature)),
};
