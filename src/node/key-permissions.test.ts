import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { findOpenKeys } from "./key-permissions.ts";

test("findOpenKeys() names every key that strangers may read or the group may change, once", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "fabric-gossip-"));
  t.after(() => rm(folder, { recursive: true }));
  const keystore = join(folder, "keystore");
  await mkdir(keystore);
  const files = [
    { file: join(keystore, "closed_sk"), mode: 0o600 },
    { file: join(keystore, "open_sk"), mode: 0o644 },
    { file: join(folder, "server.key"), mode: 0o660 },
    { file: join(folder, "client.key"), mode: 0o400 },
    { file: join(folder, "mounted.key"), mode: 0o440 },
  ];
  for (const { file, mode } of files) {
    await writeFile(file, "-----BEGIN PRIVATE KEY-----\n");
    await chmod(file, mode);
  }
  await writeFile(join(keystore, ".DS_Store"), "Bud1", { mode: 0o644 });
  const [closed = "", open = "", server = "", client = "", mounted = ""] = files.map(
    ({ file }) => file,
  );
  const missing = join(folder, "missing.key");
  assert.deepEqual(
    await findOpenKeys([keystore, server, server, client, mounted, missing, closed]),
    [
      `The private key ${open} is open to other users: chmod 600 it, or 640 if its group has to read it.`,
      `The private key ${server} is open to other users: chmod 600 it, or 640 if its group has to read it.`,
    ],
  );
});
