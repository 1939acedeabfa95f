/** What a handshake refuses, and why (spec A 6.2). */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createToyIdentity, type ToyIdentity } from "../../test/transport/toy-identities.ts";
import { encodeEnvelope, encodeUnsigned } from "../wire/envelope.ts";
import { TAG } from "../wire/messages.ts";
import { pkiIdBytes } from "../wire/received.ts";
import type { HandshakeFault } from "./handshake-fault.ts";
import { alice, bob, type Claim, claimOf, setUp, type World } from "./testing-handshake.ts";

describe("shakeHands() refuses", () => {
  const send =
    (claim: Claim, who: ToyIdentity = bob) =>
    (world: World) => {
      world.outbound.send(claimOf(world.outbound, who, claim));
    };
  const named = (name: string, mspId = "Org2") => send({}, createToyIdentity(mspId, name));
  const secretOf = (who: ToyIdentity) => {
    const payload = Buffer.from("secret");
    const signature = who.signer(payload);
    assert.ok(signature instanceof Uint8Array);
    return { payload, signature };
  };
  const cases: readonly {
    readonly name: string;
    readonly act: (world: World) => void;
    readonly want: HandshakeFault | undefined;
  }[] = [
    { name: "silence", act: () => {}, want: "handshake-timeout" },
    {
      name: "a link that ends",
      act: ({ outbound }) => outbound.close(),
      want: "handshake-closed",
    },
    {
      name: "bytes that are no envelope",
      act: ({ outbound }) => outbound.send(Buffer.from("GET / HTTP/1.1")),
      want: "malformed",
    },
    {
      name: "a payload that is no gossip message",
      act: ({ outbound }) =>
        outbound.send(encodeEnvelope({ payload: Buffer.from([0xff, 0xff]) }).bytes),
      want: "malformed",
    },
    {
      name: "a first message longer than any handshake",
      act: (world) => send({ identity: Buffer.alloc(300_000, 65) })(world),
      want: "malformed",
    },
    {
      name: "another first message",
      act: ({ outbound }) =>
        outbound.send(encodeUnsigned({ tag: TAG.empty, content: { type: "empty", value: {} } })),
      want: "wrong-first-message",
    },
    {
      name: "an empty message",
      act: ({ outbound }) => outbound.send(new Uint8Array(0)),
      want: "wrong-first-message",
    },
    { name: "no PKI-ID", act: send({ pkiId: new Uint8Array(0) }), want: "pki-id-missing" },
    { name: "no identity", act: send({ identity: new Uint8Array(0) }), want: "identity-missing" },
    {
      name: "an unreadable identity",
      act: send({ identity: Buffer.from("?") }),
      want: "identity-malformed",
    },
    { name: "a stranger", act: named("eve", "Org3"), want: "identity-unknown-msp" },
    { name: "an invalid identity", act: named("invalid"), want: "identity-invalid" },
    { name: "a revoked identity", act: named("revoked"), want: "identity-revoked" },
    {
      name: "an identity that expires this millisecond",
      act: send({}, createToyIdentity("Org2", "bob", 1_700_000_000_000)),
      want: "identity-expired",
    },
    {
      name: "an identity that expires in the next one (accepted)",
      act: send({}, createToyIdentity("Org2", "bob", 1_700_000_000_001)),
      want: undefined,
    },
    {
      name: "the PKI-ID of another",
      act: send({ pkiId: pkiIdBytes(alice.identity.pkiId) }),
      want: "pki-id-mismatch",
    },
    {
      name: "a PKI-ID of the wrong length",
      act: send({ pkiId: Buffer.alloc(31, 1) }),
      want: "pki-id-mismatch",
    },
    {
      name: "no certificate hash",
      act: send({ tlsCertHash: new Uint8Array(0) }),
      want: "tls-binding-mismatch",
    },
    {
      name: "the hash of the acceptor's certificate, as a man in the middle would relay it",
      act: (world) => send({ tlsCertHash: world.inbound.localCertHash })(world),
      want: "tls-binding-mismatch",
    },
    {
      name: "no signature",
      act: send({ signer: () => new Uint8Array(0) }),
      want: "signature-invalid",
    },
    {
      name: "the signature of another",
      act: send({ signer: (payload) => claimSignature(alice, payload) }),
      want: "signature-invalid",
    },
    { name: "a good secret (accepted)", act: send({ secret: secretOf(bob) }), want: undefined },
    {
      name: "a secret signed by another",
      act: send({ secret: secretOf(alice) }),
      want: "signature-invalid",
    },
  ];

  function claimSignature(who: ToyIdentity, payload: Uint8Array): Uint8Array {
    const signature = who.signer(payload);
    assert.ok(signature instanceof Uint8Array);
    return signature;
  }

  for (const { name, act, want } of cases) {
    test(`${name}: ${want ?? "accepted"}`, async () => {
      const world = await setUp();
      const heard = world.hear(world.outbound);
      const atAlice = world.shake(world.inbound, alice);
      act(world);
      world.clock.advance(1_999);
      assert.equal(atAlice.fault, want === "handshake-timeout" ? undefined : want);
      world.clock.advance(1);
      assert.equal(atAlice.fault, want);
      assert.equal(atAlice.handshake === undefined, want !== undefined);
      // Our own handshake answers the first message, whatever it is; a refusal ends the stream.
      const isMute = want === "handshake-closed" || want === "handshake-timeout";
      assert.equal(heard.messages, isMute ? 0 : 1);
      assert.equal(heard.reason !== "", want !== undefined);
    });
  }

  test("a link without a TLS certificate, before anything is sent", async () => {
    const { clock, inbound, outbound, shake, hear } = await setUp({ bobCertificate: undefined });
    const heard = hear(outbound);
    const atAlice = shake(inbound, alice);
    outbound.send(claimOf(outbound, bob, {}));
    assert.equal(atAlice.fault, undefined);
    clock.advance(0);
    assert.equal(atAlice.fault, "no-tls-certificate");
    assert.equal(heard.messages, 0);
    assert.match(heard.reason, /no TLS certificate/);
  });

  const broken = [
    () => {
      throw new Error("no key");
    },
    () => Promise.reject(new Error("no key")),
  ];
  for (const signer of broken) {
    test("nobody, but fails, if our own signature cannot be made", async () => {
      const { clock, inbound, outbound, shake } = await setUp();
      const atAlice = shake(inbound, { ...alice, signer });
      const atBob = shake(outbound, { ...bob, signer });
      outbound.send(claimOf(outbound, bob, {}));
      clock.advance(0);
      await new Promise(setImmediate);
      clock.advance(0);
      assert.deepEqual([atAlice.fault, atBob.fault], ["signing-failed", "signing-failed"]);
    });
  }

  test("nothing is signed or sent for a dialler that says nothing", async () => {
    const { clock, inbound, outbound, shake, hear } = await setUp();
    let signatures = 0;
    const signer = (payload: Uint8Array) => {
      signatures += 1;
      return alice.signer(payload);
    };
    const heard = hear(outbound);
    shake(inbound, { ...alice, signer });
    clock.advance(1_999);
    assert.deepEqual([signatures, heard.messages], [0, 0]);
    outbound.send(claimOf(outbound, bob, {}));
    clock.advance(0);
    assert.deepEqual([signatures, heard.messages], [1, 1]);
  });

  test("a second message before our own is on its way", async () => {
    const { clock, inbound, outbound, shake } = await setUp();
    const atAlice = shake(inbound, { ...alice, signer: () => new Promise(() => {}) });
    for (let i = 0; i < 2; i++) outbound.send(claimOf(outbound, bob, {}));
    clock.advance(0);
    clock.advance(0);
    assert.equal(atAlice.fault, "wrong-first-message");
  });
});
