/** The verbs that need no network: their output and their exit codes. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { access } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { describe, test } from "node:test";
import { VERSION } from "../../src/lib/version.ts";
import { freePort } from "../ports.ts";
import {
  get,
  launch,
  MAIN,
  organisation,
  peerEnvironment,
  ports,
  run,
  temporaryFolder,
  until,
} from "./program.ts";

describe("fabric-gossip", () => {
  test("runs on the Node.js that npm ci brought, or a newer one", () => {
    const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
    assert.ok(major > 22 || (major === 22 && minor >= 18), process.version);
  });

  test("version prints the version, as text and as JSON", async (t) => {
    assert.equal((await run(t, ["version"])).stdout, `${VERSION}\n`);
    const json: unknown = JSON.parse((await run(t, ["version", "--json"])).stdout);
    assert.deepEqual(json, { Version: VERSION, CommitSHA: "unknown" });
  });

  test("help lists the verbs, exit 0", async (t) => {
    const { code, stdout } = await run(t, ["--help"]);
    assert.equal(code, 0);
    for (const verb of ["start", "devnet", "members", "crypto"])
      assert.match(stdout, new RegExp(`^  ${verb}`, "m"));
  });

  const wrongUse = [
    ["frobnicate"],
    ["start", "--nope"],
    ["crypto", "generate", "--peers", "many"],
    [],
  ];
  for (const args of wrongUse) {
    test(`"${args.join(" ")}" is wrong use: exit 2`, async (t) => {
      const { code, stderr } = await run(t, args);
      assert.equal(code, 2);
      assert.notEqual(stderr, "");
    });
  }

  test("output that cannot be written, as to a full disk, is no success", () => {
    const script = '"$0" "$1" version >/dev/full';
    const { status, stderr } = spawnSync("/bin/sh", ["-c", script, process.execPath, MAIN]);
    assert.equal(status, 1);
    assert.equal(String(stderr), "error: The output cannot be written (the disk is full).\n");
  });

  test("members of a node that does not run: exit 3, and what to do", async (t) => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const { code, stderr } = await run(t, ["members", "--url", url]);
    assert.equal(code, 3);
    assert.match(stderr, /No node answers at .* start one, or give/);
  });

  const asking = [
    ["members"],
    ["identities"],
    ["connections"],
    ["channels"],
    ["members", "--watch"],
    ["why", "peer:7051"],
    ["logspec", "get"],
    ["logspec", "set", "info"],
    ["events"],
  ];
  test("every verb that asks a node ends with exit code 3 where there is none", async (t) => {
    const url = `http://127.0.0.1:${await freePort()}`;
    for (const words of asking) {
      const { code, stdout, stderr } = await run(t, [...words, "--url", url]);
      assert.deepEqual([code, stdout], [3, ""], words.join(" "));
      assert.match(stderr, /^No node answers at .*\n$/, words.join(" "));
    }
  });

  const strange: readonly (readonly [string, string])[] = [
    ["a page", "<html></html>"],
    ["an object", '{"a":1}'],
    ["a list of nothing", "[null]"],
  ];
  for (const [name, body] of strange) {
    test(`members of something that answers with ${name}: exit 3`, async (t) => {
      const server = createServer((_request, response) => response.end(body));
      server.listen(0, "127.0.0.1");
      await new Promise((resolve) => server.once("listening", resolve));
      t.after(() => server.close());
      const address = server.address();
      const port = typeof address === "object" && address ? address.port : 0;
      const { code, stderr } = await run(t, ["members", "--url", `http://127.0.0.1:${port}`]);
      assert.equal(code, 3);
      assert.match(stderr, /is this the operations address of a fabric-gossip node/);
    });
  }

  test("an address without http:// is one with it", async (t) => {
    const port = await freePort();
    const { code, stderr } = await run(t, ["members", "--url", `localhost:${port}`]);
    assert.equal(code, 3);
    assert.match(stderr, new RegExp(`No node answers at http://localhost:${port} `));
  });

  for (const url of ["", "a b", "ftp://127.0.0.1", "http://127.0.0.1:99999"]) {
    test(`members --url "${url}" is wrong use: exit 2`, async (t) => {
      assert.equal((await run(t, ["members", "--url", url])).code, 2);
    });
  }

  const unwritable = [
    ["crypto", "generate", "--output", "/proc/nothing"],
    ["play", "--output", "/proc/nothing"],
    ["play", "--output", "/dev/null"],
    ["blocks", "ch1", "--out", "/dev/null"],
    ["blocks", "ch1", "--out", "/proc/nothing"],
    ["simulate", "--nodes", "3", "--minutes", "0.1", "--report", "/proc/nothing"],
    ["simulate", "--nodes", "3", "--minutes", "0.1", "--report", "/dev/full"],
  ];
  for (const args of unwritable) {
    test(`${args.join(" ")}, where nothing can be written: exit 2, at once`, async (t) => {
      const { code, stderr } = await run(t, args);
      assert.equal(code, 2);
      assert.match(stderr, /^error: --\w+ \S+ cannot be written \([\w ]+\): choose another\.$/m);
    });
  }

  test("crypto generate makes what it says, and never overwrites", async (t) => {
    const folder = join(await temporaryFolder(t), "crypto");
    const args = [
      "crypto",
      "generate",
      "--output",
      folder,
      "--org",
      "a.example.com",
      "--org",
      "b.example.com",
    ];
    const { code, stdout } = await run(t, args);
    assert.equal(code, 0);
    assert.equal(stdout.trim().split("\n").length, 2);
    await access(
      join(folder, "peerOrganizations/b.example.com/peers/peer1.b.example.com/tls/server.key"),
    );
    const again = await run(t, args);
    assert.equal(again.code, 2);
    assert.match(again.stderr, /exists already/);
  });

  test("members, identities and connections show a running node, for people and for programs", async (t) => {
    const org = await organisation(await temporaryFolder(t));
    const at = await ports();
    launch(t, ["start"], peerEnvironment(org, 0, at));
    await until("it answers", async () => (await get(at.operations, "/api/v1/self")) !== undefined);
    const url = `http://127.0.0.1:${at.operations}`;
    const { stdout } = await run(t, ["members", "--url", url]);
    assert.match(stdout, /^ENDPOINT +MSP +STATUS/);
    assert.match(stdout, new RegExp(`127.0.0.1:${at.port} +Org1MSP +alive \\(self\\)`));
    const json: unknown = JSON.parse((await run(t, ["members", "--url", url, "--json"])).stdout);
    assert.ok(Array.isArray(json) && json.length === 1);
    assert.match(
      (await run(t, ["identities", "--url", url])).stdout,
      /CN=peer0\.org1\.example\.com/,
    );
    const { stdout: connections } = await run(t, ["connections", "--url", url]);
    assert.match(connections, /^No connection is open/);
  });
});
