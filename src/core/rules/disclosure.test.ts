/** The tables of spec B 2.3 to 2.5, row by row. S: our organisation; R: the other one; X: a third. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  type Disclosure,
  discloseMember,
  disclosePush,
  mayPullIdentity,
  type Party,
} from "./disclosure.ts";

function party(text: string): Party {
  return { mspId: text.charAt(0), isExternal: text.endsWith("+") };
}

describe("discloseMember(): who is listed in a membership response (B 2.3)", () => {
  const rows: readonly (readonly [asker: string, subject: string, Disclosure])[] = [
    ["S", "S", "with-secret"],
    ["S+", "S+", "with-secret"],
    ["S+", "R+", "hidden"],
    ["R+", "R+", "without-secret"],
    ["R", "R", "without-secret"],
    ["R+", "S+", "without-secret"],
    ["R+", "S", "hidden"],
    ["R", "S+", "hidden"],
    ["R+", "X+", "hidden"],
  ];
  for (const [asker, subject, want] of rows) {
    test(`${subject} to ${asker}: ${want}`, () => {
      assert.equal(discloseMember("S", party(asker), party(subject)), want);
    });
  }
});

describe("disclosePush(): to whom an alive message is pushed (B 2.4)", () => {
  const rows: readonly (readonly [origin: string, target: string, Disclosure])[] = [
    ["S", "S", "with-secret"],
    ["S", "S+", "with-secret"],
    ["S", "R+", "hidden"],
    ["S+", "S", "with-secret"],
    ["S+", "R+", "without-secret"],
    ["S+", "R", "hidden"],
    ["R+", "S+", "with-secret"],
    ["R+", "S", "hidden"],
    ["R+", "R+", "without-secret"],
    ["R+", "R", "hidden"],
    ["R+", "X+", "hidden"],
  ];
  for (const [origin, target, want] of rows) {
    test(`of ${origin} to ${target}: ${want}`, () => {
      assert.equal(disclosePush("S", party(origin), party(target)), want);
    });
  }
});

describe("mayPullIdentity(): whose identity is handed out (B 2.5)", () => {
  const rows: readonly (readonly [asker: string, subject: string, boolean])[] = [
    ["S", "S", true],
    ["S", "X", true],
    ["R", "S+", true],
    ["R", "S", false],
    ["R", "R+", true],
    ["R", "R", false],
    ["R", "X+", false],
  ];
  for (const [asker, subject, want] of rows) {
    test(`${subject} to ${asker}: ${want ? "yes" : "no"}`, () => {
      assert.equal(mayPullIdentity("S", asker, party(subject)), want);
    });
  }
});
