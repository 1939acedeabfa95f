/** V8 is told about memory before the program is loaded: afterwards the heap has grown for good. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, test } from "node:test";
import { MAIN } from "./program.ts";

/** Writes in which order a flag is set and the core is loaded. */
const RECORDER = `
import { registerHooks, syncBuiltinESMExports } from "node:module";
import v8 from "node:v8";
const { setFlagsFromString } = v8;
const say = (what) => process.stdout.write(what + "\\n");
v8.setFlagsFromString = (flag) => {
  say(flag);
  setFlagsFromString(flag);
};
syncBuiltinESMExports();
registerHooks({
  load(url, context, next) {
    const loaded = next(url, context);
    // The source itself, or the file that it is bundled into.
    const isCore = /core\\/core\\.ts$/.test(url) || /^\\/\\/ src\\/core\\/core\\.ts$/m.test(loaded.source);
    if (isCore) say("core");
    return loaded;
  },
});
`;

/** It has nothing to start with, and ends. What was said before. */
function record(path: string, ...args: readonly string[]): string[] {
  const recorder = `data:text/javascript,${encodeURIComponent(RECORDER)}`;
  const { PATH = "", HOME = "" } = process.env;
  const env = { PATH, HOME, CORE_PEER_MSPCONFIGPATH: join(import.meta.dirname, "none") };
  const child = spawnSync(process.execPath, ["--import", recorder, path, ...args], {
    env,
    encoding: "utf8",
  });
  assert.equal(child.status, 2, child.stderr);
  return child.stdout.trim().split("\n");
}

const SMALL = ["--semi-space-growth-factor=1", "--heap-growing-percent=20"];
const LARGE = ["--semi-space-growth-factor=2", "--heap-growing-percent=0"];

describe("the heap", () => {
  test("of a member is kept small before the member is loaded", () => {
    assert.deepEqual(record(MAIN, "start"), [...SMALL, "core"]);
  });

  test("of a devnet's member too", () => {
    const path = MAIN.replace(/main(\.[jt]s)$/, "devnet-member$1");
    const said = record(path);
    assert.ok(SMALL.every((flag) => said.includes(flag)));
  });

  test("of a simulation may grow", () => {
    assert.deepEqual(record(MAIN, "simulate", "--scenario", "none"), [...SMALL, ...LARGE]);
  });
});
