/** A symbolic link that leads nowhere is called that, whichever verb finds it, never an absent file. */
import assert from "node:assert/strict";
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { run, temporaryFolder } from "./program.ts";

const OF_MSP = { CORE_PEER_LOCALMSPID: "Org1MSP", CORE_PEER_ADDRESS: "127.0.0.1:1" };

const CASES: readonly (readonly [
  args: readonly string[],
  env?: (link: string) => Record<string, string>,
])[] = [
  [["start", "--config", "link"]],
  [["start"], (link) => ({ ...OF_MSP, CORE_PEER_MSPCONFIGPATH: link })],
  [["members", "--config", "link"]],
  [["members", "--ca", "link"]],
  [["decode", "link"]],
  [["crypto", "renew", "peer0", "--org", "link"]],
  [["crypto", "generate", "--output", "link"]],
];
for (const [args, env] of CASES) {
  const what = `${args.join(" ")}${env === undefined ? "" : ", by a variable"}`;
  test(`${what}: the link leads nowhere`, async (t) => {
    const link = join(await temporaryFolder(t), "link");
    await symlink("gone", link);
    const given = args.map((arg) => arg.replace(/link$/, link));
    const { stdout, stderr } = await run(t, given, env?.(link) ?? {});
    const told = (stdout + stderr).split("\n").filter((line) => line.includes(link));
    assert.match(told.join("\n"), /(?:its|a) symbolic link (?:that )?leads nowhere/);
    assert.doesNotMatch(told.join("\n"), /not exist/);
  });
}
