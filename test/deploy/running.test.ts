/** What the Kubernetes manifests set and mount, run without Kubernetes. */
import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { mkdir, readFile, rename, symlink, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { join } from "node:path";
import { test } from "node:test";
import { type GeneratedOrganisation, generateOrganisation } from "../../src/msp/generate.ts";
import { renewPeerCertificate } from "../../src/msp/generate-renew.ts";
import type { Json } from "../../src/observe/json.ts";
import type { Member } from "../../src/observe/views.ts";
import { launch, type PeerPorts, ports, temporaryFolder, until } from "../cli/program.ts";
import { type DnsServer, startDnsServer } from "../names/dns-server.ts";
import { containerOf, mapOf, type StatefulSet, settingsOf, statefulSetOf } from "./manifests.ts";

/** Puts files where the kubelet puts a secret: behind links, so that all change at once. */
async function mountSecret(
  folder: string,
  files: Readonly<Record<string, string>>,
  version: string,
): Promise<void> {
  for (const [path, source] of Object.entries(files)) {
    const target = join(folder, version, path);
    await mkdir(join(target, ".."), { recursive: true });
    await writeFile(target, await readFile(source), { mode: 0o440 });
  }
  await symlink(version, join(folder, "..new"));
  await rename(join(folder, "..new"), join(folder, "..data"));
  for (const name of new Set(Object.keys(files).map((path) => path.split("/")[0] ?? ""))) {
    await symlink(join("..data", name), join(folder, name)).catch((error: unknown) => {
      assert.match(String(error), /EEXIST/);
    });
  }
}

/** What deploy.md puts into a secret, by the end of its name and its key. */
const SECRETS: Readonly<Record<string, string>> = {
  "msp tls.crt": "msp/signcerts/*.pem",
  "msp tls.key": "msp/keystore/priv_sk",
  "msp ca.crt": "msp/cacerts/*.pem",
  "tls tls.crt": "tls/server.crt",
  "tls tls.key": "tls/server.key",
  "tls ca.crt": "tls/ca.crt",
};

/** The files of a member by volume: path below its mount, and the file that is there. */
function volumesOf(
  set: StatefulSet,
  folder: string,
  configFile: string,
): Readonly<Record<string, Readonly<Record<string, string>>>> {
  const secretFile = (secret: string, key: string): string =>
    join(folder, only(folder, SECRETS[`${secret.split("-").at(-1)} ${key}`] ?? key));
  const [msp] = set.spec.template.spec.volumes;
  const files = (msp?.projected?.sources ?? []).flatMap(({ secret, configMap }) => [
    ...(secret?.items ?? []).map(({ key, path }) => [path, secretFile(secret?.name ?? "", key)]),
    ...(configMap?.items ?? []).map(({ path }) => [path, configFile]),
  ]);
  const tls = ["tls.crt", "tls.key", "ca.crt"].map((key) => [key, secretFile("tls", key)]);
  return { msp: Object.fromEntries(files), tls: Object.fromEntries(tls) };
}

function only(folder: string, pattern: string): string {
  const [found = ""] = globSync(pattern, { cwd: folder });
  return found;
}

/** The manifest's settings, with this machine's places in place of the cluster's. */
function environmentOf(
  set: StatefulSet,
  root: string,
  { host, port, operations, dns }: Place,
): Record<string, string> {
  const here = (text: string): string =>
    text
      .replace(/^peer\d-0\.fabric-gossip:7051$|^0\.0\.0\.0:7051$/, `${host}:${port}`)
      .replace(/^peer\d\.org1\.example\.com:443$/, `${host}:${port}`)
      .replace(/^fabric-gossip:7051$/, `fabric-gossip:${port}`)
      .replace(/^0\.0\.0\.0:9443$/, `127.0.0.1:${operations}`)
      .replace(/^\/(?:etc|var\/lib)\/fabric-gossip/, root);
  const entries = Object.entries(settingsOf(set)).map(([name, value]) => [name, here(value)]);
  return { ...Object.fromEntries(entries), CORE_FABRICGOSSIP_NAMESERVERS: dns.address };
}

/** Where a pod is here; all have the port of the Service. */
interface Place extends PeerPorts {
  readonly host: string;
  readonly dns: DnsServer;
}

interface Answer {
  readonly status: number | undefined;
  readonly body: string;
}

/** As a probe asks: over TLS, whatever the certificate; `pair`: with a client certificate. */
function ask(port: number, path: string, pair: object = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = {
      port,
      path,
      host: "127.0.0.1",
      rejectUnauthorized: false,
      agent: false,
      ...pair,
    };
    const asked = request(options, (response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => {
        body += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode, body }));
    });
    asked.once("error", reject);
    asked.end();
  });
}

/** Elsewhere only 127.0.0.1 is an address of the machine. */
const skip = process.platform === "linux" ? false : "needs two loopback addresses";

test("the manifest's settings and secrets run; a renewed secret is taken without a restart", {
  skip,
}, async (t) => {
  const root = await temporaryFolder(t);
  const hosts = ["127.0.0.1", "127.0.0.2"];
  const org: GeneratedOrganisation = await generateOrganisation({
    folder: root,
    domain: "org1.example.com",
    peers: 2,
    sans: ["fabric-gossip", ...hosts],
    nowMs: Date.now(),
  });
  const config = join(root, "config.yaml");
  await writeFile(config, mapOf("fabric-gossip-msp")["config.yaml"] ?? "");
  const dns = await startDnsServer(t);
  const { port } = await ports();
  const folders = hosts.map((_, i) => join(root, `pod${i}`));
  const mount = async (i: number, version: string): Promise<void> => {
    const volumes = volumesOf(statefulSetOf(`peer${i}`), org.peers[i]?.folder ?? "", config);
    for (const [name, files] of Object.entries(volumes)) {
      await mountSecret(join(folders[i] ?? "", name), files, version);
    }
  };
  const logs: (() => string)[] = [];
  const start = async (i: number): Promise<number> => {
    await mount(i, "..first");
    const set = statefulSetOf(`peer${i}`);
    const { operations } = await ports();
    const place = { host: hosts[i] ?? "", port, operations, dns };
    logs.push(launch(t, containerOf(set).args, environmentOf(set, folders[i] ?? "", place)).output);
    return operations;
  };
  const status = async (operations: number, path: string): Promise<number | undefined> =>
    (await ask(operations, path).catch(() => undefined))?.status;
  const untilReady = (operations: number): Promise<void> =>
    until("it is ready", async () => (await status(operations, "/readyz")) === 200);

  const operations = await start(0);
  await until("it waits", async () => (await status(operations, "/readyz")) === 503);
  dns.records.set("fabric-gossip", hosts.slice(0, 1));
  await untilReady(operations);
  dns.records.set("fabric-gossip", hosts);
  await untilReady(await start(1));
  await untilReady(operations);
  const statuses = ["/version", "/metrics"].map((path) => status(operations, path));
  assert.deepEqual(await Promise.all(statuses), [200, 401]);
  assert.ok(!logs.some((log) => /open to other users/.test(log())), "the group may read secrets");

  const tls = join(folders[0] ?? "", "tls");
  const pair = {
    cert: await readFile(join(tls, "tls.crt")),
    key: await readFile(join(tls, "tls.key")),
  };
  const other = async (): Promise<Json<Member> | undefined> => {
    const { body } = await ask(operations, "/api/v1/members", pair);
    const all: readonly Json<Member>[] = JSON.parse(body);
    return all.find(({ self, status: state }) => !self && state === "alive");
  };
  const before = (await other())?.pkiId;
  assert.ok(before);
  await renewPeerCertificate({ organisationFolder: org.folder, peer: "peer1", nowMs: Date.now() });
  await mount(1, "..second");
  await until("it is known by its new certificate", async () => {
    const now = (await other())?.pkiId;
    return now !== undefined && now !== before;
  });
});
