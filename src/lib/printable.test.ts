/** What others send, as our user sees it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { printable, printableJson } from "./printable.ts";

/** Each of them does something to a terminal, or to the eye, that its reader does not see. */
const HARMFUL: Readonly<Record<string, string>> = {
  "the clipboard": "\u001b]52;c;cm0gLXJm\u0007",
  "clearing the screen": "\u001b[2J\u001b[H",
  "a forged line": "\nFORGED",
  "a return to the start of the line": "\rFORGED",
  "a control sequence of the second set": "\u009b2J",
  "a command string of the second set": "\u009d52;c;x\u009c",
  "the next line of the second set": "\u0085FORGED",
  "another order of reading": "\u202egnp.exe",
  "isolated direction": "\u2066a\u2069",
  "a mark of direction": "\u200f",
  "an invisible character": "pe\u200ber0",
  "a joiner": "\u200d",
  "a byte order mark": "\ufeff",
  "a soft hyphen": "\u00ad",
  "a line separator": "\u2028FORGED",
  "half a character": "\ud800",
  "a tag character": "\u{e0041}",
  "a letter that nobody sees": "\u3164",
  "a blank of Braille": "\u2800",
  "a joiner of graphemes": "\u034f",
  "a selector of variants": "\ufe0f",
  "a blank that is none": "a\u00a0b\u3000c",
  "a deletion": "abc\b\b\u007f",
};
const BAD =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800\u00a0\u3000]/u;

describe("text of others", () => {
  for (const [what, text] of Object.entries(HARMFUL)) {
    test(`${what} is written out`, () => {
      assert.doesNotMatch(printable(`a${text}b`), BAD);
      assert.doesNotMatch(printableJson({ [text]: text }), BAD);
      assert.deepEqual(JSON.parse(printableJson([text])), [text]);
    });
  }

  test("what people write stays as it is", () => {
    for (const text of ["peer0.org1:7051", "组织一", "Müller & Söhne", "日本語", "🙂", "a\\b"]) {
      assert.equal(printable(text), text);
      assert.equal(printableJson(text), JSON.stringify(text));
    }
  });

  test("holds for any text, and JSON stays JSON", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        assert.doesNotMatch(printable(text), BAD);
        const json = printableJson({ text }, 2);
        assert.doesNotMatch(json.replaceAll("\n", ""), BAD);
        assert.deepEqual(JSON.parse(json), { text });
      }),
    );
  });
});
