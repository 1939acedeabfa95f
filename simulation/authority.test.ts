import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createAuthority } from "./authority.ts";

const NOT_AFTER_MS = 2e12;
const all = () => true;

function twoOf(authority = createAuthority(1)) {
  const issue = (name: string, owner: number) =>
    authority.issue({ mspId: "A", name, owner, notAfterMs: NOT_AFTER_MS });
  return { authority, alice: issue("alice", 0), bob: issue("bob", 1) };
}

describe("the authority of a simulated world", () => {
  test("tells a signature from every other", () => {
    const { authority, alice, bob } = twoOf();
    const crypto = authority.crypto(all, new Map());
    const payload = new TextEncoder().encode("what is signed, of some length");
    const signature = alice.sign(payload, 7);
    assert.equal(crypto.verify(alice.identity, payload, signature), true);
    assert.equal(crypto.verify(bob.identity, payload, signature), false);
    for (let i = 0; i < payload.length; i++) {
      const changed = payload.map((byte, at) => (at === i ? byte ^ 1 : byte));
      assert.equal(crypto.verify(alice.identity, changed, signature), false);
    }
    for (let i = 0; i < signature.length; i++) {
      const changed = signature.map((byte, at) => (at === i ? byte ^ 1 : byte));
      assert.equal(crypto.verify(alice.identity, payload, changed), false);
    }
    assert.equal(crypto.verify(alice.identity, payload, signature.subarray(1)), false);
  });

  test("knows what it has issued, and what was revoked", () => {
    const { authority, alice, bob } = twoOf();
    const crypto = authority.crypto(all, new Map([[bob.identity.pkiId, 0]]));
    const judge = (bytes: Uint8Array) => {
      const verdict = crypto.identify(bytes);
      return verdict.ok ? verdict.value.subject : verdict.code;
    };
    const forged = alice.identity.bytes.with(alice.identity.bytes.length - 1, 0x41);
    assert.deepEqual(
      [alice.identity.bytes, bob.identity.bytes, forged, new Uint8Array(3)].map(judge),
      ["CN=alice", "identity-revoked", "identity-invalid", "identity-invalid"],
    );
    const stranger = authority.crypto(() => false, new Map());
    assert.equal(stranger.identify(alice.identity.bytes).ok, false);
  });

  test("gives every certificate a name of its own", () => {
    const { alice, bob } = twoOf();
    const renewed = twoOf().alice;
    assert.notEqual(alice.identity.pkiId, bob.identity.pkiId);
    assert.equal(alice.identity.pkiId, renewed.identity.pkiId);
  });
});
