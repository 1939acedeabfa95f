import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { encode } from "../wire/encode.ts";
import { SERIALIZED_IDENTITY } from "../wire/messages.ts";
import { createMsp } from "./create-msp.ts";
import { createCrypto } from "./crypto.ts";
import { createSigner } from "./signer.ts";
import { type Made, makeCertificate, makeKeys, makeRevocationList, materialOf } from "./testing.ts";

const root = makeCertificate({ commonName: "ca.org", isCa: true });
const msp = createMsp(materialOf([root]));
const makePeer = (curve?: string) =>
  makeCertificate({
    commonName: "peer0",
    units: ["peer"],
    issuer: root,
    keys: makeKeys(curve),
    serial: 300,
  });
const identityOf = (made: Made, prefix = "") =>
  encode(SERIALIZED_IDENTITY, {
    mspid: "OrgMSP",
    idBytes: Buffer.concat([Buffer.from(prefix), made.pem]),
  });
const payload = Buffer.from("payload");

describe("verify()", () => {
  for (const curve of ["P-224", "P-256", "P-384", "P-521", "ed25519"]) {
    test(`${curve}: our signer's signature, and nothing else`, () => {
      const peer = makePeer(curve);
      const crypto = createCrypto([msp]);
      const verdict = crypto.identify(identityOf(peer));
      assert(verdict.ok);
      const signature = createSigner(peer.privateKey)(payload);
      const verify = (message: Uint8Array, bytes: Uint8Array) =>
        crypto.verify(verdict.value, message, bytes);
      assert.equal(verify(payload, signature), true);
      assert.equal(verify(Buffer.from("paylaod"), signature), false);
      assert.equal(verify(payload, signature.subarray(0, -1)), false);
      assert.equal(verify(payload, new Uint8Array(0)), false);
      assert.equal(verify(new Uint8Array(0), signature), false);
      const trailing = Buffer.concat([signature, Uint8Array.of(1)]);
      assert.equal(verify(payload, trailing), curve !== "ed25519");
    });
  }

  test("an identity judged elsewhere is verified by its own bytes", () => {
    const peer = makePeer();
    const verdict = createCrypto([msp]).identify(identityOf(peer));
    assert(verdict.ok);
    const signature = createSigner(peer.privateKey)(payload);
    const elsewhere = createCrypto([]);
    assert.equal(elsewhere.verify(verdict.value, payload, signature), true);
    const broken = { ...verdict.value, bytes: Uint8Array.of(1) };
    assert.equal(elsewhere.verify(broken, payload, signature), false);
  });
});

describe("identify() remembers", () => {
  test("the same identity is the same object, until trust changes", () => {
    const crypto = createCrypto([msp]);
    const bytes = identityOf(makePeer());
    const first = crypto.identify(bytes);
    assert.equal(crypto.identify(bytes), first);
    crypto.setTrust([msp]);
    assert.notEqual(crypto.identify(bytes), first);
  });

  test("revocation takes effect with setTrust(), and so does its end", () => {
    const crypto = createCrypto([msp]);
    const bytes = identityOf(makePeer());
    const list = { name: "crl.pem", bytes: makeRevocationList(root, [300]) };
    const codeNow = () => {
      const verdict = crypto.identify(bytes);
      return verdict.ok ? "accepted" : verdict.code;
    };
    assert.equal(codeNow(), "accepted");
    crypto.setTrust([createMsp(materialOf([root], { revocationLists: [list] }))]);
    assert.equal(codeNow(), "identity-revoked");
    crypto.setTrust([]);
    assert.equal(codeNow(), "identity-unknown-msp");
    crypto.setTrust([msp]);
    assert.equal(codeNow(), "accepted");
  });

  test("a flood of rubbish pushes no good identity out, only older rubbish", () => {
    const crypto = createCrypto([msp]);
    const bytes = identityOf(makePeer());
    const good = crypto.identify(bytes);
    const rubbish = (i: number) =>
      crypto.identify(encode(SERIALIZED_IDENTITY, { mspid: `m${i}`, idBytes: payload }));
    const first = rubbish(0);
    const second = rubbish(1);
    for (let i = 2; i < 1_000; i++) rubbish(i);
    assert.equal(rubbish(0), first, "used again, so no longer the oldest");
    rubbish(1_000);
    assert.equal(rubbish(0), first);
    assert.notEqual(rubbish(1), second);
    assert.equal(crypto.identify(bytes), good);
  });

  test("an identity above 8 KiB is judged but not kept, above 64 KiB refused", () => {
    const crypto = createCrypto([msp]);
    const peer = makePeer();
    const large = identityOf(peer, `${"x".repeat(9_000)}\n`);
    const first = crypto.identify(large);
    assert.equal(first.ok, true);
    assert.notEqual(crypto.identify(large), first);
    const verdict = crypto.identify(identityOf(peer, `${"x".repeat(65_536)}\n`));
    assert(!verdict.ok && verdict.code === "identity-malformed");
    assert.match(verdict.reason, /larger than 65536 bytes/);
  });

  test("an identity takes over bytes that are kept", () => {
    const item = identityOf(makePeer());
    const verdict = createCrypto([msp]).identify(item, true);
    assert.equal(verdict.ok && verdict.value.bytes, item);
  });

  test("an identity keeps its own copy of the bytes", () => {
    const frame = Buffer.from(identityOf(makePeer()));
    const verdict = createCrypto([msp]).identify(frame);
    assert(verdict.ok);
    frame.fill(0);
    assert.equal(verdict.value.bytes[0], 0x0a);
  });
});

describe("members of one thread read an identity once, and each judges it", () => {
  const bytes = identityOf(makePeer());
  createCrypto([msp]).identify(identityOf(makePeer()));
  const first = createCrypto([msp]).identify(bytes);
  assert(first.ok);

  test("each looks for the chain itself", () => {
    let searches = 0;
    const watched = {
      ...msp,
      get roots() {
        searches += 1;
        return msp.roots;
      },
    };
    const verdict = createCrypto([watched]).identify(bytes);
    assert.equal(verdict.ok && verdict.value, first.value);
    assert.ok(searches > 0);
  });

  test("whoever does not trust its CA refuses what another has accepted", () => {
    const other = makeCertificate({ commonName: "ca.org", isCa: true });
    const verdict = createCrypto([createMsp(materialOf([other]))]).identify(bytes);
    assert.equal(verdict.ok || verdict.code, "identity-invalid");
  });

  test("whoever knows that it is revoked refuses it", () => {
    const list = { name: "crl.pem", bytes: makeRevocationList(root, [300]) };
    const strict = createMsp(materialOf([root], { revocationLists: [list] }));
    const verdict = createCrypto([strict]).identify(bytes);
    assert.equal(verdict.ok || verdict.code, "identity-revoked");
  });

  test("whoever does not know its MSP refuses it", () => {
    const verdict = createCrypto([{ ...msp, mspId: "OtherMSP" }]).identify(bytes);
    assert.equal(verdict.ok || verdict.code, "identity-unknown-msp");
  });
});

test("bytes that are no SerializedIdentity are malformed", () => {
  const verdict = createCrypto([msp]).identify(Uint8Array.of(0xff, 0xff));
  assert(!verdict.ok && verdict.code === "identity-malformed");
});
