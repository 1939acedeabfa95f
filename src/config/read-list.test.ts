/** Lists of a configuration: all that is wrong with them, and how long they may be. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { GossipError } from "../lib/errors.ts";
import { loadConfig } from "./load.ts";
import { readOptions } from "./options.ts";

const ENV = {
  CORE_PEER_LOCALMSPID: "Org1MSP",
  CORE_PEER_MSPCONFIGPATH: "msp",
  CORE_PEER_ADDRESS: "127.0.0.1:7051",
};

async function problemsOf(...overrides: readonly string[]): Promise<readonly string[]> {
  try {
    await loadConfig({ env: ENV, overrides });
    return [];
  } catch (error) {
    assert(error instanceof GossipError);
    return error.problems;
  }
}

const endpoints = (count: number): string =>
  Array.from({ length: count }, (_, i) => `host${i}:7051`).join(",");

describe("of a list, all that is wrong is told at once", () => {
  const cases: readonly (readonly [override: string, wants: readonly RegExp[]])[] = [
    ["fabricGossip.tags=a=1,=3,b", [/^fabricGossip\.tags \(--set\) is "=3", which/, /is "b", /]],
    ["peer.gossip.bootstrap=a b:1 c", [/is "a", which is no endpoint/, /is "c", /]],
    ["peer.gossip.bootstrap={{ .Values.peers }}", [/is "\{\{\.Values\.peers\}\}", .* a template/]],
    ["fabricGossip.bootstrapNames=a,10.0.0.1:1", [/is "a", which is no name/, /an address/]],
    ["fabricGossip.dialDeny=x,10.0.0.0/8,y", [/is "x", which is no address/, /is "y", /]],
    ["fabricGossip.expiryNotices=x,1h,y", [/is "x", which is no duration/, /is "y", /]],
    ["fabricGossip.trustedMsps=A,B=b,C=", [/is "A", which is no mspId/, /is "C=", /]],
    [
      'fabricGossip.channels=[{"name":"a","x":1,"y":2,"lag":{"z":1,"blocks":0}},"B"]',
      [/has a with "x"/, /has a with "y"/, /with lag\.z/, /with lag\.blocks, which/, /is "B", /],
    ],
    [
      'fabricGossip.channels=[{"name":"B","role":"x","lag":5},{"role":"y"}]',
      [
        /has "B" with name, which must be lower-case letters/,
        /has "B" with role, which/,
        /has "B" with lag, which/,
        /has \{role\} with name, /,
        /has \{role\} with role, /,
      ],
    ],
    [
      'fabricGossip.channels=[{"name":"a","role":"listed","keepBlocks":5,"lag":3},{"name":"a"}]',
      [/with lag, /, /a with role: listed, which needs/, /; remove keepBlocks/, /lists a twice;/],
    ],
    [
      'fabricGossip.channels=[{"name":"a","keepBlocks":5},{"name":"b","blocks":"keep","x":1}]',
      [/a with keepBlocks, which needs/, /b with "x"/, /the blocks of b, .* must name a folder/],
    ],
    ['fabricGossip.channels=[{"name":"a","blocks":"kep","keepBlocks":5}]', [/with blocks, which/]],
    ["fabricGossip.trustedMsps=A\u0001=b\u0001,C=d,C=e,x", [/"A/, /"b/, /is "x"/, /lists C twice/]],
  ];
  for (const [override, wants] of cases) {
    test(override, async () => {
      const problems = await problemsOf(override);
      assert.equal(problems.length, wants.length, problems.join("\n"));
      for (const [i, want] of wants.entries()) assert.match(problems[i] ?? "", want);
    });
  }

  test("the same fault once, and of very many the first ones", async () => {
    assert.equal((await problemsOf("peer.gossip.bootstrap=a,a,a")).length, 1);
    const many = Array.from({ length: 50 }, (_, i) => `h${i}`).join(",");
    const problems = await problemsOf(`fabricGossip.anchorPeers=${many}`);
    assert.equal(problems.length, 21);
    assert.match(problems[20] ?? "", /has 30 more of these; correct them, too\.$/);
  });
});

describe("each doubt is told, not only the first, of", () => {
  const cases: readonly (readonly [string, readonly RegExp[]])[] = [
    ["peer.tls.clientRootCAs.files=~/a,~/b,/c", [/is "~\/a", taken as/, /is "~\/b", taken as/]],
    [
      "fabricGossip.trustedMsps=A\u200b=~/\u200b",
      [/is "A\\u\{200b\}", with a ch/, /is "~\/\\u\{200b\}", with/, /taken as/],
    ],
    ["peer.id=x\ufffd\u200b", [/with what is not UTF-8/, /with a character that nobody sees/]],
  ];
  for (const [override, wants] of cases) {
    test(override, async () => {
      const overrides = [override, "peer.gossip.externalEndpoint=h:1"];
      const { warnings } = await loadConfig({ env: ENV, overrides });
      const told = warnings.filter((warning) => warning.startsWith(override.split("=")[0] ?? "-"));
      assert.equal(told.length, wants.length, told.join("\n"));
      for (const [i, want] of wants.entries()) assert.match(told[i] ?? "", want);
    });
  }
});

describe("a list has at most a thousand items", () => {
  test("one of our own keys is refused above", async () => {
    assert.deepEqual(await problemsOf(`fabricGossip.anchorPeers=${endpoints(1_000)}`), []);
    assert.deepEqual(await problemsOf(`fabricGossip.anchorPeers=${endpoints(1_001)}`), [
      "fabricGossip.anchorPeers (--set) has 1_001 items, more than the 1_000 possible; leave some out.",
    ]);
    const msps = Array.from({ length: 1_001 }, (_, i) => ({ mspId: `Org${i}`, path: "x" }));
    const options = { mspId: "Org1MSP", mspPath: "msp", listen: "127.0.0.1:7051" };
    const { problems } = await readOptions({ ...options, trustedMsps: msps });
    assert.match(problems.join(), /trustedMsps \(option trustedMsps\) has 1_001 items/);
  });

  test("a peer's own file must start a member: of its keys, the first items count", async () => {
    const overrides = [`peer.gossip.bootstrap=${endpoints(3_000)}`];
    const { gossip, warnings } = await loadConfig({ env: ENV, overrides });
    assert.equal(gossip.bootstrap.length, 1_000);
    assert.equal(gossip.bootstrap[999], "host999:7051");
    assert.match(
      warnings.join("\n"),
      /^peer\.gossip\.bootstrap \(--set\) has 3_000 items, of which the first 1_000 are used; leave some out\.$/m,
    );
  });
});

test("the MSP-ID of a trusted MSP is one line of text", async () => {
  const [problem = "", ...more] = await problemsOf("fabricGossip.trustedMsps=A\u{1b}=path");
  assert.match(problem, /is "A\\u001b", which is too long or not printable/);
  assert.equal(more.length, 0);
});

test("an empty name of the file is told as such, and nothing that it would have said", async () => {
  for (const load of [loadConfig({ file: "", env: ENV }), loadConfig("")]) {
    await assert.rejects(load, {
      message:
        "The name of the configuration file is empty; name a core.yaml with --config, or leave it out.",
    });
  }
});
