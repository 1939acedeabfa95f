/** For tests of verdicts: an MSP of made certificates, and its verdict in a line. */
import assert from "node:assert/strict";
import { createMsp } from "./create-msp.ts";
import { DER_TAG, encodeDer } from "./der.ts";
import { judgeByMsps, textOf } from "./judge.ts";
import type { Msp, MspMaterial } from "./msp.ts";
import { findCurve, toLowS } from "./signatures.ts";
import { type Made, makeCertificate, materialOf, type Wish } from "./testing.ts";

const P256 = findCurve("prime256v1");
assert(P256);

export const makeRoot = (wish: Partial<Wish> = {}) =>
  makeCertificate({ commonName: "ca.org", isCa: true, ...wish });
export const makePeer = (issuer: Made, wish: Partial<Wish> = {}) =>
  makeCertificate({ commonName: "peer0", units: ["peer"], issuer, ...wish });
export const makeMsp = (roots: readonly Made[], more: Partial<MspMaterial> = {}) =>
  createMsp(materialOf(roots, more));

/** "accepted", or the code of the refusal and why. */
export function judge(msp: Msp, identity: Made): string {
  const verdict = judgeByMsps([msp], "OrgMSP", textOf(identity.pem));
  return verdict.ok ? "accepted" : `${verdict.code}: ${verdict.reason}`;
}

/** The signature with high S: verifies, but is not what Fabric keeps. */
export function toHighS(signature: Uint8Array): Uint8Array {
  const low = toLowS(signature, P256 ?? assert.fail());
  assert(low);
  // Negating twice gives the other one: read s as low, write order - s.
  const r = low.subarray(4, 4 + (low[3] ?? 0));
  const s = BigInt(`0x${Buffer.from(low.subarray(6 + (low[3] ?? 0))).toString("hex")}`);
  const order = BigInt(`0x${Buffer.from(P256?.order ?? []).toString("hex")}`);
  const high = Buffer.from((order - s).toString(16).padStart(64, "0"), "hex");
  const padded = Buffer.concat([Uint8Array.of(0), high]);
  return encodeDer(
    DER_TAG.sequence,
    encodeDer(DER_TAG.integer, r),
    encodeDer(DER_TAG.integer, padded),
  );
}
