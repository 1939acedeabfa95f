/** What Fabric v2.5.12 says of the vectors, and what we say. */
import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { fromHex, toHex } from "../wire/bytes.ts";
import { decode } from "../wire/decode.ts";
import { encode } from "../wire/encode.ts";
import { ENVELOPE, SERIALIZED_IDENTITY } from "../wire/messages.ts";
import { createMsp } from "./create-msp.ts";
import { createCrypto, type MspCrypto } from "./crypto.ts";
import { computePkiId, serializeIdentity } from "./identity.ts";
import { formRefusal, recognizeIdentity, rolesOf, textOf, validityRefusal } from "./judge.ts";
import { loadMsp } from "./load-msp.ts";
import type { Msp } from "./msp.ts";
import { decodePem } from "./pem.ts";
import { createSigner } from "./signer.ts";

const folder = new URL("../../test/vectors/", import.meta.url);
const read = (name: string) => JSON.parse(readFileSync(new URL(name, folder), "utf8"));
const textBytes = (text: string) => Uint8Array.from(Buffer.from(text));

interface MspVector {
  readonly name: string;
  readonly mspid: string;
  readonly certificate_pem: string;
  readonly deserialize_error: string;
  readonly well_formed_error: string;
  readonly valid: boolean;
  readonly is_peer: boolean;
  readonly is_client: boolean;
  readonly is_admin: boolean;
  readonly is_orderer: boolean;
}

describe("msp.json", () => {
  let msp: Msp;
  let crypto: MspCrypto;
  before(async () => {
    msp = await loadMsp(fileURLToPath(new URL("msp-org3", folder)), "Org3MSP");
    crypto = createCrypto([msp]);
  });

  const vectors: readonly MspVector[] = read("msp.json").vectors;
  test("has all 28 vectors", () => assert.equal(vectors.length, 28));

  for (const vector of vectors) {
    const idBytes = textBytes(vector.certificate_pem);
    const isRecognized = vector.deserialize_error === "";

    test(`${vector.name}: each step as in Fabric`, () => {
      const recognized = recognizeIdentity(msp, textOf(idBytes));
      // The MSP id is compared before, by judgeIdentity().
      assert.equal(recognized.ok, isRecognized || vector.mspid !== msp.mspId);
      if (!recognized.ok || vector.mspid !== msp.mspId) return;
      const identity = recognized.value;
      assert.equal(formRefusal(identity) === undefined, vector.well_formed_error === "");
      assert.equal(validityRefusal(msp, identity) === undefined, vector.valid);
      const roles = vector.valid ? rolesOf(msp, identity) : [];
      assert.deepEqual(
        { peer: roles.includes("peer"), client: roles.includes("client") },
        { peer: vector.is_peer, client: vector.is_client },
      );
      assert.deepEqual(
        { admin: roles.includes("admin"), orderer: roles.includes("orderer") },
        { admin: vector.is_admin, orderer: vector.is_orderer },
      );
    });

    test(`${vector.name}: the verdict of the three steps together`, () => {
      const bytes = encode(SERIALIZED_IDENTITY, { mspid: vector.mspid, idBytes });
      const want = isRecognized && vector.well_formed_error === "" && vector.valid;
      const verdict = crypto.identify(bytes);
      assert.equal(verdict.ok, want);
      if (verdict.ok) assert.deepEqual(verdict.value.bytes, bytes);
      else assert.equal(verdict.code, codeOf[vector.name] ?? "identity-invalid");
    });
  }

  const codeOf: Readonly<Record<string, string>> = {
    "revoked-by-intermediate": "identity-revoked",
    "wrong-mspid": "identity-unknown-msp",
    "pem-with-trailing-blank-line": "identity-malformed",
    "pem-wrong-type": "identity-malformed",
    "two-certificates": "identity-malformed",
    "not-pem": "identity-malformed",
    empty: "identity-malformed",
    "truncated-der": "identity-malformed",
  };
});

interface IdentityVector {
  readonly name: string;
  readonly mspid: string;
  readonly certificate_pem: string;
  readonly private_key_pem: string;
  readonly pki_id_hex: string;
  readonly serialized_identity_hex: string;
}

const identities = read("identities.json");
const members: readonly IdentityVector[] = identities.identities;
const mspOf = (mspId: string, caPem: string) =>
  createMsp({
    mspId,
    rootCerts: [{ name: "ca.pem", bytes: textBytes(caPem) }],
    roleUnits: new Map([
      ["admin", { unit: "admin", certificate: undefined }],
      ["peer", { unit: "peer", certificate: undefined }],
    ]),
  });
const bothOrganisations = () =>
  createCrypto([
    mspOf("Org1MSP", identities.ca_org1_pem),
    mspOf("Org2MSP", identities.ca_org2_pem),
  ]);

describe("identities.json", () => {
  for (const member of members) {
    test(`${member.name}: PKI-ID and canonical serialisation`, () => {
      const verdict = bothOrganisations().identify(fromHex(member.serialized_identity_hex));
      assert(verdict.ok);
      assert.equal(verdict.value.pkiId, member.pki_id_hex);
      assert.equal(verdict.value.mspId, member.mspid);
      const pem = textBytes(member.certificate_pem);
      assert.equal(computePkiId(member.mspid, pem), member.pki_id_hex);
      const der = decodePem(pem)?.der ?? new Uint8Array(0);
      const { bytes } = serializeIdentity(member.mspid, der);
      assert.equal(toHex(bytes), member.serialized_identity_hex);
    });
  }

  test("one member is another with the same certificate in another text", () => {
    const [member] = members;
    assert(member);
    const idBytes = textBytes(`hello\n${member.certificate_pem}`);
    const bytes = encode(SERIALIZED_IDENTITY, { mspid: member.mspid, idBytes });
    const verdict = bothOrganisations().identify(bytes);
    assert(verdict.ok);
    assert.notEqual(verdict.value.pkiId, member.pki_id_hex);
  });
});

describe("signatures.json", () => {
  const vectors: readonly { name: string; signer: string; envelope_hex: string; valid: boolean }[] =
    read("signatures.json").vectors;
  const crypto = bothOrganisations();
  test("has all 15 vectors", () => assert.equal(vectors.length, 15));

  for (const { name, signer, envelope_hex, valid } of vectors) {
    test(name, () => {
      const member = members.find((each) => each.name === signer);
      const verdict = crypto.identify(fromHex(member?.serialized_identity_hex ?? ""));
      assert(verdict.ok);
      const isSigned = (payload: Uint8Array, signature: Uint8Array) =>
        crypto.verify(verdict.value, payload, signature);
      const envelope = decode(ENVELOPE, fromHex(envelope_hex));
      assert(envelope.ok);
      const { payload, signature, secretEnvelope } = envelope.value;
      const isValid =
        isSigned(payload, signature) &&
        (secretEnvelope === undefined ||
          isSigned(secretEnvelope.payload, secretEnvelope.signature));
      assert.equal(isValid, valid);
    });
  }

  test("what our signer makes with a member's key verifies as that member's", () => {
    for (const member of members) {
      const verdict = crypto.identify(fromHex(member.serialized_identity_hex));
      assert(verdict.ok);
      const sign = createSigner(createPrivateKey(member.private_key_pem));
      const payload = textBytes(member.name);
      for (let round = 0; round < 20; round++) {
        assert(crypto.verify(verdict.value, payload, sign(payload)));
      }
    }
  });
});
