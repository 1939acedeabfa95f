import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { DER_TAG, DerFault, DerReader, encodeDer } from "./der.ts";

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, "hex"));

describe("DerReader reads DER and nothing else", () => {
  const readers = {
    any: (reader: DerReader) => [...reader.readAny().content],
    integer: (reader: DerReader) => [...reader.readInteger()],
    small: (reader: DerReader) => reader.readSmallInteger(),
    boolean: (reader: DerReader) => reader.readBoolean(),
    bits: (reader: DerReader) => [...reader.readBitBytes()],
    oid: (reader: DerReader) => reader.readOid(),
  };
  const cases: readonly [what: keyof typeof readers, hex: string, want: unknown][] = [
    ["any", "0500", []],
    ["any", "", DerFault],
    ["any", "05", DerFault],
    ["any", "0401", DerFault],
    ["any", "04810100", DerFault], // long length where a short one does
    ["any", "0482000100", DerFault], // leading zero in the length
    ["any", "04800000", DerFault], // indefinite length
    ["any", "1f0100", DerFault], // tag of two bytes
    ["any", "0485010000000000", DerFault], // length of five bytes
    ["integer", "020100", [0]],
    ["integer", "02020080", [0, 0x80]],
    ["integer", "0200", DerFault],
    ["integer", "02020001", DerFault],
    ["integer", "0202ff80", DerFault],
    ["small", "02047fffffff", 0x7fffffff],
    ["small", "02050080000000", 0x80000000],
    ["small", "0201ff", -1],
    ["small", "02088000000000000000", -(2 ** 63)],
    ["small", "0209008000000000000000", DerFault],
    ["boolean", "0101ff", true],
    ["boolean", "010100", false],
    ["boolean", "010101", DerFault],
    ["boolean", "0100", DerFault],
    ["bits", "030200aa", [0xaa]],
    ["bits", "030201aa", [0x55]],
    ["bits", "03040401fff0", [0x00, 0x1f, 0xff]],
    ["bits", "0300", DerFault],
    ["bits", "030108", DerFault],
    ["oid", "06032a8648", "1.2.840"],
    ["oid", "0603551d13", "2.5.29.19"],
    ["oid", "0603883703", "2.999.3"],
    ["oid", "0600", DerFault],
    ["oid", "06022a80", DerFault],
    ["oid", "06032a8001", DerFault],
    ["oid", "06062a9fffffff7f", DerFault],
  ];
  for (const [what, hex, want] of cases) {
    test(`${what} ${hex}`, () => {
      const read = () => readers[what](new DerReader(bytes(hex)));
      if (want === DerFault) assert.throws(read, DerFault);
      else assert.deepEqual(read(), want);
    });
  }
});

test("what is encoded is read back, at every length of length", () => {
  for (const length of [0, 1, 127, 128, 255, 256, 65_535, 65_536]) {
    const content = new Uint8Array(length).fill(7);
    const reader = new DerReader(
      encodeDer(
        DER_TAG.octetString,
        content.subarray(0, length >> 1),
        content.subarray(length >> 1),
      ),
    );
    assert.equal(Buffer.compare(reader.read(DER_TAG.octetString), content), 0);
    assert(reader.isEmpty);
  }
});

test("random bytes end in a fault or in the end of the bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (input) => {
      const reader = new DerReader(input);
      let read = 0;
      try {
        while (!reader.isEmpty) read += reader.readAny().whole.length;
        assert.equal(read, input.length);
      } catch (error) {
        assert(error instanceof DerFault);
      }
    }),
    { numRuns: 2_000 },
  );
});
