/** Every way in which people have bytes: all of them mean the same. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { spellingsOf } from "./spellings.ts";

const hexOf = (byte: number): string => byte.toString(16).padStart(2, "0");

/** Lines of sixteen bytes with the address in front, as dumps have them. */
function dumpOf(
  bytes: Buffer,
  address: (at: number) => string,
  row: (part: Buffer) => string,
): string[] {
  const starts = Array.from({ length: Math.ceil(bytes.length / 16) }, (_, i) => 16 * i);
  return starts.map((at) => `${address(at)}${row(bytes.subarray(at, at + 16))}`);
}

const hexAddress = (at: number): string => at.toString(16).padStart(8, "0");
const octalAddress = (at: number): string => at.toString(8).padStart(7, "0");
const spaced = (part: Buffer): string => [...part].map(hexOf).join(" ");
const ascii = (part: Buffer): string => part.toString("latin1").replace(/[^ -~]/g, ".");

/** Words of two bytes, the second one first; an odd byte at the end is filled up. */
function words(part: Buffer): string {
  const even = Buffer.concat([part, Buffer.alloc(part.length % 2)]).swap16();
  return (even.toString("hex").match(/.{4}/g) ?? []).join(" ");
}

function escapedOf(bytes: Buffer): string {
  const named = new Map([..."\\'\""].map((one) => [one.charCodeAt(0), `\\${one}`]));
  return [...bytes]
    .map(
      (byte) =>
        named.get(byte) ??
        (byte < 32 || byte > 126 ? `\\x${hexOf(byte)}` : String.fromCharCode(byte)),
    )
    .join("");
}

const SPELLINGS: Readonly<Record<string, (bytes: Buffer) => string>> = {
  hex: (bytes) => bytes.toString("hex"),
  "hex in capitals with colons, as Wireshark copies it": (bytes) =>
    [...bytes].map((byte) => hexOf(byte).toUpperCase()).join(":"),
  "hex with dashes, as .NET prints it": (bytes) => [...bytes].map(hexOf).join("-"),
  "hex with 0x": (bytes) => `0x${bytes.toString("hex")}`,
  "hex with \\x, as PostgreSQL prints it": (bytes) => `\\x${bytes.toString("hex")}`,
  "hex in a byte order mark": (bytes) => `\ufeff${bytes.toString("hex")}\r\n`,
  "an array of Go, as %#v prints it": (bytes) =>
    `[]byte{${[...bytes].map((byte) => `0x${byte.toString(16)}`).join(", ")}}`,
  "numbers, as od -An -t u1 prints them": (bytes) => [...bytes].join(" "),
  "percent signs": (bytes) => [...bytes].map((byte) => `%${hexOf(byte)}`).join(""),
  "base64 in lines": (bytes) => (bytes.toString("base64").match(/.{1,20}/g) ?? []).join("\r\n"),
  "base64url in quotes": (bytes) => `'${bytes.toString("base64url")}'`,
  "base64 in JSON": (bytes) => JSON.stringify({ id: 7, envelope: bytes.toString("base64") }),
  "base64 in a data: URL": (bytes) => `data:application/grpc;base64,${bytes.toString("base64")}`,
  "a dump of xxd": (bytes) =>
    dumpOf(
      bytes,
      (at) => `${hexAddress(at)}: `,
      (part) => `${part.toString("hex").replace(/.{4}/g, "$& ").padEnd(40)} ${ascii(part)}`,
    ).join("\n"),
  "a dump of hexdump -C": (bytes) =>
    [
      ...dumpOf(
        bytes,
        (at) => `${hexAddress(at)}  `,
        (part) => `${spaced(part).padEnd(48)} |${ascii(part)}|`,
      ),
      hexAddress(bytes.length),
    ].join("\n"),
  "a dump of hexdump": (bytes) =>
    [
      ...dumpOf(bytes, (at) => `${hexAddress(at).slice(1)} `, words),
      hexAddress(bytes.length).slice(1),
    ].join("\n"),
  "a dump of od -t x1": (bytes) =>
    [...dumpOf(bytes, (at) => `${octalAddress(at)} `, spaced), octalAddress(bytes.length)].join(
      "\n",
    ),
  "a dump of Wireshark": (bytes) =>
    dumpOf(
      bytes,
      (at) => `${hexAddress(at).slice(4)}   `,
      (part) => `${spaced(part).padEnd(48)}  ${ascii(part)}`,
    ).join("\r\n"),
  "an array of C": (bytes) =>
    `unsigned char a[] = {\n  ${[...bytes].map((byte) => `0x${hexOf(byte)}`).join(", ")}\n};\nunsigned int a_len = ${bytes.length};\n`,
  "an array of JSON": (bytes) => JSON.stringify([...bytes]),
  "a Buffer of Node in JSON": (bytes) => JSON.stringify(bytes),
  "a Buffer of Node as it is logged": (bytes) => `<Buffer ${spaced(bytes)}>`,
  "a slice of Go": (bytes) => `[${[...bytes].join(" ")}]`,
  "a string of Python": (bytes) => `b"${escapedOf(bytes)}"`,
};

/** Messages that are no word of hex or the like by chance. */
const messages = fc
  .uint8Array({ minLength: 12, maxLength: 70 })
  .map((bytes) => Buffer.concat([Buffer.from([0x0a]), bytes, Buffer.from([0xff])]));

describe("spellingsOf()", () => {
  for (const [name, spell] of Object.entries(SPELLINGS)) {
    test(`finds the bytes in ${name}`, () => {
      fc.assert(
        fc.property(messages, (bytes) => {
          const found = spellingsOf(Buffer.from(spell(bytes)));
          assert.ok(
            found.some((one) => bytes.equals(one)),
            spell(bytes),
          );
        }),
        { numRuns: 50 },
      );
    });
  }

  test("finds hex in UTF-16, as PowerShell writes it", () => {
    const text = Buffer.from("\ufeff0a0218011202aabb", "utf16le");
    const wanted = Buffer.from("0a0218011202aabb", "hex");
    assert.ok(spellingsOf(text).some((one) => wanted.equals(one)));
  });

  test("fills in the lines that a dump leaves out because they are alike", () => {
    const dump =
      "00000000  0a 03 00 00 00 00 00 00  00 00 00 00 00 00 00 00\n" +
      "00000010  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00\n*\n" +
      "00000040  01\n00000041\n";
    const wanted = Buffer.alloc(65);
    wanted.set([10, 3]);
    wanted[64] = 1;
    assert.ok(spellingsOf(Buffer.from(dump)).some((one) => wanted.equals(one)));
  });

  test("takes no dump that leaves out more than any message has", () => {
    for (const dump of ["00000000  0a 03\n*\n7fffffff0  01\n", "*\n00000010  0a 03\n"]) {
      assert.ok(spellingsOf(Buffer.from(dump)).every(({ length }) => length < 100));
    }
  });

  test("takes off the frame of gRPC", () => {
    const framed = Buffer.from("00000000020a00", "hex");
    assert.ok(spellingsOf(framed).some((one) => Buffer.from("0a00", "hex").equals(one)));
  });

  test("reads any text, however long, in bounded time", () => {
    for (const piece of [
      "a",
      '"',
      "\\",
      "[1,",
      "0x0a,",
      "00000000: 0a\n",
      "*\n",
      "{",
      " ",
      '"\\',
    ]) {
      const { user } = process.cpuUsage();
      spellingsOf(Buffer.from(`0000 ${piece.repeat(200_000 / piece.length)}z`));
      assert.ok(process.cpuUsage().user - user < 5_000_000, piece);
    }
  });
});
