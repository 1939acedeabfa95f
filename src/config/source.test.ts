import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parseSettings } from "./source.ts";

function parse(text: string) {
  const problems: string[] = [];
  const warnings: string[] = [];
  const settings = parseSettings(text, "core.yaml", problems, warnings);
  return { settings: Object.fromEntries(settings), problems, warnings };
}

const namesOf = (length: number) => Array.from({ length }, (_, i) => `k${i}: 1\n`).join("");

describe("parseSettings()", () => {
  test("names leaves by their path in lower case, with the line they stand on", () => {
    const { settings } = parse(
      "peer:\n  localMspId: Org1MSP\n  gossip:\n    bootstrap: [a:1, b:2]\n",
    );
    assert.deepEqual(settings, {
      "peer.localmspid": { raw: "Org1MSP", origin: "core.yaml:2" },
      "peer.gossip.bootstrap": { raw: ["a:1", "b:2"], origin: "core.yaml:4" },
    });
  });

  test("follows merge keys, as Fabric's files use them", () => {
    const { settings } = parse("base: &b\n  id: x\npeer:\n  <<: *b\n  address: a:1\n");
    assert.equal(settings["peer.id"]?.raw, "x");
    assert.equal(settings["peer.address"]?.raw, "a:1");
  });

  test("treats a key without value as absent", () => {
    assert.deepEqual(parse("peer:\n  id:\n").settings, {});
  });

  test("takes in 5_000 names", () => {
    const { settings, problems } = parse(namesOf(5_000));
    assert.deepEqual([Object.keys(settings).length, problems], [5_000, []]);
  });

  test("refuses more names than that before they are parsed", () => {
    assert.deepEqual(parse(namesOf(30_000)).problems, [
      "The configuration file core.yaml has more than 5000 colons, commas and the like; " +
        "name a core.yaml with --config or FABRIC_CFG_PATH.",
    ]);
  });

  test("refuses a name given twice in different capitals", () => {
    const { problems } = parse("peer:\n  id: a\n  ID: b\n");
    assert.deepEqual(problems, [
      "peer.id (core.yaml:3) is given twice in different capitals; remove one.",
    ]);
  });

  const twice = [
    { text: "a: 1\na: 2", want: { a: 2 } },
    {
      text: "peer:\n  id: 1\n  tls:\n    id: 2\n  id: 3",
      want: { "peer.id": 3, "peer.tls.id": 2 },
    },
    { text: "peer: {id: 1}\npeer: {tls: {id: 2}}", want: { "peer.tls.id": 2 } },
  ];
  for (const { text, want } of twice) {
    test(`takes the last of ${JSON.stringify(text)}, as Fabric 2, and tells of it`, () => {
      const { settings, problems, warnings } = parse(text);
      const found = Object.entries(settings).map(([name, { raw }]) => [name, raw]);
      assert.deepEqual([Object.fromEntries(found), problems], [want, []]);
      assert.match(warnings.join(), /given twice in core\.yaml, .*Fabric 3 refuse/);
    });
  }

  test("tells of a few of very many names given twice", () => {
    const { problems, warnings } = parse(namesOf(2_500).repeat(2));
    assert.deepEqual([problems.length, warnings.length], [0, 5]);
  });

  test("tells of a second document that is not read", () => {
    const { problems, warnings } = parse("peer:\n  id: a\n---\npeer:\n  address: b:1\n");
    assert.deepEqual(problems, []);
    assert.match(warnings.join(), /^core\.yaml has a second YAML document, from line 3 on/);
  });

  const alike = [
    ["a byte order mark", "\ufeffpeer:\n  id: a\n"],
    ["Windows line ends", "peer:\r\n  id: a\r\n"],
    ["a tab before the value", "peer:\n  id:\ta\n"],
    ["a tab after the value", "peer:\n  id: a\t\n  x: 1\n"],
    ["a second document", "---\npeer:\n  id: a\n---\npeer:\n  id: b\n"],
    ["a version of YAML", "%YAML 1.1\n---\npeer:\n  id: a\n"],
    ["a tag nobody knows", "peer:\n  id: !text a\n"],
    ["other capitals", "PEER:\n  Id: a\n"],
    ["a dotted name", "peer.id: a\n"],
  ];
  for (const [what, text = ""] of alike) {
    test(`reads over ${what}, as Fabric does`, () => {
      const { settings, problems } = parse(text);
      assert.deepEqual([settings["peer.id"]?.raw, problems], ["a", []]);
    });
  }

  const broken = [
    { name: "tabs", text: "peer:\n\tid: a" },
    { name: "an endless nest", text: `a: ${"- ".repeat(4_900)}` },
    {
      name: "values repeated by merges",
      text: `a: &a {${namesOf(1_000).replaceAll("\n", ",")}}\n${namesOf(9).replaceAll("1", "{<<: *a}")}`,
    },
    {
      name: "a deep nest",
      text: `${Array.from({ length: 30 }, (_, i) => `${" ".repeat(i)}a:`).join("\n")} 1`,
    },
    {
      name: "a laugh of a billion aliases",
      text: `a: &a [${"x,".repeat(9)}x]\n${[..."bcdefghij"]
        .map(
          (name, i) => `${name}: &${name} [${`*${"abcdefghij"[i]},`.repeat(9)}*${"abcdefghij"[i]}]`,
        )
        .join("\n")}`,
    },
  ];
  for (const { name, text } of broken) {
    test(`survives ${name}`, () => {
      const { problems } = parse(text);
      assert.equal(problems.length, 1);
      assert.match(problems[0] ?? "", /core\.yaml is not valid YAML \(/);
    });
  }

  test("never throws, whatever the text", () => {
    const piece = fc.constantFrom(
      "a",
      ":",
      " ",
      "\n",
      "- ",
      "[",
      "]",
      "{",
      "}",
      "&x",
      "*x",
      "<<",
      "'",
      "|",
      "#",
      "\t",
      "? ",
      "!!map",
      "%",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        assert.ok(Array.isArray(parse(pieces.join("")).problems));
      }),
      { numRuns: 500 },
    );
  });
});
