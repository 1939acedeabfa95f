/** The library as a program uses it: real files, real sockets. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import {
  GossipError,
  type GossipEvent,
  GossipNode,
  loadConfig,
  loadMsp,
  type NodeOptions,
} from "../../src/index.ts";
import type { GeneratedOrganisation } from "../../src/msp/generate.ts";
import { owned } from "../children.ts";
import { organisation, ports, temporaryFolder, until } from "./program.ts";

const EXAMPLE = join(import.meta.dirname, "../../examples/watch.ts");

/** A core.yaml as a Fabric peer would have it, with paths relative to its folder. */
async function coreYaml(
  { folder, peers }: GeneratedOrganisation,
  index: number,
  bootstrap?: number,
): Promise<string> {
  const { port } = await ports();
  const name = peers[index]?.name ?? "";
  const file = join(folder, `core-${index}.yaml`);
  const lines = [
    "peer:",
    `  id: ${name}`,
    "  localMspId: Org1MSP",
    `  mspConfigPath: peers/${name}/msp`,
    `  listenAddress: 127.0.0.1:${port}`,
    `  address: 127.0.0.1:${port}`,
    "  tls:",
    "    enabled: true",
    `    cert: { file: peers/${name}/tls/server.crt }`,
    `    key: { file: peers/${name}/tls/server.key }`,
    `    rootcert: { file: peers/${name}/tls/ca.crt }`,
    "  gossip:",
    `    externalEndpoint: 127.0.0.1:${port}`,
    ...(bootstrap === undefined ? [] : [`    bootstrap: 127.0.0.1:${bootstrap}`]),
  ];
  await writeFile(file, `${lines.join("\n")}\n`);
  return file;
}

async function startNode(t: TestContext, file: string): Promise<GossipNode> {
  const node = await GossipNode.start(await loadConfig({ file, env: {} }));
  t.after(() => node.close());
  return node;
}

function portOf(node: GossipNode): number {
  return Number(node.self().endpoint.split(":")[1]);
}

describe("the library", () => {
  test("port 0 is a free port, under which other members reach the node", async (t) => {
    const { peers } = await organisation(await temporaryFolder(t));
    const start = async (index: number, listen: string, bootstrap: readonly string[] = []) => {
      const peer = peers[index] ?? assert.fail();
      const { tlsCertFile: certPath, tlsKeyFile: keyPath, tlsCaFile: rootCertPath } = peer;
      const node = await GossipNode.start({
        ...{ mspId: "Org1MSP", mspPath: peer.mspFolder, listen, bootstrap, preset: "test" },
        tls: { certPath, keyPath, rootCertPath },
      });
      t.after(() => node.close());
      return node;
    };
    const a = await start(0, "127.0.0.1:0");
    const { internalEndpoint = "" } = a.self();
    assert.match(String(internalEndpoint), /^127\.0\.0\.1:[1-9]\d+$/);
    const b = await start(1, "127.0.0.1:0", [String(internalEndpoint)]);
    await until("both see both", () => a.members().length === 2 && b.members().length === 2);
    await assert.rejects(start(0, "192.0.2.1:0"), {
      code: "listen-failed",
      message: /^Cannot listen on 192\.0\.2\.1:0 \(listen EADDRNOTAVAIL/,
    });
  });

  test("two nodes in one process meet; events tell of it; metadata travel", async (t) => {
    const org = await organisation(await temporaryFolder(t));
    const a = await startNode(t, await coreYaml(org, 0));
    const types: GossipEvent["type"][] = [];
    const listening = (async () => {
      for await (const event of a.events()) types.push(event.type);
    })();
    const b = await startNode(t, await coreYaml(org, 1, portOf(a)));
    await until("both see both", () => a.members().length === 2 && b.members().length === 2);
    b.setMetadata(new TextEncoder().encode("hello"));
    const metadata = (): Uint8Array | undefined => a.members().find(({ self }) => !self)?.metadata;
    await until(
      "the metadata arrive",
      () => new TextDecoder().decode(metadata() ?? new Uint8Array(0)) === "hello",
    );
    await b.close();
    await until("the end is noticed", () => a.members().some(({ status }) => status === "dead"));
    await a.close();
    await listening;
    for (const type of ["member-joined", "connection-opened", "member-updated", "member-dead"]) {
      assert.ok(types.includes(type as GossipEvent["type"]), type);
    }
  });

  test("trust taken away at run time takes effect at once", async (t) => {
    const folder = await temporaryFolder(t);
    const org = await organisation(folder);
    const other = await organisation(folder, "other.example.com");
    const a = await startNode(t, await coreYaml(org, 0));
    const b = await startNode(t, await coreYaml(org, 1, portOf(a)));
    await until("both see both", () => a.members().length === 2 && b.members().length === 2);
    a.setTrust([await loadMsp(other.mspFolder, "OtherMSP")]);
    assert.deepEqual(
      a.members().map(({ self }) => self),
      [true],
    );
  });

  test("wrong options are told of together with the files that they name", async (t) => {
    const mspPath = await temporaryFolder(t);
    const options = { mspId: "Org1MSP", mspPath, listen: "127.0.0.1:7051", bootstrap: ["nowhere"] };
    await assert.rejects(GossipNode.start(options), (error) => {
      assert(error instanceof GossipError);
      assert.match(error.problems[0] ?? "", /nowhere.*no endpoint/);
      assert.match(error.problems[1] ?? "", /cacerts/);
      return true;
    });
  });

  test("a promise or a path instead of a configuration is refused in a sentence", async () => {
    for (const [given, want] of [
      [loadConfig({ env: {} }).catch(() => undefined), /not a promise: write await before it/],
      ["core.yaml", /^GossipNode\.start takes .* loadConfig returns, not "core\.yaml"\.$/],
      [undefined, /, not undefined\.$/],
    ] as const) {
      const start = GossipNode.start(given as unknown as NodeOptions);
      await assert.rejects(start, { code: "config-invalid", message: want });
    }
  });

  test("a wrong configuration lists every problem at once", async (t) => {
    const org = await organisation(await temporaryFolder(t));
    const file = await coreYaml(org, 0);
    await assert.rejects(
      loadConfig({ file, env: {}, overrides: ["peer.localMspId=", "peer.tls.key.file=nowhere"] }),
      (error) => error instanceof GossipError && error.problems.length === 2,
    );
  });
});

describe("examples/watch.ts", () => {
  test("says who we are, and ends when it is interrupted", async (t) => {
    const org = await organisation(await temporaryFolder(t));
    const child = owned(spawn(process.execPath, [EXAMPLE, await coreYaml(org, 0)]));
    t.after(() => child.kill("SIGKILL"));
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk;
    });
    await until("it runs", () => /^we are [0-9a-f]{64}$/m.test(output));
    child.kill("SIGINT");
    const code = await new Promise((resolve) => child.once("exit", resolve));
    assert.equal(code, 0);
  });
});
