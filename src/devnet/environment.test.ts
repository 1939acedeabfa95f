import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { loadConfig } from "../config/load.ts";
import { memberEnvironment } from "./environment.ts";
import { parsePlan } from "./plan.ts";

function environmentOf(index: number, fast: boolean, inherited = {}) {
  const plan = parsePlan({ orgs: "3", peers: "3", basePort: "9400", fast });
  const [member] = plan.members.slice(index);
  assert.ok(member);
  return memberEnvironment(plan, member, inherited);
}

/** Excludes key files, which are unused without TLS. */
function configOf(env: Readonly<Record<string, string | undefined>>) {
  return loadConfig({ env, overrides: ["peer.tls.enabled=false"] });
}

describe("memberEnvironment()", () => {
  test("keeps the user's variables, but none that configures a peer", () => {
    const inherited = { HOME: "/home/me", CORE_PEER_ID: "x", core_x: "y", FABRIC_CFG_PATH: "z" };
    const env: Record<string, string | undefined> = environmentOf(0, false, inherited);
    assert.equal(env["HOME"], "/home/me");
    assert.equal(env["CORE_PEER_ID"], "peer0.org1");
    assert.deepEqual([env["core_x"], env["FABRIC_CFG_PATH"]], [undefined, undefined]);
  });

  test("bootstraps from the own organisation, anchors in every one, trusts all others", async () => {
    const { gossip, fabricGossip, ...config } = await configOf(environmentOf(5, false));
    assert.equal(config.id, "peer2.org2");
    assert.deepEqual(gossip.bootstrap, ["127.0.0.1:9407"]);
    assert.deepEqual(
      fabricGossip.anchorPeers.map((endpoint) => Number(endpoint.split(":")[1])),
      [9_401, 9_403, 9_407, 9_409, 9_413, 9_415],
    );
    assert.deepEqual(
      fabricGossip.trustedMsps.map(({ mspId }) => mspId),
      ["Org1MSP", "Org3MSP"],
    );
    assert.deepEqual(
      config.warnings.filter((warning) => !warning.includes("peer.tls.enabled")),
      [],
    );
  });

  test("divides every protocol timer by ten if fast, and nothing else", async () => {
    const usual = (await configOf(environmentOf(0, false))).gossip;
    const fast = (await configOf(environmentOf(0, true))).gossip;
    const same = new Set(["dialTimeoutMs", "connTimeoutMs"]);
    const wanted = Object.entries(usual).map(([name, value]) => {
      const isTimer = /Ms$/.test(name) && !same.has(name);
      return [name, isTimer && typeof value === "number" ? value / 10 : value];
    });
    assert.deepEqual(fast, Object.fromEntries(wanted));
  });

  test("follows the channel of the devnet, and no other", async () => {
    const options = { orgs: "1", peers: "2", basePort: "9400", channel: "ch1" };
    const plan = parsePlan(options);
    const [member] = plan.members;
    assert.ok(member);
    const inherited = { CORE_FABRICGOSSIP_CHANNELS: "other" };
    const { fabricGossip, warnings } = await configOf(memberEnvironment(plan, member, inherited));
    assert.deepEqual(
      fabricGossip.channels.map(({ name, role, blocks }) => [name, role, blocks]),
      [["ch1", "observer", "verify"]],
    );
    assert.match(fabricGossip.channels[0]?.configBlock ?? "", /ch1\.block$/);
    assert.ok(warnings.every((warning) => !warning.includes("channels")));
  });
});
