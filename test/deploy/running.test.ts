/** What the Kubernetes manifests set and mount, run without Kubernetes. */
import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { mkdir, readFile, rename, symlink, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { join } from "node:path";
import { test } from "node:test";
import type { Organisation } from "../../src/msp/generate.ts";
import { renewPeerCertificate } from "../../src/msp/generate-renew.ts";
import type { Json } from "../../src/observe/json.ts";
import type { Member } from "../../src/observe/views.ts";
import {
  launch,
  organisation,
  type PeerPorts,
  ports,
  temporaryFolder,
  until,
} from "../cli/program.ts";
import { containerOf, type StatefulSet, settingsOf, statefulSetOf } from "./manifests.ts";

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

/** The secrets of a member, by volume; in each the manifest's paths and what deploy.md puts there. */
function secretsOf(
  set: StatefulSet,
  folder: string,
): Readonly<Record<string, Readonly<Record<string, string>>>> {
  const msp: Record<string, string> = {
    "config.yaml": "msp/config.yaml",
    "cert.pem": only(folder, "msp/signcerts/*.pem"),
    "key.pem": "msp/keystore/priv_sk",
    "ca.pem": only(folder, "msp/cacerts/*.pem"),
    "tlsca.pem": only(folder, "msp/tlscacerts/*.pem"),
  };
  const items = set.spec.template.spec.volumes[0]?.secret.items ?? [];
  const entries = items.map(({ key, path }) => [path, join(folder, msp[key] ?? key)] as const);
  return {
    msp: Object.fromEntries(entries),
    tls: {
      "tls.crt": join(folder, "tls/server.crt"),
      "tls.key": join(folder, "tls/server.key"),
      "ca.crt": join(folder, "tls/ca.crt"),
    },
  };
}

function only(folder: string, pattern: string): string {
  const [found = ""] = globSync(pattern, { cwd: folder });
  return found;
}

/** The manifest's settings, with this machine's places in place of the cluster's. */
function environmentOf(
  set: StatefulSet,
  root: string,
  own: PeerPorts,
  members: readonly PeerPorts[],
): Record<string, string> {
  const here = (text: string): string =>
    members
      .reduce(
        (rest, { port }, i) => rest.replace(`peer${i}-0.fabric-gossip:7051`, `127.0.0.1:${port}`),
        text,
      )
      .replace(/^peer\d\.org1\.example\.com:443$|^0\.0\.0\.0:7051$/, `127.0.0.1:${own.port}`)
      .replace(/^0\.0\.0\.0:9443$/, `127.0.0.1:${own.operations}`)
      .replace(/^\/(?:etc|var\/lib)\/fabric-gossip/, root);
  const entries = Object.entries(settingsOf(set));
  return Object.fromEntries(entries.map(([name, value]) => [name, here(value)]));
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

test("the manifest's settings and secrets run; a renewed secret is taken without a restart", async (t) => {
  const root = await temporaryFolder(t);
  const org: Organisation = await organisation(root);
  const members = [await ports(), await ports()];
  const folders = members.map((_, i) => join(root, `pod${i}`));
  const mount = async (i: number, version: string): Promise<void> => {
    const secrets = secretsOf(statefulSetOf(`peer${i}`), org.peers[i]?.folder ?? "");
    for (const [name, files] of Object.entries(secrets)) {
      await mountSecret(join(folders[i] ?? "", name), files, version);
    }
  };
  const logs: (() => string)[] = [];
  for (const [i, own] of members.entries()) {
    await mount(i, "..first");
    const set = statefulSetOf(`peer${i}`);
    const environment = environmentOf(set, folders[i] ?? "", own, members);
    logs.push(launch(t, containerOf(set).args, environment).output);
  }
  const [{ operations }] = [members[0] ?? { operations: 0 }];
  const status = async (path: string): Promise<number | undefined> =>
    (await ask(operations, path).catch(() => undefined))?.status;
  await until("it is ready", async () => (await status("/healthz")) === 200, 25_000);
  assert.deepEqual([await status("/version"), await status("/metrics")], [200, 401]);
  assert.ok(!logs.some((log) => /open to other users/.test(log())), "the group may read secrets");

  const tls = join(folders[0] ?? "", "tls");
  const pair = {
    cert: await readFile(join(tls, "tls.crt")),
    key: await readFile(join(tls, "tls.key")),
  };
  const other = async (): Promise<Json<Member> | undefined> => {
    const { body } = await ask(operations, "/api/v1/members", pair);
    const all: readonly Json<Member>[] = JSON.parse(body);
    return all.find(({ self, status }) => !self && status === "alive");
  };
  const before = (await other())?.pkiId;
  assert.ok(before);
  await renewPeerCertificate({ organisationFolder: org.folder, peer: "peer1", nowMs: Date.now() });
  await mount(1, "..second");
  await until(
    "it is known by its new certificate",
    async () => {
      const now = (await other())?.pkiId;
      return now !== undefined && now !== before;
    },
    25_000,
  );
});
