/** Renewals are noticed from the moment that files were looked at, before anybody read them. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { lookAt, watchFiles } from "./watch-files.ts";

test("a file that changed before the watch began is told of at once", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "watch-"));
  t.after(() => rm(folder, { recursive: true }));
  const [file, other] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  await writeFile(file, "old");
  const seen = await lookAt([folder]);
  await writeFile(other, "new");
  const stop = await new Promise<() => void>((resolve) => {
    const cancel = watchFiles([folder], seen, async () => {
      resolve(() => cancel());
      return true;
    });
  });
  stop();
  assert.notEqual(await lookAt([folder]), seen);
});

test("files that are as they were are not told of", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "watch-"));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "cert.pem"), "old");
  assert.equal(await lookAt([folder]), await lookAt([folder]));
});
