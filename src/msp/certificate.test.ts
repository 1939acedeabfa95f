import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import fc from "fast-check";
import { fromHex } from "../wire/bytes.ts";
import { encode } from "../wire/encode.ts";
import { SERIALIZED_IDENTITY } from "../wire/messages.ts";
import { parseCertificate } from "./certificate.ts";
import { createMsp } from "./create-msp.ts";
import { createCrypto } from "./crypto.ts";
import { DER_TAG, encodeDer } from "./der.ts";
import { describeCertificate } from "./describe.ts";
import { encodePem } from "./pem.ts";
import { parseRevocationList } from "./revocation.ts";
import {
  alternativeNames,
  makeCertificate,
  makeKeys,
  makeRevocationList,
  materialOf,
  oid,
  parsed,
  seq,
} from "./testing.ts";

const vectors: readonly { certificate_pem: string }[] = JSON.parse(
  readFileSync(new URL("../../test/vectors/msp.json", import.meta.url), "utf8"),
).vectors;
const vectorDers = vectors.slice(0, 21).map(({ certificate_pem }) => {
  return Uint8Array.from(new X509Certificate(certificate_pem).raw);
});

test("OpenSSL reads the same from every vector", () => {
  for (const der of vectorDers) {
    const certificate = parseCertificate(der);
    const reference = new X509Certificate(der);
    assert(certificate);
    assert.equal(certificate.serial, reference.serialNumber.toLowerCase());
    assert.equal(certificate.notAfterMs, Date.parse(reference.validTo));
    assert.equal(certificate.notBeforeMs, Date.parse(reference.validFrom));
    const lines = reference.subject.split("\n").reverse();
    assert.equal(certificate.subject.text, lines.join(",").replaceAll(" + ", "+"));
    assert.equal(certificate.extensions.isCa === true, reference.ca);
  }
});

describe("the subject, for people", () => {
  const attribute = (type: string, tag: number, value: Uint8Array) =>
    encodeDer(DER_TAG.set, seq(oid(type), encodeDer(tag, value)));
  const subjectOf = (...sets: readonly Uint8Array[]) => {
    const made = makeCertificate({ commonName: "" });
    const name = seq(...sets);
    // An empty name is the two bytes 30 00 before the validity; put ours in its place twice.
    const replaced = rebuild(made.der, name);
    return parseCertificate(replaced)?.subject.text;
  };
  const text = (value: string) => Buffer.from(value);
  const cases: readonly [name: string, set: Uint8Array, want: string | undefined][] = [
    [
      "special characters",
      attribute("2.5.4.3", DER_TAG.utf8String, text(' a,b+"c" ')),
      'CN=\\ a\\,b\\+\\"c\\"\\ ',
    ],
    [
      "control characters",
      attribute("2.5.4.3", DER_TAG.utf8String, text("a\u001b[2J\u202e")),
      "CN=a\\1b[2J\\e2\\80\\ae",
    ],
    [
      "something that is no text",
      attribute("2.5.4.3", DER_TAG.bitString, Uint8Array.of(0, 1)),
      undefined,
    ],
    ["an unknown attribute", attribute("1.2.3", DER_TAG.printableString, text("x")), "1.2.3=x"],
    ["Latin-1", attribute("2.5.4.10", DER_TAG.t61String, Uint8Array.of(0xe4)), "O=\u00e4"],
    [
      "two bytes a character",
      attribute("2.5.4.10", DER_TAG.bmpString, Uint8Array.of(0, 0x41)),
      "O=A",
    ],
    ["digits", attribute("2.5.4.5", DER_TAG.numericString, text("12 3")), "SERIALNUMBER=12 3"],
    ["broken UTF-8", attribute("2.5.4.3", DER_TAG.utf8String, Uint8Array.of(0xff)), undefined],
    [
      "a character PrintableString lacks",
      attribute("2.5.4.3", DER_TAG.printableString, text("a@b")),
      undefined,
    ],
    ["eight bits in IA5", attribute("2.5.4.3", DER_TAG.ia5String, Uint8Array.of(0x80)), undefined],
    ["half a character", attribute("2.5.4.3", DER_TAG.bmpString, Uint8Array.of(1)), undefined],
    [
      "half a surrogate pair",
      attribute("2.5.4.3", DER_TAG.bmpString, Uint8Array.of(0xd8, 0)),
      undefined,
    ],
  ];
  for (const [name, set, want] of cases) test(name, () => assert.equal(subjectOf(set), want));

  test("a very long one is cut", () => {
    const long = subjectOf(
      ...Array.from({ length: 300 }, () => attribute("2.5.4.3", DER_TAG.utf8String, text("name"))),
    );
    assert.equal(long?.length, 1_003);
  });
});

/** The certificate with another subject; its signature no longer fits, which parsing ignores. */
function rebuild(der: Uint8Array, name: Uint8Array): Uint8Array {
  const certificate = parseCertificate(der);
  assert(certificate);
  const keyAt = Buffer.from(certificate.tbs).indexOf(certificate.publicKeyDer);
  const head = certificate.tbs.subarray(certificate.tbs[1] === 0x81 ? 3 : 4, keyAt - 2);
  const tail = certificate.tbs.subarray(keyAt);
  const rest = der.subarray(Buffer.from(der).indexOf(certificate.tbs) + certificate.tbs.length);
  return seq(seq(head, name, tail), rest);
}

test("describeCertificate() takes DER and PEM", () => {
  const made = makeCertificate({
    commonName: "peer0",
    isCa: true,
    keys: makeKeys("P-384"),
    extensions: [alternativeNames("peer0.org1", "localhost")],
  });
  const description = describeCertificate(made.der);
  assert.equal(description?.subject, "CN=peer0");
  assert.equal(description.key, "secp384r1");
  assert.deepEqual(description.alternativeNames, ["peer0.org1", "localhost"]);
  assert.equal(
    description.sha256,
    new X509Certificate(made.der).fingerprint256.replaceAll(":", "").toLowerCase(),
  );
  assert.deepEqual(describeCertificate(made.pem), description);
  assert.equal(describeCertificate(fromHex("3000")), undefined);
});

describe("hostile input", () => {
  const root = makeCertificate({ commonName: "ca", isCa: true });
  const crypto = createCrypto([createMsp(materialOf([root]))]);
  const judge = (idBytes: Uint8Array) =>
    crypto.identify(encode(SERIALIZED_IDENTITY, { mspid: "OrgMSP", idBytes })).ok;
  const mutations = fc.array(
    fc.record({
      at: fc.nat(1_000),
      byte: fc.nat(255),
      kind: fc.constantFrom("set", "cut", "insert"),
    }),
    { minLength: 1, maxLength: 4 },
  );
  const mutate = (
    bytes: Uint8Array,
    changes: typeof mutations extends fc.Arbitrary<infer T> ? T : never,
  ) => {
    const list = [...bytes];
    for (const { at, byte, kind } of changes) {
      const place = at % list.length;
      if (kind === "set") list[place] = byte;
      else list.splice(place, kind === "cut" ? 1 : 0, ...(kind === "cut" ? [] : [byte]));
    }
    return Uint8Array.from(list);
  };

  test("mutated certificates get a verdict, and none is accepted", () => {
    const peer = makeCertificate({ commonName: "peer", units: ["peer"], issuer: root });
    const ders = [...vectorDers, peer.der];
    fc.assert(
      fc.property(fc.constantFrom(...ders), mutations, (der, changes) => {
        const mutated = mutate(der, changes);
        fc.pre(Buffer.compare(mutated, peer.der) !== 0);
        describeCertificate(mutated);
        assert.equal(judge(encodePem("CERTIFICATE", mutated)), false);
      }),
      { numRuns: 4_000 },
    );
    assert.equal(judge(peer.pem), true, "the original is accepted");
  });

  test("mutated identities and revocation lists never throw", () => {
    const list = makeRevocationList(root, [1, 2, 3]);
    const whole = encode(SERIALIZED_IDENTITY, { mspid: "OrgMSP", idBytes: root.pem });
    fc.assert(
      fc.property(mutations, (changes) => {
        parseRevocationList(mutate(list, changes));
        crypto.identify(mutate(whole, changes));
      }),
      { numRuns: 1_000 },
    );
  });

  test("a mutated signature verifies nothing and never throws", () => {
    const peer = makeCertificate({ commonName: "peer", units: ["peer"], issuer: root });
    const bytes = encode(SERIALIZED_IDENTITY, { mspid: "OrgMSP", idBytes: peer.pem });
    const verdict = crypto.identify(bytes);
    assert(verdict.ok);
    const { signature } = parsed(peer);
    fc.assert(
      fc.property(mutations, fc.uint8Array({ minLength: 1 }), (changes, payload) => {
        assert.equal(crypto.verify(verdict.value, payload, mutate(signature, changes)), false);
      }),
      { numRuns: 1_000 },
    );
  });
});
