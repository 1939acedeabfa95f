import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Signer } from "../core/types/host.ts";
import { createVirtualClock } from "../transport/testing.ts";
import { signBoth } from "./signing.ts";

const bytes = new Uint8Array([1]);

function sign(signer: Signer, waitMs = 0): Promise<(Uint8Array | undefined)[]> {
  const clock = createVirtualClock();
  return new Promise((resolve) => {
    signBoth(signer, bytes, bytes, clock, 1_000, (...signatures) => resolve(signatures));
    clock.advance(waitMs);
  });
}

describe("signBoth()", () => {
  test("answers at once when the signer does", () => {
    let answered: unknown;
    signBoth(
      (payload) => payload,
      bytes,
      undefined,
      createVirtualClock(),
      1_000,
      (signature) => {
        answered = signature;
      },
    );
    assert.equal(answered, bytes);
  });

  test("waits for a signer that takes its time", async () => {
    assert.deepEqual(await sign(async (payload) => payload), [bytes, bytes]);
  });

  test("gives up on one that never answers", async () => {
    assert.deepEqual(await sign(() => new Promise(() => {}), 1_000), [undefined, undefined]);
  });

  test("survives one that breaks its promise and then throws", async () => {
    let calls = 0;
    const busy: Signer = () => {
      calls += 1;
      if (calls > 1) throw new Error("busy");
      return Promise.reject(new Error("busy"));
    };
    assert.deepEqual(await sign(busy), [undefined, undefined]);
  });
});
