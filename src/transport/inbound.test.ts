import assert from "node:assert/strict";
import { test } from "node:test";
import { createToyIdentity, toyCrypto } from "../../test/transport/toy-identities.ts";
import { InboundHandshakes } from "./inbound.ts";
import type { Link } from "./network.ts";
import { createVirtualClock } from "./testing.ts";

const { identity: self, signer } = createToyIdentity("Org1", "alice");

test("the slowest of the address that has most makes room, whoever came first", () => {
  const told: string[] = [];
  const failed: string[] = [];
  const inbound = new InboundHandshakes(4, {
    accepted: assert.fail,
    failed: (fault, address) => failed.push(`${fault} ${address}`),
  });
  const accept = (remoteAddress: string): void => {
    const clock = createVirtualClock();
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
  accept("10.0.0.9:3");
  assert.deepEqual(told.splice(0), ["10.0.0.1:1 too many handshakes at a time"]);
  assert.deepEqual(failed, ["handshakes-full 10.0.0.9:1", "handshakes-full 10.0.0.1:1"]);
});
