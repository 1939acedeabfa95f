/** Where blocks are kept, and what is told of a store that is damaged. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readConfig } from "../config/load.ts";
import { testIdentity } from "../core/testing-identities.ts";
import { channelParts } from "./channel-parts.ts";

test("kept blocks that are damaged are told of when they are opened", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "parts-"));
  t.after(() => rm(folder, { recursive: true }));
  const overrides = ["fabricGossip.channels=ch1,ch2", `fabricGossip.stateDir=${folder}`];
  const { config } = await readConfig({ env: {}, overrides });
  assert.ok(config);
  const file = join(folder, "channels/ch1/blocks.db");
  await mkdir(join(folder, "channels/ch1"), { recursive: true });
  await writeFile(file, Buffer.alloc(100_000, 7));
  const told: string[] = [];
  const warn = (sentence: string): void => void told.push(sentence);
  const parts = await channelParts(config, testIdentity("A", "one"), () => {}, warn);
  for (const name of ["ch1", "ch2"]) await (await parts?.openStore?.(name, 0))?.close();
  assert.deepEqual(told, [
    `${file} was spoilt: it is now ${file}.spoilt, and the blocks are fetched again.`,
  ]);
});
