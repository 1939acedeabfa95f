import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileFault, fileRemedy, readSmallFile, readSmallFileOrPipe } from "./small-file.ts";

test("files that are open elsewhere are not the fault of the one to be read", () => {
  assert.equal(fileFault("EMFILE"), "cannot be read (this process has too many files open)");
  assert.match(fileRemedy("EMFILE") ?? "", /^raise the limit of open files/);
  assert.match(fileRemedy("EIO") ?? "", /disk/);
});

test("a file that is too large should be left with what it is for", () => {
  assert.equal(fileRemedy("larger than 5 bytes"), "leave only the PEM text in it");
  assert.equal(fileRemedy("larger than 5 bytes", "the block"), "leave only the block in it");
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

const PIPES = process.platform === "win32" ? { skip: "there are no named pipes" } : {};

/** A pipe into which a program writes so many bytes, and goes on if it can. */
function makePipe(t: TestContext, bytes: number): string {
  const folder = mkdtempSync(join(tmpdir(), "small-file-"));
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  const writer = spawn("sh", ["-c", `head -c ${bytes} /dev/zero > "$0"`, pipe], {
    stdio: "ignore",
  });
  t.after(() => {
    writer.kill();
    rmSync(folder, { recursive: true });
  });
  return pipe;
}

test("a pipe is read until its writer ends", PIPES, async (t) => {
  assert.deepEqual(await readSmallFileOrPipe(makePipe(t, 300_000), 300_000), Buffer.alloc(300_000));
});

test("no more of a pipe is read than shows that it is too long", PIPES, async (t) => {
  assert.equal(await readSmallFileOrPipe(makePipe(t, 1e12), 16_384), "larger than 16384 bytes");
});

test("whoever wants a file does not wait for a pipe", PIPES, async (t) => {
  assert.equal(await readSmallFile(makePipe(t, 1), 10), "no regular file");
});

test("a file is as good as a pipe, and a device is neither", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "small-file-"));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "file"), "v17");
  assert.deepEqual(await readSmallFileOrPipe(join(folder, "file"), 3), Buffer.from("v17"));
  assert.equal(await readSmallFileOrPipe(join(folder, "file"), 2), "larger than 2 bytes");
  assert.equal(await readSmallFileOrPipe("/dev/zero", 10), "no regular file");
});
