/** An identity for people: whose it is, and what its certificate says. */
import type { Identity } from "../core/types/host.ts";
import { parseCertificate } from "../msp/certificate.ts";
import { describeCertificate } from "../msp/describe.ts";
import { describeIdentity } from "../msp/identity.ts";
import { decodePem } from "../msp/pem.ts";
import { decode } from "../wire/decode.ts";
import { SERIALIZED_IDENTITY } from "../wire/messages.ts";

/** An identity with the certificate as it came. */
interface Carried {
  readonly identity: Identity;
  readonly pem: Uint8Array;
}

/** The identity in these bytes, believed by nobody yet; undefined if there is none. */
export function readIdentity(bytes: Uint8Array): Carried | undefined {
  const decoded = decode(SERIALIZED_IDENTITY, bytes);
  if (!decoded.ok) return undefined;
  const { mspid: mspId, idBytes } = decoded.value;
  const block = decodePem(idBytes);
  const certificate = block && parseCertificate(block.der);
  if (certificate === undefined) return undefined;
  return { identity: describeIdentity(certificate, { mspId, idBytes, bytes }), pem: idBytes };
}

/** As JSON; undefined if the bytes are no identity. */
export function describeCarried(bytes: Uint8Array): unknown {
  const carried = readIdentity(bytes);
  const certificate = carried && describePem(carried.pem);
  if (carried === undefined || certificate === undefined) return undefined;
  const { mspId, pkiId } = carried.identity;
  return { mspid: mspId, pki_id: pkiId, certificate };
}

/** A certificate as JSON; undefined if the text holds none. */
export function describePem(pem: Uint8Array): unknown {
  const certificate = describeCertificate(pem);
  if (certificate === undefined) return undefined;
  const { notBeforeMs, notAfterMs, ...rest } = certificate;
  const notBefore = new Date(notBeforeMs).toISOString();
  const notAfter = new Date(notAfterMs).toISOString();
  return { ...rest, notBefore, notAfter };
}
