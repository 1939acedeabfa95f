import assert from "node:assert/strict";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileFault, fileRemedy, readSmallFile } from "./small-file.ts";

test("files that are open elsewhere are not the fault of the one to be read", () => {
  assert.equal(fileFault("EMFILE"), "cannot be read (this process has too many files open)");
  assert.match(fileRemedy("EMFILE") ?? "", /^raise the limit of open files/);
  assert.match(fileRemedy("EIO") ?? "", /disk/);
});

test("a link that leads nowhere and a folder are not called absent files", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "small-file-"));
  t.after(() => rm(folder, { recursive: true }));
  await symlink("gone", join(folder, "link"));
  const faults: string[] = [];
  for (const name of ["link", "gone", "."]) {
    const outcome = await readSmallFile(join(folder, name), 9);
    faults.push(`${fileFault(String(outcome))}: ${fileRemedy(String(outcome))}`);
  }
  assert.deepEqual(faults, [
    "is a symbolic link that leads nowhere: correct the link",
    "does not exist: undefined",
    "is a folder: undefined",
  ]);
});
