import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { GossipError } from "../lib/errors.ts";
import { type DevnetOptions, parsePlan } from "./plan.ts";

const USUAL: DevnetOptions = { orgs: "2", peers: "3", basePort: "9400" };

describe("parsePlan()", () => {
  test("names members by organisation and gives each two ports above the dashboard's", () => {
    const { members } = parsePlan(USUAL);
    assert.deepEqual(
      members.map(({ name, mspId, endpoint, operations }) => [name, mspId, endpoint, operations]),
      [
        ["peer0.org1", "Org1MSP", "127.0.0.1:9401", "http://127.0.0.1:9402"],
        ["peer1.org1", "Org1MSP", "127.0.0.1:9403", "http://127.0.0.1:9404"],
        ["peer2.org1", "Org1MSP", "127.0.0.1:9405", "http://127.0.0.1:9406"],
        ["peer0.org2", "Org2MSP", "127.0.0.1:9407", "http://127.0.0.1:9408"],
        ["peer1.org2", "Org2MSP", "127.0.0.1:9409", "http://127.0.0.1:9410"],
        ["peer2.org2", "Org2MSP", "127.0.0.1:9411", "http://127.0.0.1:9412"],
      ],
    );
  });

  const accepted = [
    { name: "a single member", options: { orgs: "1", peers: "1" } },
    { name: "the largest network", options: { orgs: "10", peers: "10" } },
    { name: "the last ports there are", options: { orgs: "1", peers: "1", basePort: "65533" } },
  ];
  for (const { name, options } of accepted) {
    test(`accepts ${name}`, () => {
      const { members, basePort } = parsePlan({ ...USUAL, ...options });
      assert.equal(members.length, Number(options.orgs) * Number(options.peers));
      assert.ok(
        members.every(({ ports }) => ports.operations <= 65_535 && ports.gossip > basePort),
      );
    });
  }

  const refused = [
    { name: "no peers", options: { peers: "0" }, says: [/--peers 0 .* from 1 to 100/] },
    { name: "negative numbers", options: { orgs: "-1" }, says: [/--orgs -1 /] },
    { name: "fractions", options: { peers: "1.5" }, says: [/--peers 1\.5 /] },
    { name: "words", options: { orgs: "two" }, says: [/--orgs two /] },
    {
      name: "1000 members",
      options: { orgs: "10", peers: "100" },
      says: [/1000 members.*most 100/],
    },
    { name: "a port nobody has", options: { basePort: "99999" }, says: [/--base-port 99999/] },
    { name: "no room above", options: { basePort: "65524" }, says: [/1024 to 65523/] },
    {
      name: "several mistakes, all at once",
      options: { orgs: "0", peers: "x", basePort: "", dir: "" },
      says: [/--orgs/, /--peers/, /--base-port/, /--dir is empty/],
    },
  ];
  for (const { name, options, says } of refused) {
    test(`refuses ${name}`, () => {
      assert.throws(
        () => parsePlan({ ...USUAL, ...options }),
        (error) => {
          assert.ok(error instanceof GossipError);
          assert.equal(error.code, "config-invalid");
          assert.equal(error.problems.length, says.length);
          for (const [index, pattern] of says.entries()) {
            assert.match(error.problems[index] ?? "", pattern);
          }
          return true;
        },
      );
    });
  }
});
