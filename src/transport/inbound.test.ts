import assert from "node:assert/strict";
import { test } from "node:test";
import { createToyIdentity, toyCrypto } from "../../test/transport/toy-identities.ts";
import { InboundHandshakes } from "./inbound.ts";
import type { Link } from "./network.ts";
import { createVirtualClock } from "./testing.ts";

const { identity: self, signer } = createToyIdentity("Org1", "alice");

test("the slowest of the address that has come most often makes room, whoever came first", () => {
  const told: string[] = [];
  const clock = createVirtualClock();
  const failed: string[] = [];
  const inbound = new InboundHandshakes(4, clock, {
    accepted: assert.fail,
    failed: (fault, address) => failed.push(`${fault} ${address}`),
  });
  const accept = (remoteAddress: string): void => {
    let isOpen = true;
    const link: Link = {
      outbound: false,
      remoteAddress,
      localCertHash: new Uint8Array(0),
      remoteCertHash: undefined,
      admit() {},
      start() {},
      send: () => true,
      close(refusal = "") {
        if (isOpen) told.push(`${remoteAddress} ${refusal}`);
        isOpen = false;
      },
    };
    inbound.accept(link, { clock, crypto: toyCrypto, signer, self, timeoutMs: 2_000 });
  };
  for (const address of ["10.0.0.1:1", "10.0.0.9:1", "10.0.0.9:2", "[::1]:7"]) accept(address);
  assert.deepEqual(told, []);
  accept("10.0.0.1:2");
  assert.deepEqual(told.splice(0), ["10.0.0.9:1 too many handshakes at a time"]);
  accept("[::1]:8");
  assert.deepEqual(told.splice(0), ["10.0.0.1:1 too many handshakes at a time"]);
  accept("[::1:7]:1"); // The same host.
  accept("10.0.0.2:1");
  assert.deepEqual(told.splice(0), [
    "10.0.0.9:2 too many handshakes at a time",
    "[::1]:7 too many handshakes at a time",
  ]);
  assert.equal(failed.length, 4);
  assert.ok(failed.every((line) => line.startsWith("handshakes-full ")));
});
