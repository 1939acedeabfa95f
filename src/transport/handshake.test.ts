import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  createToyIdentity,
  type ToyIdentity,
  toyCrypto,
} from "../../test/transport/toy-identities.ts";
import { encodeEnvelope, encodeMessage, encodeUnsigned } from "../wire/envelope.ts";
import { TAG } from "../wire/messages.ts";
import { pkiIdBytes } from "../wire/received.ts";
import { type Handshake, shakeHands } from "./handshake.ts";
import type { HandshakeFault } from "./handshake-fault.ts";
import { createMemoryHub } from "./memory.ts";
import type { Link, LinkEvents, NetworkFault } from "./network.ts";
import { createVirtualClock } from "./testing.ts";

const alice = createToyIdentity("Org1", "alice");
const bob = createToyIdentity("Org2", "bob");

interface Outcome {
  handshake?: Handshake;
  fault?: HandshakeFault | NetworkFault;
  readonly messages: string[];
  closed?: string;
}

async function setUp(
  options: { readonly tls?: boolean; readonly bobCertificate?: Uint8Array | undefined } = {},
) {
  const clock = createVirtualClock();
  const hub = createMemoryHub({ clock, tls: options.tls ?? true });
  const certificate = "bobCertificate" in options ? options.bobCertificate : Buffer.from("bob");
  const aliceNetwork = hub.network({ endpoints: ["alice:1"], certificate: Buffer.from("alice") });
  const bobNetwork = hub.network({
    endpoints: ["bob:1"],
    ...(certificate === undefined ? {} : { certificate }),
  });
  const links: Link[] = [];
  await aliceNetwork.listen((link) => links.push(link));
  bobNetwork.dial("alice:1", {
    opened: (link) => links.push(link),
    failed: assert.fail,
  });
  clock.advance(0);
  const [inbound, outbound] = links;
  assert.ok(inbound && outbound);

  const shake = (link: Link, who: ToyIdentity, probe = false): Outcome & { cancel(): void } => {
    const cancel = shakeHands(
      {
        link,
        clock,
        crypto: toyCrypto,
        signer: who.signer,
        self: who.identity,
        probe,
        timeoutMs: 2_000,
      },
      {
        accepted(handshake) {
          outcome.handshake = handshake;
          return {
            message: (bytes) => outcome.messages.push(Buffer.from(bytes).toString()),
            drain: () => {},
            closed: (fault) => {
              outcome.closed = fault;
            },
          };
        },
        refused: (fault) => {
          outcome.fault = fault;
        },
      },
    );
    const outcome: Outcome & { cancel(): void } = { messages: [], cancel };
    return outcome;
  };
  /** What the other end of a link hears, without any handshake of its own. */
  const hear = (link: Link) => {
    const heard = { messages: 0, reason: "" };
    link.start({
      message: () => {
        heard.messages += 1;
      },
      drain: () => {},
      closed: (_fault, reason) => {
        heard.reason = reason;
      },
    });
    return heard;
  };
  return { clock, inbound, outbound, shake, hear };
}

type World = Awaited<ReturnType<typeof setUp>>;

interface Claim {
  readonly pkiId?: Uint8Array;
  readonly identity?: Uint8Array;
  readonly tlsCertHash?: Uint8Array;
  readonly signer?: (payload: Uint8Array) => Uint8Array;
  readonly secret?: { readonly payload: Uint8Array; readonly signature: Uint8Array };
}

/** Bob's handshake, honest but for what is given. */
function claimOf(link: Link, who: ToyIdentity, claim: Claim): Uint8Array {
  const payload = encodeMessage({
    tag: TAG.empty,
    content: {
      type: "conn-establish",
      value: {
        pkiId: claim.pkiId ?? pkiIdBytes(who.identity.pkiId),
        identity: claim.identity ?? who.identity.bytes,
        tlsCertHash: claim.tlsCertHash ?? link.localCertHash,
      },
    },
  });
  const signer = claim.signer ?? who.signer;
  const signature = signer(payload);
  assert.ok(signature instanceof Uint8Array);
  return encodeEnvelope({ payload, signature, secret: claim.secret }).bytes;
}

describe("shakeHands() when both are honest", () => {
  for (const tls of [true, false]) {
    test(`each learns who the other is (TLS: ${tls})`, async () => {
      const { clock, inbound, outbound, shake } = await setUp({ tls });
      const atAlice = shake(inbound, alice);
      const atBob = shake(outbound, bob);
      const early = { ...atAlice };
      assert.ok(!("handshake" in early), "told before shakeHands returned");
      clock.advance(0);
      assert.deepEqual(atAlice.handshake?.identity, bob.identity);
      assert.deepEqual(atBob.handshake?.identity, alice.identity);
      assert.equal(atAlice.handshake?.probe, false);
    });
  }

  test("how the link ended is told where that says more than that it did", async () => {
    const ends = [
      ["no-gossip", "no-gossip"],
      ["unavailable", "unavailable"],
      ["refused-full", "refused-full"],
      ["closed", "handshake-closed"],
    ] as const;
    for (const [fault, want] of ends) {
      const { outbound, shake } = await setUp();
      let end = (): void => assert.fail("not started");
      const link = {
        ...{ outbound: true, remoteAddress: "bob:1", admit() {}, close() {}, send: () => true },
        ...{ localCertHash: outbound.localCertHash, remoteCertHash: outbound.remoteCertHash },
        start(events: LinkEvents) {
          end = () => events.closed(fault, "gRPC status 12");
        },
      };
      const outcome = shake(link, bob);
      end();
      assert.equal(outcome.fault, want);
    }
  });

  test("a probe is seen as one by the acceptor only", async () => {
    const { clock, inbound, outbound, shake } = await setUp();
    const atAlice = shake(inbound, alice);
    const atBob = shake(outbound, bob, true);
    clock.advance(0);
    assert.equal(atAlice.handshake?.probe, true);
    assert.equal(atBob.handshake?.probe, false);
  });

  test("what follows the handshake at once is heard by the new listener, and so is the end", async () => {
    const { clock, inbound, outbound, shake } = await setUp();
    const atAlice = shake(inbound, alice);
    outbound.send(claimOf(outbound, bob, {}));
    outbound.send(Buffer.from("first"));
    outbound.send(Buffer.from("second"));
    outbound.close();
    clock.advance(5_000);
    assert.deepEqual(atAlice.messages, ["first", "second"]);
    assert.equal(atAlice.closed, "closed");
    assert.equal(atAlice.fault, undefined);
  });

  test("the proof that is kept is a copy of exactly what was received", async () => {
    const { clock, inbound, outbound, shake } = await setUp();
    const atAlice = shake(inbound, alice);
    const sent = claimOf(outbound, bob, {});
    outbound.send(sent);
    clock.advance(0);
    assert.deepEqual(atAlice.handshake?.envelope.bytes, sent);
  });

  test("a signer may take its time", async () => {
    const { clock, inbound, outbound, shake } = await setUp();
    const slow = { ...alice, signer: async (payload: Uint8Array) => alice.signer(payload) };
    const atAlice = shake(inbound, slow);
    const atBob = shake(outbound, bob);
    clock.advance(1_000);
    assert.equal(atBob.handshake, undefined);
    await new Promise(setImmediate);
    clock.advance(0);
    assert.ok(atAlice.handshake && atBob.handshake);
  });

  test("cancelling tells nothing and closes the link", async () => {
    const { clock, inbound, outbound, shake, hear } = await setUp();
    const atAlice = shake(inbound, alice);
    const heard = hear(outbound);
    atAlice.cancel();
    clock.advance(5_000);
    assert.notEqual(heard.reason, "");
    assert.deepEqual([atAlice.handshake, atAlice.fault], [undefined, undefined]);
  });

  test("without TLS a claimed certificate hash is ignored", async () => {
    const { clock, inbound, outbound, shake } = await setUp({ tls: false });
    const atAlice = shake(inbound, alice);
    outbound.send(claimOf(outbound, bob, { tlsCertHash: Buffer.alloc(32, 1) }));
    clock.advance(0);
    assert.ok(atAlice.handshake);
  });
});

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
