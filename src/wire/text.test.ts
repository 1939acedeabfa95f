import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { decodeText } from "./text.ts";

function decodeStrictly(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

describe("decodeText() is strict UTF-8, however long the text", () => {
  test("of any bytes", () => {
    const bytes = fc.uint8Array({ maxLength: 40 });
    fc.assert(
      fc.property(bytes, (all) => {
        assert.equal(decodeText(all, 0, all.length), decodeStrictly(all));
      }),
    );
  });

  test("of any text, in the midst of other bytes", () => {
    const text = fc.string({ unit: "binary", maxLength: 30 });
    fc.assert(
      fc.property(text, fc.nat({ max: 3 }), (written, before) => {
        const bytes = Buffer.concat([Buffer.alloc(before, 0xff), Buffer.from(written)]);
        assert.equal(
          decodeText(bytes, before, bytes.length),
          decodeStrictly(bytes.subarray(before)),
        );
      }),
    );
  });
});
