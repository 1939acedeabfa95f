import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { toHex } from "../../wire/bytes.ts";
import { headerBytes } from "./header-hash.ts";

describe("headerBytes() is DER", () => {
  const cases: readonly (readonly [bigint, number, string])[] = [
    [0n, 0, "3007020100" + "0400" + "0400"],
    [127n, 1, "300902017f" + "040100" + "040100"],
    [128n, 0, "300802020080" + "0400" + "0400"],
    [256n, 0, "300802020100" + "0400" + "0400"],
    [2n ** 64n - 1n, 0, "300f020900ffffffffffffffff" + "0400" + "0400"],
  ];
  for (const [number, bytes, hex] of cases) {
    test(`block ${number}, hashes of ${bytes} bytes`, () => {
      const hash = new Uint8Array(bytes);
      assert.equal(toHex(headerBytes({ number, previousHash: hash, dataHash: hash })), hex);
    });
  }

  test("lengths above 127 take more bytes", () => {
    const previousHash = new Uint8Array(300).fill(7);
    const dataHash = new Uint8Array(200).fill(8);
    const der = toHex(headerBytes({ number: 1n, previousHash, dataHash }));
    const hashes = `0482012c${"07".repeat(300)}0481c8${"08".repeat(200)}`;
    assert.equal(der, `308201fe020101${hashes}`);
  });
});
