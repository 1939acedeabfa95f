import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { testCrypto, testIdentity } from "../../core/testing-identities.ts";
import type { Now } from "../../core/types/host.ts";
import { computePkiId } from "../../msp/identity.ts";
import { encode } from "../../wire/encode.ts";
import { SERIALIZED_IDENTITY } from "../../wire/messages.ts";
import { createRefusals } from "./refused-certificates.ts";

function setUp() {
  const now: Now = { elapsedMs: 0, wallMs: Date.UTC(2026, 0, 1) };
  return createRefusals(testCrypto("A"), { now: () => now, after: () => () => {} });
}

function identity(mspid: string, idBytes: Uint8Array): Uint8Array {
  return encode(SERIALIZED_IDENTITY, { mspid, idBytes });
}

describe("what is remembered of refused certificates", () => {
  test("whose it claims to be, why and when; nothing of those that are believed", () => {
    const refusals = setUp();
    const text = new TextEncoder().encode("stranger|0");
    const stranger = identity("B", text);
    assert.equal(refusals.crypto.identify(stranger).ok, false);
    assert.equal(refusals.crypto.identify(testIdentity("A", "friend").bytes).ok, true);
    const told = { mspId: "B", code: "identity-unknown-msp", reason: "" };
    const [only, ...more] = refusals.all();
    const pkiId = computePkiId("B", text);
    assert.deepEqual(only, { pkiId, ...told, time: new Date("2026-01-01T00:00:00.000Z") });
    assert.deepEqual([more, refusals.of(pkiId)], [[], only]);
  });

  test("nothing of what is no identity, or larger than any, and little of a long name", () => {
    const refusals = setUp();
    refusals.crypto.identify(new Uint8Array([255, 255]));
    refusals.crypto.identify(identity("B", new Uint8Array(9_000)));
    assert.deepEqual([...refusals.all()], []);
    refusals.crypto.identify(identity("B".repeat(200), new Uint8Array(1)));
    assert.deepEqual(
      [...refusals.all()].map(({ mspId }) => mspId.length),
      [100],
    );
  });

  test("no more than 500, the newest", () => {
    const refusals = setUp();
    for (let i = 0; i < 600; i++) refusals.crypto.identify(identity(`M${i}`, new Uint8Array(1)));
    const mspIds = [...refusals.all()].map(({ mspId }) => mspId);
    assert.deepEqual([mspIds.length, mspIds[0], mspIds.at(-1)], [500, "M100", "M599"]);
  });
});
