/** The incarnation that survives a restart, and files that are none. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import {
  lifeAhead,
  ownerDoubt,
  readFormerMembers,
  readIncarnation,
  tryStateFolder,
  writeFormerMembers,
  writeIncarnation,
  writeOwner,
} from "./state-folder.ts";

async function makeStateFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "state-"));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

describe("the state folder", () => {
  test("gives back what was written, and nothing else is left there", async (t) => {
    const folder = await makeStateFolder(t);
    for (const incarnation of [1n, 1_800_000_000_000_000_000n]) {
      assert.equal(await writeIncarnation(folder, incarnation), undefined);
      assert.deepEqual(await readIncarnation(folder), { incarnation, problem: undefined });
    }
    assert.deepEqual(await readdir(folder), ["incarnation"]);
    assert.equal(await readFile(join(folder, "incarnation"), "utf8"), "1800000000000000000\n");
  });

  test("gives back where members were, and nothing that is no endpoint", async (t) => {
    const folder = await makeStateFolder(t);
    assert.deepEqual(await readFormerMembers(folder), []);
    assert.equal(await writeFormerMembers(folder, ["a:1", "[::1]:2"]), undefined);
    assert.deepEqual(await readFormerMembers(folder), ["a:1", "[::1]:2"]);
    await writeFile(join(folder, "members"), "a:1\n\0\nb\na:1\r\n\u001b[2J:1\nc:3\n");
    assert.deepEqual(await readFormerMembers(folder), ["a:1", "c:3"]);
    await writeFile(join(folder, "members"), "a:1\n".repeat(10_000));
    assert.deepEqual(await readFormerMembers(folder), [], "more than we write is not ours");
  });

  test("tells of another member that used it last, whatever stands there", async (t) => {
    const folder = await makeStateFolder(t);
    const [one, other] = ["one", "other"].map((name) => ({ mspId: "A", subject: `CN=${name}` }));
    assert.ok(one && other);
    assert.equal(await ownerDoubt(folder, one), undefined);
    await writeOwner(folder, one);
    assert.equal(await ownerDoubt(folder, one), undefined);
    assert.match((await ownerDoubt(folder, other)) ?? "", /by another member, A CN=one: give each/);
    await writeOwner(folder, other);
    assert.equal(await ownerDoubt(folder, other), undefined);
    await writeFile(join(folder, "owner"), " \n");
    assert.equal(await ownerDoubt(folder, one), undefined);
  });

  test("has no incarnation before the first start, and that is no problem", async (t) => {
    const folder = join(await makeStateFolder(t), "new");
    assert.deepEqual(await readIncarnation(folder), { incarnation: 0n, problem: undefined });
  });

  const files: Readonly<Record<string, string>> = {
    empty: "",
    "full of zeros": "\0".repeat(20),
    garbage: "yesterday",
    negative: "-5\n",
    "above the greatest uint64": "18446744073709551616\n",
    "the greatest uint64, after which none comes": "18446744073709551615\n",
    "two numbers": "1 2\n",
  };
  for (const [name, text] of Object.entries(files)) {
    test(`${name}: told of, and as if there were none`, async (t) => {
      const folder = await makeStateFolder(t);
      await writeFile(join(folder, "incarnation"), text);
      const { incarnation, problem } = await readIncarnation(folder);
      assert.equal(incarnation, 0n);
      assert.match(problem ?? "", /holds no incarnation/);
      assert.equal(await writeIncarnation(folder, 7n), undefined);
      assert.equal((await readIncarnation(folder)).incarnation, 7n);
    });
  }

  test("that is no folder, or cannot be written, is told of and throws nothing", async (t) => {
    const folder = await makeStateFolder(t);
    await writeFile(join(folder, "file"), "");
    const told = await writeIncarnation(join(folder, "file"), 1n);
    assert.match(told ?? "", /cannot be written/);
    assert.equal(
      await tryStateFolder(join(folder, "file")),
      told,
      "before anything is written too",
    );
    await symlink("nowhere/else", join(folder, "link"));
    const ofLink = await writeIncarnation(join(folder, "link"), 1n);
    assert.match(ofLink ?? "", /cannot be written \(its symbolic link leads nowhere\)/);
    assert.equal(await tryStateFolder(join(folder, "link")), ofLink);
    const kept = await readIncarnation(join(folder, "file"));
    assert.deepEqual(kept, { incarnation: 0n, problem: undefined }, "told once");
    await mkdir(join(folder, "incarnation"));
    assert.match((await readIncarnation(folder)).problem ?? "", /cannot be read|bytes/);
  });

  test("whose last life began in the future raises a doubt about the clock", () => {
    const wallMs = Date.parse("2026-01-01T00:00:00Z");
    const at = (iso: string) => BigInt(Date.parse(iso)) * 1_000_000n;
    assert.equal(lifeAhead(at("2025-12-31T23:00:00Z"), wallMs), undefined);
    assert.equal(
      lifeAhead(at("2026-01-01T00:00:59Z"), wallMs),
      undefined,
      "clocks differ a little",
    );
    assert.match(
      lifeAhead(at("2026-01-02T00:00:00Z"), wallMs) ?? "",
      /future, at 2026-01-02T00:00/,
    );
    assert.match(lifeAhead(2n ** 63n - 1n, wallMs) ?? "", /in the future, at 2262-/);
  });
});
