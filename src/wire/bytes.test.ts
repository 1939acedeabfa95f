import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { equalBytes, fromHex, toBase64, toHex } from "./bytes.ts";

test("hexadecimal and base64 are those of Node", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      assert.equal(toHex(bytes), Buffer.from(bytes).toString("hex"));
      assert.equal(toBase64(bytes), Buffer.from(bytes).toString("base64"));
      assert.deepEqual(fromHex(toHex(bytes)), bytes);
    }),
  );
});

test("bytes are equal if they have the same length and content", () => {
  const cases = [
    { a: "", b: "", want: true },
    { a: "0102", b: "0102", want: true },
    { a: "0102", b: "0103", want: false },
    { a: "0102", b: "01", want: false },
    { a: "01", b: "0102", want: false },
  ];
  for (const { a, b, want } of cases) assert.equal(equalBytes(fromHex(a), fromHex(b)), want);
});
