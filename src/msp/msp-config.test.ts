import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseMspConfig } from "./msp-config.ts";

function read(text: string) {
  const problems: string[] = [];
  const hints: string[] = [];
  return { ...parseMspConfig("config.yaml", text, { problems, hints }), problems, hints };
}

function withSwitch(word: string): string {
  return `NodeOUs:\n  Enable: ${word}\n  PeerOUIdentifier:\n    OrganizationalUnitIdentifier: p\n`;
}

/** Verdicts of the YAML libraries of Fabric 2.5 and 3.1, which agree unless a test says otherwise. */
describe("parseMspConfig() reads a file as Go does", () => {
  const on = ["true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", "y", "Y"];
  for (const word of on) {
    test(`Enable: ${word} is on`, () => {
      const { roleUnits, problems } = read(withSwitch(word));
      assert.deepEqual([problems, roleUnits.get("peer")?.unit], [[], "p"]);
    });
  }

  for (const word of ["!!bool true", '!!bool "true"']) {
    test(`Enable: ${word} is on`, () => assert.equal(read(withSwitch(word)).roleUnits.size, 1));
  }

  test("of a key given twice the last one counts, with a hint", () => {
    const { roleUnits, problems, hints } = read(`${withSwitch("no")}${withSwitch("yes")}`);
    assert.deepEqual([problems, roleUnits.size], [[], 1]);
    assert.match(hints.join(), /gives a key twice, which Fabric 3 refuses/);
  });

  for (const word of ["false", "no", "No", "off", "OFF", "n", "", "~", "null", " # nothing"]) {
    test(`Enable: ${word} is off`, () => {
      const { roleUnits, problems } = read(withSwitch(word));
      assert.deepEqual([problems, roleUnits.size], [[], 0]);
    });
  }

  test("yes in quotation marks is on, as in Fabric 3 only", () => {
    assert.equal(read(withSwitch('"yes"')).roleUnits.size, 1);
  });

  for (const word of ['"true"', "'TRUE'", "t", "1", "0", "tRUE", "enabled", "[true]", "{}"]) {
    test(`Enable: ${word} is refused`, () => {
      const { roleUnits, problems } = read(withSwitch(word));
      assert.equal(roleUnits.size, 0);
      assert.deepEqual(problems, [
        "config.yaml: NodeOUs.Enable must be true or false, without quotation marks: correct the value.",
      ]);
    });
  }

  const units = [
    ["007", "007"],
    ["1.50", "1.50"],
    ["on", "on"],
    ["No", "No"],
    ['"no"', "no"],
    ["0x1F", "0x1F"],
    ["2026-01-02", "2026-01-02"],
  ];
  for (const [written = "", unit] of units) {
    test(`a unit ${written} is the text that was written`, () => {
      const { requiredUnits } = read(
        `OrganizationalUnitIdentifiers:\n  - OrganizationalUnitIdentifier: ${written}\n`,
      );
      assert.deepEqual(requiredUnits, [{ unit, certificatePath: "" }]);
    });
  }

  const harmless = [
    ["a byte order mark", (text: string) => `\ufeff${text}`],
    ["Windows line ends", (text: string) => text.replaceAll("\n", "\r\n")],
    ["a tab before a value", (text: string) => text.replaceAll(": ", ":\t")],
    ["a second document", (text: string) => `---\n${text}---\nNodeOUs: 3\n`],
    ["keys that nobody knows", (text: string) => `${text}Other: [1, {a: b}]\n`],
    [
      "an anchor and a merge",
      (text: string) => `${text.replace("NodeOUs:", "NodeOUs: &a")}x: *a\n`,
    ],
  ] as const;
  for (const [what, change] of harmless) {
    test(`${what} does no harm`, () => {
      const { roleUnits, problems } = read(change(withSwitch("yes")));
      assert.deepEqual([problems, roleUnits.get("peer")?.unit], [[], "p"]);
    });
  }

  test("a second document is told of", () => {
    const { hints } = read(`${withSwitch("yes")}---\nNodeOUs:\n  Enable: false\n`);
    assert.match(hints.join(), /has a second YAML document/);
  });

  test("a merge key brings what it names", () => {
    const text =
      "x: &unit\n  Certificate: ca.pem\nOrganizationalUnitIdentifiers:\n" +
      "  - <<: *unit\n    OrganizationalUnitIdentifier: u\n";
    assert.deepEqual(read(text).requiredUnits, [{ unit: "u", certificatePath: "ca.pem" }]);
  });

  const wrong = [
    ["NodeOUs: 3", /NodeOUs must be a mapping/],
    ["NodeOUs:\n  PeerOUIdentifier: peer", /NodeOUs\.PeerOUIdentifier must be a mapping/],
    ["OrganizationalUnitIdentifiers: x", /OrganizationalUnitIdentifiers must be a list/],
    [
      "OrganizationalUnitIdentifiers:\n  - Certificate: [a]",
      /OrganizationalUnitIdentifiers\.0\.Certificate must be text/,
    ],
    ["- NodeOUs", /the document must be a mapping/],
    ["NodeOUs:\n\tEnable: true", /not valid YAML/],
  ] as const;
  for (const [text, want] of wrong) {
    test(`${JSON.stringify(text)} is refused`, () => {
      const { problems } = read(text);
      assert.equal(problems.length, 1);
      assert.match(problems[0] ?? "", want);
    });
  }
});
