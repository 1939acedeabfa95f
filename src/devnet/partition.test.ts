import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { cutOffFrom, parseGroups } from "./partition.ts";
import { parsePlan } from "./plan.ts";

const { members } = parsePlan({ orgs: "2", peers: "2", basePort: "20000" });
const NAMES = members.map(({ name }) => name);

describe("parseGroups() reads who can reach whom", () => {
  const accepted = [
    { name: "no groups heal", groups: [], want: [] },
    { name: "one group of all is none", groups: [NAMES], want: [] },
    { name: "empty groups are none", groups: [[], []], want: [] },
    {
      name: "who is in no group is with the others that are in none",
      groups: [["peer0.org1"]],
      want: [["peer0.org1"], ["peer1.org1", "peer0.org2", "peer1.org2"]],
    },
    {
      name: "two groups stay as they are",
      groups: [NAMES.slice(0, 2), NAMES.slice(2)],
      want: [NAMES.slice(0, 2), NAMES.slice(2)],
    },
  ];
  for (const { name, groups, want } of accepted) {
    test(name, () => {
      assert.deepEqual(parseGroups({ groups }, NAMES), { ok: true, groups: want });
    });
  }

  const refused = [
    { name: "no body", body: undefined, says: /Send \{"groups"/ },
    { name: "no list", body: { groups: "all" }, says: /Send \{"groups"/ },
    { name: "no list of lists", body: { groups: ["peer0.org1"] }, says: /Send \{"groups"/ },
    { name: "numbers", body: { groups: [[1]] }, says: /Send \{"groups"/ },
    {
      name: "a stranger and a double, both at once",
      body: { groups: [["peer0.org1", "x"], ["peer0.org1"]] },
      says: /There is no x; peer0\.org1 is in more than one group; GET/,
    },
  ];
  for (const { name, body, says } of refused) {
    test(`refuses ${name}`, () => {
      const parsed = parseGroups(body, NAMES);
      assert.ok(!parsed.ok);
      assert.match(parsed.error, says);
    });
  }
});

test("cutOffFrom() names the endpoints of all other groups, and nobody's in a whole network", () => {
  const groups = [["peer0.org1", "peer1.org2"], ["peer1.org1"], ["peer0.org2"]];
  assert.deepEqual(cutOffFrom(groups, "peer0.org1", members), [
    "127.0.0.1:20003",
    "127.0.0.1:20005",
  ]);
  assert.deepEqual(cutOffFrom([], "peer0.org1", members), []);
});
