/** One sentence for each reason that nothing can be written where a flag says. */
import assert from "node:assert/strict";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { GossipError } from "./errors.ts";
import { makeFolder } from "./make-folder.ts";
import { writingTo } from "./write-output.ts";

type Write = (path: string) => Promise<void>;

const toFile: Write = (path) => writeFile(path, "x");
const toFolder: Write = async (path) => {
  await makeFolder(path);
  await writeFile(join(path, "x"), "x");
};

const inItsPlace: Write = async (path) => {
  const draft = await mkdtemp(join(tmpdir(), "output-"));
  await rename(draft, path).finally(() => rm(draft, { recursive: true }));
};

async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "output-"));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

/** Below a folder that has a file called `file`. */
const cases: readonly (readonly [path: string, write: Write, why: string])[] = [
  ["file", toFolder, "a part of its path is a file"],
  ["file/x", toFolder, "a part of its path is a file"],
  ["file/x", toFile, "a part of its path is a file"],
  [".", toFile, "it is a folder"],
  ["none/x", toFile, "its folder does not exist"],
  ["/proc/x", toFile, "nothing can be made in its folder"],
  ["/proc/x", toFolder, "nothing can be made in its folder"],
  ["/proc/x/y", toFolder, "its folder does not exist"],
  ["/dev/null/x", toFolder, "a part of its path is a file"],
  ["/dev/full", toFile, "the disk is full"],
  [".", inItsPlace, "a folder of that name is there already"],
];
for (const [name, write, why] of cases) {
  const what = write === toFile ? "a file" : "a folder";
  test(`${name} as ${what}: ${why}`, { timeout: 20_000 }, async (t) => {
    const folder = await temporaryFolder(t);
    await writeFile(join(folder, "file"), "");
    const path = name.startsWith("/") ? name : join(folder, name);
    await assert.rejects(
      writingTo("--out", path, () => write(path)),
      new GossipError(
        "config-invalid",
        `--out ${path} cannot be written (${why}): choose another.`,
      ),
    );
  });
}

test("what succeeds has its result, and a bug stays one", async (t) => {
  const path = join(await temporaryFolder(t), "x");
  assert.equal(await writingTo("--out", path, async () => 3), 3);
  const bug = new TypeError("x is not a function");
  const fail = () => Promise.reject(bug);
  await assert.rejects(writingTo("--out", path, fail), bug);
});

test("an empty path is nowhere, and not the current folder", async () => {
  const work = (): never => assert.fail("nothing is written");
  const message = "--output is empty: name a place to write to.";
  await assert.rejects(writingTo("--output", "", work), { code: "config-invalid", message });
});
