import assert from "node:assert/strict";
import { mkdtemp, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { makeFolder } from "./make-folder.ts";

test("makeFolder() makes what is missing above, also when called at the same time", async (t) => {
  const root = await mkdtemp(join(tmpdir(), "fabric-gossip-"));
  t.after(() => rm(root, { recursive: true }));
  const folder = join(root, "a", "b", "c");
  await Promise.all([makeFolder(folder), makeFolder(folder), makeFolder(join(folder, "d"))]);
  await makeFolder(folder);
  assert.ok((await stat(join(folder, "d"))).isDirectory());
});

test("makeFolder() fails at once where nothing can be made", { timeout: 5_000 }, async () => {
  await assert.rejects(makeFolder("/proc/nothing/here"), { code: "ENOENT" });
});

test("makeFolder() takes neither a file for a folder, nor a link that leads nowhere", async (t) => {
  const root = await mkdtemp(join(tmpdir(), "fabric-gossip-"));
  t.after(() => rm(root, { recursive: true }));
  await writeFile(join(root, "file"), "");
  await symlink(join(root, "nowhere"), join(root, "link"));
  await assert.rejects(makeFolder(join(root, "file")), { code: "ENOTDIR" });
  await assert.rejects(makeFolder(join(root, "link")), { code: "ENOENT" });
});
