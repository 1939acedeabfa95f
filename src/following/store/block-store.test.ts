/** Blocks kept, pruned, found again, and what is left after the process was killed at any moment. */
import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type TestContext, test } from "node:test";
import { BlockStore } from "./block-store.ts";
import { makeBlock, makeRun } from "./testing-store.ts";

const idAt = async (bytes: Uint8Array, index: number): Promise<string | undefined> =>
  Buffer.from(bytes).toString("latin1").split("\n")[0]?.split(" ")[index];

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "blocks-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function assertKept(store: BlockStore, first: bigint, height: bigint): Promise<void> {
  assert.deepEqual([store.first, store.height], [first, height]);
  const all = await store.read(first, height, Number.MAX_SAFE_INTEGER);
  assert.equal(all.length, Number(height - first));
  for (const [i, bytes] of all.entries()) {
    const number = first + BigInt(i);
    assert.ok(Buffer.from(makeBlock(number, bytes.length).bytes).equals(bytes), `block ${number}`);
  }
}

test("where a store begins can be asked without changing it, also while it is open", async (t) => {
  const folder = await folderOf(t);
  assert.equal((await BlockStore.lookIn(folder))?.first, undefined);
  assert.deepEqual(await readdir(folder), []);
  const store = await BlockStore.open(folder, 0);
  assert.equal((await BlockStore.lookIn(folder))?.first, undefined);
  await store.append(makeRun(5n, 4));
  assert.equal((await BlockStore.lookIn(folder))?.first, 5n);
  await store.close();
  const before = await readdir(folder);
  assert.equal((await BlockStore.lookIn(folder))?.first, 5n);
  assert.deepEqual(await readdir(folder), before);
  await writeFile(join(folder, "blocks.db"), "spoilt");
  assert.equal((await BlockStore.lookIn(folder))?.first, undefined);
  assert.deepEqual(await readdir(folder), before);
});

test("whoever comes later says that another process keeps blocks in the folder", async (t) => {
  const folder = await folderOf(t);
  const [one, two] = [await BlockStore.open(folder, 0), await BlockStore.open(folder, 0)];
  t.after(() => Promise.all([one.close(), two.close()]));
  await one.append(makeRun(0n, 4));
  const message = "another process keeps blocks in the same folder";
  await assert.rejects(two.append(makeRun(0n, 4)), { message });
  await assertKept(one, 0n, 4n);
  const outside = new DatabaseSync(join(folder, "blocks.db"));
  outside.exec("begin immediate");
  await assert.rejects(one.append(makeRun(4n, 1)), { message });
  outside.exec("rollback");
  outside.close();
  await one.append(makeRun(4n, 1));
  await assertKept(one, 0n, 5n);
});

test("blocks are read by number and by transaction, also after opening again", async (t) => {
  const folder = await folderOf(t);
  const store = await BlockStore.open(folder, 0);
  assert.deepEqual([store.first, store.height, store.note], [undefined, undefined, undefined]);
  assert.equal(await store.configuration(), undefined);
  await store.append(makeRun(5n, 4), Buffer.from("five"));
  for (let number = 9n; number < 45n; number += 4n) await store.append(makeRun(number, 4));
  await assertKept(store, 5n, 45n);
  await store.close();
  const again = await BlockStore.open(folder, 0);
  await assertKept(again, 5n, 45n);
  assert.equal(String(await again.configuration()), "102,105,118,101");
  await again.append(makeRun(45n, 1, 3_000_000), Buffer.from("x"));
  assert.equal(String(await again.configuration()), "120");
  for (const number of [5n, 17n, 44n, 45n]) {
    const place = await again.findTransaction(`tx-${number}-1`, idAt);
    assert.deepEqual(place, { number, index: 1 });
  }
  assert.equal(await again.findTransaction("tx-46-0", idAt), undefined);
  // The key is there, but the id that stands there is another.
  assert.equal(await again.findTransaction("tx-5-0", async () => "other"), undefined);
  // At least one, however large; no more than so many bytes; nothing that is not there.
  assert.equal((await again.read(45n, 45n, 10)).length, 1);
  assert.equal((await again.read(10n, 44n, 700)).length, 2);
  assert.equal((await again.read(46n, 50n, 700)).length, 0);
  assert.equal((await again.read(4n, 8n, 700)).length, 0);
  await assert.rejects(again.append(makeRun(50n, 1)), /follow each other/);
  await again.close();
  await again.close();
  await assert.rejects(again.append(makeRun(46n, 1)));
});

test("a bound keeps the newest, and the room of the others is used again", async (t) => {
  const folder = await folderOf(t);
  const store = await BlockStore.open(folder, 40);
  for (let number = 0n; number < 200n; number += 5n) await store.append(makeRun(number, 5, 20_000));
  await assertKept(store, 160n, 200n);
  assert.equal(await store.findTransaction("tx-159-0", idAt), undefined);
  assert.equal((await store.findTransaction("tx-160-0", idAt))?.number, 160n);
  await store.close();
  const wider = await BlockStore.open(folder, 60);
  await wider.append(makeRun(200n, 30));
  await assertKept(wider, 170n, 230n);
  await wider.close();
});

test("what fails leaves what was confirmed, and may be tried again; stores do not mix", async (t) => {
  const [folder, other] = [await folderOf(t), await folderOf(t)];
  const [store, second] = [await BlockStore.open(folder, 0), await BlockStore.open(other, 0)];
  await store.append(makeRun(0n, 2));
  await second.append(makeRun(70n, 3));
  // A transaction that stands in two places at once.
  const twice = { ...makeBlock(3n), number: 2n };
  await assert.rejects(store.append([makeBlock(2n), twice]), /constraint/i);
  await assertKept(store, 0n, 2n);
  await store.append(makeRun(2n, 2));
  await assertKept(store, 0n, 4n);
  await assertKept(second, 70n, 73n);
  await Promise.all([store.close(), second.close()]);
});

test("a file that is no database is put aside, a folder that is none is named", async (t) => {
  const folder = await folderOf(t);
  await writeFile(
    join(folder, "blocks.db"),
    "not a database, but long enough to be read as one".repeat(99),
  );
  const store = await BlockStore.open(folder, 0);
  assert.match(store.note ?? "", /blocks\.db was spoilt: it is now .*blocks\.db\.spoilt/);
  await store.append(makeRun(0n, 1));
  await assertKept(store, 0n, 1n);
  await store.close();
  assert.deepEqual((await readdir(folder)).toSorted(), ["blocks.db", "blocks.db.spoilt"]);
  await assert.rejects(BlockStore.open(join(folder, "blocks.db", "x"), 0), /ENOTDIR/);
});

test("killed at any moment it has every block that was confirmed, and goes on", async (t) => {
  const folder = await folderOf(t);
  let confirmed = 0n;
  for (const ms of [5, 60]) {
    const writer = fork(import.meta.filename.replace("block-store.test", "testing-store"), [
      folder,
    ]);
    const closed = once(writer, "exit");
    let began: (() => void) | undefined;
    const first = new Promise<void>((resolve) => {
      began = resolve;
    });
    writer.on("message", (height) => {
      confirmed = BigInt(String(height));
      began?.();
    });
    await first;
    await new Promise((resolve) => setTimeout(resolve, ms));
    writer.kill("SIGKILL");
    await closed;
    const store = await BlockStore.open(folder, 0);
    const { height = 0n } = store;
    assert.ok(height >= confirmed && height % 3n === 0n, `${height} of ${confirmed}`);
    await assertKept(store, 0n, height);
    // In one step with the blocks.
    const configuration = Buffer.from((await store.configuration()) ?? "").toString("latin1");
    assert.match(configuration, new RegExp(`^tx-${height - 3n}-0 `));
    const place = await store.findTransaction(`tx-${confirmed - 1n}-0`, idAt);
    assert.equal(place?.number, confirmed - 1n);
    await store.close();
  }
});
