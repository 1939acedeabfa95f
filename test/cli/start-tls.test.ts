/** Start on TLS files: it says what doctor says, in the same words. */
import assert from "node:assert/strict";
import { appendFile, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { loadConfig } from "../../src/config/load.ts";
import { GossipError } from "../../src/lib/errors.ts";
import { makeCertificate } from "../../src/msp/testing.ts";
import { loadCredentials } from "../../src/node/load-credentials.ts";
import { errorsOf, findingsOf, setUp, start } from "./doctor-peer.ts";
import { launch, until } from "./program.ts";
import { ca, install, leaf } from "./tls-pairs.ts";

test("what is wrong with certificate, key and CA is said at once, by start and doctor alike", async (t) => {
  const peer = await setUp(t);
  for (const name of ["server.crt", "server.key", "ca.crt"]) {
    await writeFile(peer.file(`tls/${name}`), "x");
  }
  const told = (await findingsOf(peer.env)).filter(({ check }) => check === "tls");
  assert.equal(told.length, 3);
  await assert.rejects(start(t, peer), { problems: told.map(({ message }) => message) });
});

test("start warns of files that Go starts with, in the words of doctor", async (t) => {
  const peer = await setUp(t);
  await appendFile(peer.file("tls/server.crt"), "-----BEGIN CERTIFICATE-----\nMIIB");
  const found = (await findingsOf(peer.env)).filter(({ check }) => check === "tls");
  assert.equal(found.length, 1);
  const { warnings } = await loadCredentials(await loadConfig({ env: peer.env }), Date.now());
  assert.ok(warnings.includes(found[0]?.message ?? ""), warnings.join("\n"));
});

test("a certificate that has expired is told once, by doctor and by the member, in the same words", async (t) => {
  const peer = await setUp(t);
  await install(peer, leaf({ notAfter: "20250101000000Z" }));
  const found = errorsOf(await findingsOf(peer.env));
  assert.equal(found.length, 1);
  const running = launch(t, ["start"], peer.env);
  await until("it is told", () => /has expired|expired at/.test(running.output()));
  running.child.kill("SIGHUP");
  await until("the files were read again", () => /read certificates/.test(running.output()));
  const lines = running.output().split("\n");
  const told = lines.filter((line) => /WARN|ERRO/.test(line));
  assert.equal(told.length, 1, told.join("\n"));
  const plain = (text = ""): string => text.replace(/ \([a-z-]+\)\./, ".").slice(1);
  assert.match(found[0]?.message ?? "", /\(own-tls-certificate-expired\)\.$/);
  assert.ok(told[0]?.includes(plain(found[0]?.message)), told[0]);
});

test("a start that fails for an expired certificate names the other one that has expired", async (t) => {
  const peer = await setUp(t);
  const inCenturies = Date.parse("2300-01-01");
  await assert.rejects(
    loadCredentials(await loadConfig({ env: peer.env }), inCenturies),
    (error) => {
      assert.ok(error instanceof GossipError);
      assert.equal(error.problems.length, 2);
      assert.match(error.problems[0] ?? "", /our own certificate .*expired at/i);
      assert.match(error.problems[1] ?? "", /our own TLS certificate expired at/i);
      return true;
    },
  );
});

test("start warns of what doctor says of our chain", async (t) => {
  const inner = makeCertificate({ commonName: "inner", isCa: true, issuer: ca });
  for (const made of [leaf({ notBefore: "20590101000000Z" }), leaf({ issuer: inner })]) {
    const peer = await setUp(t);
    await install(peer, made);
    const found = errorsOf(await findingsOf(peer.env)).filter(({ check }) => check !== "tls-names");
    const told = found.map(({ message, remedy }) => `${message} ${remedy}`);
    assert.equal(told.length, 1);
    const { warnings } = await loadCredentials(await loadConfig({ env: peer.env }), Date.now());
    assert.ok(warnings.includes(told[0] ?? ""), warnings.join("\n"));
  }
});
