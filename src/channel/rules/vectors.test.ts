/** Fabric's verdicts on configurations, successors, policies and blocks of our own making. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { createChannelHost } from "../../msp/channel-msp.ts";
import type { Block } from "../types/block.ts";
import type { ChannelConfiguration } from "../types/configuration.ts";
import { isSatisfied } from "./evaluate-policy.ts";
import { signersOf } from "./identities.ts";
import { parseBlock } from "./read-block.ts";
import { readConfiguration } from "./read-configuration.ts";
import { whyNoSuccessor } from "./successor.ts";
import { verifyBlock } from "./verify-block.ts";

const host = createChannelHost();
const bytesIn = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, "base64"));

function readVectors(name: string): unknown {
  const file = new URL(`../../../test/vectors/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf8"));
}

/** Whether Fabric takes it, by version. */
interface Verdicts {
  readonly "v2.5": boolean;
  readonly "v3.1": boolean;
}

/** The name of a base, then copies from it and bytes besides. */
type Delta = readonly [base: string, ...parts: readonly (string | readonly [number, number])[]];

interface Configurations {
  readonly bases: Readonly<Record<string, string>>;
  readonly configurations: readonly (Verdicts & { readonly name: string; readonly block: Delta })[];
  readonly successors: readonly (Verdicts & {
    readonly name: string;
    readonly current: Delta;
    readonly next: Delta;
  })[];
}

interface Policies {
  readonly trees: Readonly<Record<string, string>>;
  readonly signed: Readonly<
    Record<string, Readonly<Record<"identity" | "data" | "signature", string>>>
  >;
  readonly cases: readonly (readonly [
    tree: string,
    policy: string,
    signed: readonly string[],
    v25: boolean,
    v31: boolean,
  ])[];
}

interface Blocks {
  readonly configs: Readonly<Record<string, string>>;
  readonly cases: readonly (Verdicts & {
    readonly name: string;
    readonly config: string;
    readonly block: string;
    readonly channel: string;
    readonly number: string;
  })[];
}

function blockIn(bytes: Uint8Array): Block {
  const block = parseBlock(bytes);
  assert.ok(block.ok);
  return block.value;
}

function configurationIn(bytes: Uint8Array): ChannelConfiguration {
  const configuration = readConfiguration(host, blockIn(bytes));
  assert.ok(configuration.ok);
  return configuration.value;
}

const configurations = readVectors("channel-configurations") as Configurations;

function undelta([base, ...parts]: Delta): Uint8Array {
  const from = bytesIn(configurations.bases[base] ?? "");
  return Buffer.concat(
    parts.map((part) =>
      typeof part === "string" ? bytesIn(part) : from.subarray(part[0], part[0] + part[1]),
    ),
  );
}

/** Where we are stricter than Fabric 3.1, and why. */
const STRICTER: Readonly<Record<string, string>> = {
  "a policy with rule 7": "a rule that nobody knows is satisfied by nobody",
};

describe("readConfiguration() and Fabric's NewBundle", () => {
  for (const { name, block, ...verdicts } of configurations.configurations) {
    test(name, () => {
      const read = readConfiguration(host, blockIn(undelta(block)));
      const faults = read.ok ? read.value.faults : [read];
      const wanted = verdicts["v3.1"] && STRICTER[name] === undefined;
      assert.equal(faults.length === 0, wanted, JSON.stringify(faults));
    });
  }
});

describe("whyNoSuccessor() and Fabric's ValidateNew", () => {
  for (const { name, current, next, ...verdicts } of configurations.successors) {
    test(name, () => {
      const faults = whyNoSuccessor(
        configurationIn(undelta(current)),
        configurationIn(undelta(next)),
      );
      assert.equal(faults.length === 0, verdicts["v3.1"], JSON.stringify(faults));
    });
  }
});

describe("policies and Fabric's EvaluateSignedData", () => {
  const { trees, signed, cases } = readVectors("channel-policies") as Policies;
  const configurationOf = new Map(
    Object.entries(trees).map(([name, block]) => [name, configurationIn(bytesIn(block))]),
  );
  const byPolicy = Map.groupBy(cases, ([tree, policy]) => `${policy} (${tree})`);
  for (const [name, rows] of byPolicy) {
    test(name, () => {
      const actual = rows.map(([tree, policy, people]) => {
        const configuration = configurationOf.get(tree);
        assert.ok(configuration);
        const data = people.map((person) => {
          const { identity = "", data: text = "", signature = "" } = signed[person] ?? {};
          return {
            identity: bytesIn(identity),
            data: [bytesIn(text)],
            signature: bytesIn(signature),
          };
        });
        const full = policy.startsWith("/") || policy === "" ? policy : `/Channel/${policy}`;
        const compiled = configuration.policies.get(full) ?? { type: "reject" };
        const signers = signersOf(configuration.msps, data);
        return [people, isSatisfied(compiled, signers, configuration.msps)];
      });
      assert.deepEqual(
        actual,
        rows.map(([, , people, , wanted]) => [people, wanted]),
      );
    });
  }

  test("some are satisfied, most are not", () => {
    const satisfied = cases.filter(([, , , , wanted]) => wanted).length;
    assert.ok(satisfied > 200 && satisfied < cases.length / 2, `${satisfied} of ${cases.length}`);
  });
});

describe("verifyBlock() and Fabric's VerifyBlock", () => {
  const { configs, cases } = readVectors("channel-blocks") as Blocks;
  const configurationOf = new Map(
    Object.entries(configs).map(([name, block]) => [name, configurationIn(bytesIn(block))]),
  );
  for (const { name, config, block, channel, number, ...verdicts } of cases) {
    test(name, () => {
      const configuration = configurationOf.get(config);
      assert.ok(configuration);
      const parsed = parseBlock(bytesIn(block));
      const expected = { configuration, channel, number: BigInt(number) };
      const verdict = parsed.ok ? verifyBlock(host, parsed.value, expected) : parsed;
      assert.equal(
        verdict.ok,
        configuration.isBft ? verdicts["v3.1"] : verdicts["v2.5"],
        JSON.stringify(verdict.ok || verdict.code),
      );
    });
  }
});
