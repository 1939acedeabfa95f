/**
 * The peer of a handshake while we know no MSP yet: its identity is readable and has signed, and
 * its TLS certificate is of a CA that our user named. Its organisation's verdict follows when the
 * channel's configuration is known.
 */
import type { KeyObject } from "node:crypto";
import type { Crypto, Identity } from "../core/types/host.ts";
import { parseCertificate } from "../msp/certificate.ts";
import { createCrypto } from "../msp/crypto.ts";
import { describeIdentity } from "../msp/identity.ts";
import { decodePem } from "../msp/pem.ts";
import { decode } from "../wire/decode.ts";
import { SERIALIZED_IDENTITY } from "../wire/messages.ts";
import { accept, reject } from "../wire/verdict.ts";

/** Larger identities are refused unread. An enrolment certificate takes 1 KB. */
const IDENTITY_BYTES_MAX = 65_536;

export function createUnjudgedCrypto(): Crypto {
  const { verify } = createCrypto([]);
  return {
    identify(bytes) {
      const identity = bytes.length > IDENTITY_BYTES_MAX ? undefined : readIdentity(bytes);
      return identity === undefined ? reject("identity-malformed") : accept(identity);
    },
    verify,
  };
}

function readIdentity(bytes: Uint8Array): Identity | undefined {
  const decoded = decode(SERIALIZED_IDENTITY, bytes);
  if (!decoded.ok) return undefined;
  const { mspid: mspId, idBytes } = decoded.value;
  const block = decodePem(idBytes);
  const certificate = block && parseCertificate(block.der);
  if (certificate === undefined || !canVerify(certificate.publicKey)) return undefined;
  return describeIdentity(certificate, { mspId, idBytes, bytes: new Uint8Array(bytes) });
}

/** Fabric verifies no signatures of other kinds. */
function canVerify({ asymmetricKeyType }: KeyObject): boolean {
  return asymmetricKeyType === "ec" || asymmetricKeyType === "ed25519";
}
