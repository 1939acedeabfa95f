import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { buildConfig } from "./build.ts";
import { openSource } from "./source.ts";

const ENV = { CORE_PEER_LOCALMSPID: "Org1MSP", CORE_PEER_MSPCONFIGPATH: "/crypto/msp" };

describe("the own endpoint (Fabric: getLocalAddress)", () => {
  const cases = [
    { given: { address: "a:1" }, local: "10.0.0.7", want: "a:1" },
    { given: { address: "0.0.0.0:1" }, local: "10.0.0.7", want: "10.0.0.7:1" },
    { given: { address: "[::]:1" }, local: "10.0.0.7", want: "10.0.0.7:1" },
    { given: { address: "a:1", addressAutoDetect: "true" }, local: "10.0.0.7", want: "10.0.0.7:1" },
    { given: { address: "a:1", "gossip.endpoint": "b:2" }, local: "10.0.0.7", want: "b:2" },
    { given: { address: "0.0.0.0:1" }, local: undefined, want: "127.0.0.1:1" },
  ];
  for (const { given, local, want } of cases) {
    test(`${JSON.stringify(given)} at ${local} is ${want}`, async () => {
      const overrides = Object.entries(given).map(([key, value]) => `peer.${key}=${value}`);
      const problems: string[] = [];
      const source = await openSource({ env: ENV, overrides }, problems);
      const config = buildConfig(source, () => local, problems);
      assert.equal(config.endpoint, want);
      assert.deepEqual(problems, []);
      assert.equal(config.warnings.length, local === undefined ? 1 : 0);
    });
  }
});
