import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { decodePem, decodePemBlocks, encodePem } from "./pem.ts";

const der = Uint8Array.from({ length: 100 }, (_, i) => i);
const canonical = Buffer.from(encodePem("CERTIFICATE", der)).toString("latin1");
const decode = (text: string) => decodePem(Buffer.from(text, "latin1"));

describe("decodePem() takes what Go takes", () => {
  const taken: readonly { name: string; text: string; hasRest?: boolean; type?: string }[] = [
    { name: "canonical text", text: canonical },
    { name: "CRLF line ends", text: canonical.replaceAll("\n", "\r\n") },
    { name: "text before the block", text: `subject=x\n\n${canonical}` },
    { name: "blanks at line ends", text: canonical.replaceAll("\n", " \t\n") },
    {
      name: "all base64 in one line",
      text: canonical
        .replace(/\n(?=[^-\n]+\n[^-])/g, "\n")
        .replace(/([A-Za-z0-9+/=])\n(?=[A-Za-z0-9+/=])/g, "$1"),
    },
    { name: "headers", text: canonical.replace("-----\n", "-----\nProc-Type: x\nA: b\n\n") },
    { name: "no line feed at the end", text: canonical.slice(0, -1) },
    { name: "an empty line after it", text: `${canonical}\n`, hasRest: true },
    { name: "another block after it", text: canonical + canonical, hasRest: true },
    { name: "another type", text: canonical.replaceAll("CERTIFICATE", "X"), type: "X" },
    { name: "no type", text: canonical.replaceAll("CERTIFICATE", ""), type: "" },
    {
      name: "a broken block before it",
      text: `-----BEGIN A-----\n%\n-----END A-----\n${canonical}`,
    },
  ];
  for (const { name, text, hasRest = false, type = "CERTIFICATE" } of taken) {
    test(name, () => {
      const block = decode(text);
      assert.deepEqual(block && { ...block, der: [...block.der] }, {
        type,
        der: [...der],
        hasRest,
        hasHeaders: name === "headers",
      });
    });
  }
});

test("decodePemBlocks() finds each block that Go finds, one after the other", () => {
  const second = Buffer.from(encodePem("X", der.slice(9))).toString("latin1");
  const text = `\uFEFF${canonical}a\n${canonical}${canonical.trimEnd()}${second}b\n${second}`;
  const found = decodePemBlocks(Buffer.from(text));
  assert.deepEqual(
    found.map(({ type }) => type),
    ["CERTIFICATE", "X"],
  );
});

describe("decodePem() refuses what Go refuses", () => {
  const refused: Readonly<Record<string, string>> = {
    "nothing at all": "",
    "no block": "garbage",
    "BEGIN not at the start of a line": `x${canonical}`,
    "no END line": canonical.slice(0, canonical.indexOf("-----END")),
    "END of another type": canonical.replace("END CERTIFICATE", "END CERT"),
    "text behind END": canonical.replace(/-----\n$/, "----- x\n"),
    "no dashes after the type": canonical.replace("CERTIFICATE-----\n", "CERTIFICATE\n"),
    "a character that is not base64": canonical.replace("AAEC", "AA*C"),
    "padding in the middle": canonical.replace("AAEC", "AA=="),
    "no padding": canonical.replaceAll("=", ""),
  };
  for (const [name, text] of Object.entries(refused)) {
    test(name, () => assert.equal(decode(text), undefined));
  }
});

test("what is encoded is decoded, in lines of 64 characters", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), (bytes) => {
      const text = encodePem("CERTIFICATE", bytes);
      const block = decodePem(text);
      assert.deepEqual(block && [...block.der], [...bytes]);
      assert.equal(block?.hasRest, false);
      assert(
        Buffer.from(text)
          .toString()
          .split("\n")
          .every((line) => line.length <= 64),
      );
    }),
  );
});

test("hostile text of 64 KiB takes linear time", () => {
  const hostile = [
    "-----BEGIN A-----\n".repeat(3_600),
    `${"-----BEGIN A-----\n".repeat(3_500)}\n-----END B-----`,
    `-----BEGIN ${" ".repeat(65_000)}x`,
    `-----BEGIN A-----\n${"a:\n".repeat(21_000)}`,
  ];
  const { user } = process.cpuUsage();
  for (const text of hostile) assert.equal(decode(text), undefined);
  // Quadratic time would take many seconds.
  assert(process.cpuUsage().user - user < 2_000_000);
});
