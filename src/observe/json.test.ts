import assert from "node:assert/strict";
import { test } from "node:test";
import { type Json, toJson } from "./json.ts";

test("dates, bytes and integers of 64 bits become text, however deep they are", () => {
  const value = {
    at: new Date(0),
    none: null,
    list: [{ bytes: Uint8Array.of(255, 0), buffer: Buffer.from("a") }],
    count: 2n ** 64n - 1n,
    plain: ["a", 1, true],
  };
  const json: Json<typeof value> = toJson(value);
  assert.deepEqual(json, {
    at: "1970-01-01T00:00:00.000Z",
    none: null,
    list: [{ bytes: "/wA=", buffer: "YQ==" }],
    count: "18446744073709551615",
    plain: ["a", 1, true],
  });
  assert.deepEqual(JSON.parse(JSON.stringify(json)), json);
});

test("what is JSON already stays as it is", () => {
  const value = { a: [null, "b", { c: 1.5 }], d: {} };
  assert.deepEqual(toJson(value), value);
});
