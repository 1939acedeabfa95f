import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { runInNewContext } from "node:vm";
import { givenSigner } from "./given-signer.ts";

const payload = new Uint8Array([1]);
const signature = new Uint8Array([2]);
const giving = (given: unknown) => givenSigner(() => given as never);

describe("a signer of a program", () => {
  test("gives what it gave, at once or later", async () => {
    assert.equal(giving(signature)(payload), signature);
    assert.equal(await giving(Promise.resolve(signature))(payload), signature);
    const foreign = runInNewContext("Promise").resolve(signature);
    assert.equal(await giving(foreign)(payload), signature);
  });

  test("fails in a sentence where it gives no signature", async () => {
    const none: readonly (readonly [unknown, RegExp])[] = [
      [undefined, /^the signer gave undefined: a signature is a Uint8Array$/],
      ["MEUCIQ==", /gave "MEUCIQ=="/],
      [[48, 69], /gave a list/],
      [new ArrayBuffer(70), /gave an ArrayBuffer/],
      [new Uint8Array(0), /gave no bytes/],
    ];
    for (const [given, message] of none) {
      assert.throws(() => giving(given)(payload), { name: "Error", message });
      await assert.rejects(async () => giving(Promise.resolve(given))(payload), { message });
    }
    await assert.rejects(async () => giving(Promise.reject(new Error("busy")))(payload), /busy/);
  });
});
