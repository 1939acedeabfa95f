import assert from "node:assert/strict";
import {
  chmod,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { writeWhole } from "./write-whole.ts";

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "whole-"));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

/** Fails after some bytes, as on a full disk. */
function full(): never {
  throw Object.assign(new Error("no space left"), { code: "ENOSPC", syscall: "write" });
}
const failing = () =>
  ({
    async *[Symbol.asyncIterator]() {
      yield "half";
      full();
    },
  }) as unknown as string;

test("what cannot be written whole leaves what was there, and no draft", async (t) => {
  const folder = await folderOf(t);
  const [old, fresh] = [join(folder, "old"), join(folder, "fresh")];
  await writeFile(old, "good");
  for (const file of [old, fresh]) await assert.rejects(writeWhole(file, failing()), /no space/);
  assert.deepEqual(await readdir(folder), ["old"]);
  assert.equal(await readFile(old, "utf8"), "good");
});

test("a file keeps its permissions and stays behind its link; a key gets those that it needs", async (t) => {
  const folder = await folderOf(t);
  const [file, link, key] = ["file", "link", "key"].map((name) => join(folder, name));
  assert.ok(file && link && key);
  await writeFile(file, "old");
  await chmod(file, 0o640);
  await symlink("file", link);
  await writeWhole(link, "new");
  assert.equal(await readFile(file, "utf8"), "new");
  assert.equal(await readlink(link), "file");
  assert.equal((await stat(file)).mode & 0o777, 0o640);
  await writeWhole(key, "key", 0o600);
  assert.equal((await stat(key)).mode & 0o777, 0o600);
  const dead = join(folder, "dead");
  await symlink("later", dead);
  await writeWhole(dead, "x");
  assert.equal(await readFile(join(folder, "later"), "utf8"), "x");
});

test("devices and folders are no files to replace, and a name may be long", async (t) => {
  const folder = await folderOf(t);
  await writeWhole("/dev/null", "x");
  await assert.rejects(writeWhole("/dev/full", "x"), { code: "ENOSPC" });
  await assert.rejects(writeWhole(folder, "x"), { code: "EISDIR" });
  const long = join(folder, "n".repeat(255));
  await writeWhole(long, "x");
  assert.equal(await readFile(long, "utf8"), "x");
});
