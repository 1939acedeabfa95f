/**
 * Disclosure over all combinations, against the tables of spec B 2.3 to 2.5 drawn as squares: rows
 * are who asks, or whose news it is; columns who is shown, or who would get it. S: our organisation,
 * R: another, X: a third; + has an external endpoint. Y: with the secret, y: without, -: hidden.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  type Disclosure,
  discloseMember,
  disclosePush,
  mayPullIdentity,
  type Party,
} from "./disclosure.ts";

const PARTIES = ["S", "S+", "R", "R+", "X", "X+"];
const MARKS: Readonly<Record<Disclosure, string>> = {
  "with-secret": "Y",
  "without-secret": "y",
  hidden: "-",
};

function party(name: string): Party {
  return { mspId: name.charAt(0), isExternal: name.endsWith("+") };
}

/** The square that a rule draws, by rows. */
function square(rule: (row: Party, column: Party) => Disclosure): Record<string, string> {
  const rows = PARTIES.map((row) => {
    const marks = PARTIES.map((column) => MARKS[rule(party(row), party(column))]);
    return [row, marks.join(" ")];
  });
  return Object.fromEntries(rows);
}

describe("disclosure is what the tables of the specification say, all of it", () => {
  test("who is listed to an asker in a membership response (2.3)", () => {
    assert.deepEqual(
      square((asker, subject) => discloseMember("S", asker, subject)),
      {
        // /   S S+ R R+ X X+
        S: "Y Y - - - -",
        "S+": "Y Y - - - -",
        R: "- - y y - -",
        "R+": "- y y y - -",
        X: "- - - - y y",
        "X+": "- y - - y y",
      },
    );
  });

  test("to whom news of somebody are pushed (2.4; 2.1: who has no external endpoint gets none)", () => {
    assert.deepEqual(
      square((origin, target) => disclosePush("S", origin, target)),
      {
        // /   S S+ R R+ X X+
        S: "Y Y - - - -",
        "S+": "Y Y - y - y",
        R: "- Y - y - -",
        "R+": "- Y - y - -",
        X: "- Y - - - y",
        "X+": "- Y - - - y",
      },
    );
  });

  test("whose identity an asker may pull (2.5)", () => {
    assert.deepEqual(
      square((asker, subject) => {
        return mayPullIdentity("S", asker.mspId, subject) ? "without-secret" : "hidden";
      }),
      {
        // /   S S+ R R+ X X+
        S: "y y y y y y",
        "S+": "y y y y y y",
        R: "- y - y - -",
        "R+": "- y - y - -",
        X: "- y - - - y",
        "X+": "- y - - - y",
      },
    );
  });
});
