/** MSP folders whose files cannot be reached, or that are something else. */
import assert from "node:assert/strict";
import { chmod, mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { loadLocalMsp, loadMsp } from "./load-msp.ts";
import { makeFolder, peerFolder } from "./testing.ts";
import { problemsOf } from "./testing-problems.ts";

/** Nothing is closed to root. */
async function asOrdinaryUser<T>(act: () => Promise<T>): Promise<T> {
  const { geteuid, seteuid } = process;
  const user = geteuid?.();
  if (user !== 0 || seteuid === undefined) return act();
  seteuid.call(process, 65_534);
  try {
    return await act();
  } finally {
    seteuid.call(process, user);
  }
}

describe("a folder whose files cannot be reached, or that is another one", () => {
  test("a key, a certificate or a CA that another user has closed: the remedy is said once", async (t) => {
    const folder = await makeFolder(t, peerFolder());
    await chmod(folder, 0o755);
    for (const file of ["keystore/key.pem", "signcerts/peer.pem", "cacerts/ca.pem"]) {
      await chmod(join(folder, file), 0);
      const problems = await asOrdinaryUser(() => problemsOf(folder));
      await chmod(join(folder, file), 0o644);
      assert.equal(problems.length, 1, problems.join("\n"));
      assert.match(
        problems[0] ?? "",
        /cannot be read \(the user that runs this has no permission\)\)?: let that user read/,
      );
      assert.equal(problems[0]?.split("let that user").length, 2);
      assert.ok(problems[0]?.includes(file), file);
    }
  });

  test("a file whose name is not UTF-8, which cannot be found by what is read of it", async (t) => {
    const folder = await makeFolder(t, peerFolder());
    const name = Buffer.concat([Buffer.from(`${folder}/keystore/`), Uint8Array.of(0xff, 0xfe)]);
    try {
      await rename(join(folder, "keystore/key.pem"), name);
    } catch {
      return t.skip("no such names here");
    }
    const [problem = ""] = await problemsOf(folder);
    assert.match(problem, /its name is not UTF-8\): rename the file\.$/);
    return undefined;
  });

  test("a key in an HSM", async (t) => {
    const folder = await makeFolder(t, peerFolder({ "keystore/key.pem": undefined }));
    const load = (where: string) =>
      loadLocalMsp(where, "OrgMSP", { wallMs: Date.UTC(2026, 0, 1), keyProvider: "PKCS11" });
    const [problem = ""] = await problemsOf(folder, load);
    assert.match(problem, /peer\.BCCSP\.Default is PKCS11.*GossipNode\.start\(config, \{ signer/);
  });

  test("an empty MSP id", async (t) => {
    const load = (folder: string) => loadMsp(folder, "");
    assert.match(
      (await problemsOf(await makeFolder(t, peerFolder()), load)).join(),
      /^The MSP id is empty/,
    );
  });

  test("more than 256 files in a folder", async (t) => {
    const folder = await makeFolder(t, peerFolder());
    for (let i = 0; i < 256; i++) await writeFile(join(folder, "cacerts", `${i}`), "");
    assert.match(
      (await problemsOf(folder))[0] ?? "",
      /^The folder cacerts has 257 files, more than 256: remove some\.$/,
    );
  });

  test("a folder that does not exist", async (t) => {
    const folder = await makeFolder(t, {});
    const problems = await problemsOf(join(folder, "gone"));
    assert.match(
      problems.join(),
      /^The MSP folder \S+ does not exist: correct the path[^,]*, or path[^,]*\.$/,
    );
  });

  test("the folder above the MSP folder", async (t) => {
    const files = Object.entries(peerFolder()).map(([name, content]) => [`msp/${name}`, content]);
    const problems = await problemsOf(await makeFolder(t, Object.fromEntries(files)));
    assert.match(problems.join(), /^The folder \S+ is no MSP folder, but holds one: name msp\.$/);
  });

  test("a part of the MSP folder", async (t) => {
    const folder = await makeFolder(t, peerFolder());
    const problems = await problemsOf(join(folder, "signcerts"));
    assert.match(problems.join(), /^The folder \S+ is a part of an MSP folder: name \S+\.$/);
  });

  const places = ["cacerts/ca.pem", "signcerts/peer.pem", "keystore/key.pem", "config.yaml"];

  test("links that lead nowhere", async (t) => {
    for (const name of places) {
      const folder = await makeFolder(t, peerFolder());
      await rm(join(folder, name));
      await symlink("../gone", join(folder, name));
      const problems = await problemsOf(folder);
      assert.equal(problems.length, 1, problems.join("\n"));
      assert.match(
        problems.join(),
        /is a symbolic link that leads nowhere\)?: correct (?:the link|or remove it)\.$/,
      );
    }
  });

  test("folders in the place of files are named, those beside files are passed over", async (t) => {
    for (const name of places) {
      const folder = await makeFolder(t, peerFolder());
      await mkdir(join(folder, dirname(name), "old"), { recursive: true });
      assert.deepEqual(await problemsOf(folder), []);
      await rm(join(folder, dirname(name), "old"), { recursive: true });
      await rm(join(folder, name));
      await mkdir(join(folder, name));
      const problems = await problemsOf(folder);
      assert.equal(problems.length, 1, problems.join("\n"));
      assert.match(problems.join(), /is a folder\)?: put the file there, since Docker makes/);
      assert.ok(problems.join().includes(name), problems.join());
    }
  });
});
