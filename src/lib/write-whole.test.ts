import assert from "node:assert/strict";
import {
  chmod,
  chown,
  link,
  lstat,
  mkdtemp,
  open,
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

test("devices and folders are no files to replace", async (t) => {
  const folder = await folderOf(t);
  await writeWhole("/dev/null", "x");
  await assert.rejects(writeWhole("/dev/full", "x"), { code: "ENOSPC" });
  await assert.rejects(writeWhole(folder, "x"), { code: "EISDIR" });
  await assert.rejects(writeWhole(join(folder, "none/"), "x"), { code: "EISDIR" });
  await assert.rejects(writeWhole(join(folder, "none", "x"), "x"), {
    path: join(folder, "none", "x"),
  });
  assert.deepEqual(await readdir(folder), []);
});

test("a file behind a descriptor, and one with hard links, is overwritten, not replaced", async (t) => {
  const folder = await folderOf(t);
  const [file, other] = [join(folder, "file"), join(folder, "other")];
  await using handle = await open(file, "w+");
  await writeWhole(`/dev/fd/${handle.fd}`, "described");
  assert.equal(await handle.readFile("utf8"), "described");
  await link(file, other);
  await writeWhole(file, "linked", 0o600);
  assert.equal(await readFile(other, "utf8"), "linked");
  assert.equal((await stat(other)).mode & 0o777, 0o600);
});

test("writers at once, leftovers and planted links spoil neither content nor permissions", async (t) => {
  const folder = await folderOf(t);
  const [file, key, bait] = [join(folder, "file"), join(folder, "key"), join(folder, "bait")];
  const contents = ["a", "b", "c", "d"].map((letter) => letter.repeat(100_000));
  await Promise.all(contents.map((content) => writeWhole(file, content)));
  assert.ok(contents.includes(await readFile(file, "utf8")));
  assert.deepEqual(await readdir(folder), ["file"]);
  await writeFile(bait, "bait");
  await symlink("bait", `${file}.${process.pid}.new`);
  await writeFile(`${key}.${process.pid}.new`, "leftover");
  await writeWhole(file, "new");
  await writeWhole(key, "key", 0o600);
  assert.equal(await readFile(bait, "utf8"), "bait");
  assert.ok((await lstat(file)).isFile());
  assert.equal((await stat(key)).mode & 0o777, 0o600);
});

test("a key with a long name is readable by its owner only", async (t) => {
  const key = join(await folderOf(t), "n".repeat(255));
  await writeWhole(key, "key", 0o600);
  assert.equal(await readFile(key, "utf8"), "key");
  assert.equal((await stat(key)).mode & 0o777, 0o600);
});

const isRoot = process.getuid?.() === 0;

test("a read-only file is refused", { skip: isRoot && "root may write it" }, async (t) => {
  const file = join(await folderOf(t), "file");
  await writeFile(file, "old", { mode: 0o444 });
  await assert.rejects(writeWhole(file, "new"), { code: "EACCES" });
  assert.equal(await readFile(file, "utf8"), "old");
});

test("a file keeps its owner and group", {
  skip: !isRoot && "only root changes owners",
}, async (t) => {
  const folder = await folderOf(t);
  const file = join(folder, "file");
  await writeFile(file, "old");
  const owned = async () => {
    const { uid, gid, mode } = await stat(file);
    return [uid, gid, mode & 0o7777, await readFile(file, "utf8")];
  };
  await chown(file, 65534, 4242);
  await chmod(file, 0o4750);
  await writeWhole(file, "by root");
  assert.deepEqual(await owned(), [65534, 4242, 0o4750, "by root"]);
  await chown(file, 0, 4242);
  await chmod(file, 0o660);
  await chmod(folder, 0o777);
  try {
    process.setegid?.(4242);
    process.seteuid?.(65534);
    await writeWhole(file, "by its group");
  } finally {
    process.seteuid?.(0);
    process.setegid?.(0);
  }
  assert.deepEqual(await owned(), [0, 4242, 0o660, "by its group"]);
  assert.deepEqual(await readdir(folder), ["file"]);
});
