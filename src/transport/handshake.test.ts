/** Handshakes of two that are honest (spec A 6.2). */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { LinkEvents } from "./network.ts";
import { alice, bob, claimOf, setUp } from "./testing-handshake.ts";

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
      ["message-too-large", "message-too-large"],
      ["protocol", "protocol"],
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
