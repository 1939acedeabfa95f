/** The operations endpoint over TLS: whom it answers, and with which files. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { TLSSocket } from "node:tls";
import { generateOrganisation } from "../msp/generate.ts";
import { alternativeNames, keyPem, type Made, makeCertificate } from "../msp/testing.ts";
import { setUp } from "./testing.ts";

test("with TLS, health is open and the rest needs a client certificate", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "fabric-gossip-"));
  t.after(() => rm(folder, { recursive: true }));
  const { peers } = await generateOrganisation({
    folder,
    domain: "org1.example.com",
    peers: 1,
    sans: ["127.0.0.1"],
    nowMs: Date.now(),
  });
  const tlsFolder = join(peers[0]?.folder ?? "", "tls");
  const file = (name: string): string => join(tlsFolder, name);
  const tls = {
    enabled: true,
    clientAuthRequired: false,
    certFile: file("server.crt"),
    keyFile: file("server.key"),
    clientRootCaFiles: [file("ca.crt")],
  };
  const { operations } = await setUp(t, { tls });
  const ca = await readFile(file("ca.crt"));
  const pair = {
    cert: await readFile(file("server.crt")),
    key: await readFile(file("server.key")),
  };
  const status = (
    path: string,
    client: object,
    url = operations.url,
  ): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const { hostname: host, port } = new URL(url);
      const asked = request({ host, port, path, ca, ...client }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      asked.once("error", reject).end();
    });
  assert.deepEqual(
    [
      await status("/healthz", {}),
      await status("/readyz", {}),
      await status("/metrics", {}),
      await status("/healthz/../metrics", {}),
      await status("/version/%2e%2e/api/v1/self", {}),
      await status("/api/v1/self", pair),
    ],
    [200, 200, 401, 401, 401, 200],
  );
  const strict = (await setUp(t, { tls: { ...tls, clientAuthRequired: true } })).operations;
  assert.deepEqual(
    [await status("/healthz", {}, strict.url), await status("/healthz", pair, strict.url)],
    [401, 200],
  );
});

test("a CA between is believed as the anchor of clients, and an expired own certificate told of", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "fabric-gossip-"));
  t.after(() => rm(folder, { recursive: true }));
  const root = makeCertificate({ commonName: "root", isCa: true });
  const inner = makeCertificate({ commonName: "inner", isCa: true, issuer: root });
  const extensions = [alternativeNames("localhost")];
  const old = makeCertificate({ commonName: "old", extensions, notAfter: "20250101000000Z" });
  const client = makeCertificate({ commonName: "client", issuer: inner });
  const file = (name: string): string => join(folder, name);
  await writeFile(file("own.pem"), `${Buffer.from(old.pem)}${keyPem(old)}`);
  await writeFile(file("ca.pem"), inner.pem);
  const tls = {
    ...{ enabled: true, clientAuthRequired: false, clientRootCaFiles: [file("ca.pem")] },
    ...{ certFile: file("own.pem"), keyFile: file("own.pem") },
  };
  const { operations, lines } = await setUp(t, { tls });
  const ask = (pair: Made) =>
    new Promise<number | undefined>((resolve, reject) => {
      const { hostname: host, port } = new URL(operations.url);
      const own = { cert: Buffer.from(pair.pem), key: Buffer.from(keyPem(pair)) };
      const options = { host, port, path: "/metrics", rejectUnauthorized: false, ...own };
      const asked = request(options, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      asked.once("error", reject).end();
    });
  const stranger = makeCertificate({ commonName: "client", issuer: root });
  assert.deepEqual([await ask(client), await ask(stranger)], [200, 401]);
  assert.equal(lines.join(""), "", "the member tells of it as a problem");
});

test("TLS files that were renewed are in force after a reload, and faulty ones leave the old", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "fabric-gossip-"));
  t.after(() => rm(folder, { recursive: true }));
  const file = (name: string): string => join(folder, name);
  const write = async (name: string, extensions = [alternativeNames("localhost")]) => {
    const made = makeCertificate({ commonName: name, extensions });
    await writeFile(file("own.pem"), `${Buffer.from(made.pem)}${keyPem(made)}`);
    const ca = makeCertificate({ commonName: `ca of ${name}`, isCa: true });
    await writeFile(file("ca.pem"), ca.pem);
    return makeCertificate({ commonName: "client", issuer: ca });
  };
  const client = await write("first");
  const tls = {
    ...{ enabled: true, clientAuthRequired: false, clientRootCaFiles: [file("ca.pem")] },
    ...{ certFile: file("own.pem"), keyFile: file("own.pem") },
  };
  const { operations, meters } = await setUp(t, { tls });
  const ask = (pair: Made): Promise<string> =>
    new Promise((resolve, reject) => {
      const { hostname: host, port } = new URL(operations.url);
      const own = { cert: Buffer.from(pair.pem), key: Buffer.from(keyPem(pair)) };
      const options = { host, port, path: "/metrics", rejectUnauthorized: false, agent: false };
      const asked = request({ ...options, ...own }, (response) => {
        const { socket, statusCode } = response;
        const shown = socket instanceof TLSSocket ? socket.getPeerCertificate().subject.CN : "";
        response.resume();
        resolve(`${shown} ${statusCode}`);
      });
      asked.once("error", reject).end();
    });
  assert.equal(await ask(client), "first 200");
  const renewed = await write("second");
  assert.equal(await ask(client), "first 200");
  meters.tlsNotAfterMs = new Map();
  assert.deepEqual(await operations.reload(), []);
  assert.deepEqual([...meters.tlsNotAfterMs.keys()], ["operations"]);
  assert.deepEqual([await ask(client), await ask(renewed)], ["second 401", "second 200"]);
  await writeFile(file("own.pem"), "nothing");
  assert.match((await operations.reload()).join(), /own\.pem cannot be used/);
  assert.equal(await ask(renewed), "second 200");
});
