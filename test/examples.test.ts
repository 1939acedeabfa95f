/** The examples do what they and docs/library.md say, with real files and real sockets. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, type TestContext, test } from "node:test";
import { GossipNode, loadConfig } from "../src/index.ts";
import type { Organisation } from "../src/msp/generate.ts";
import { revokeCertificate } from "../src/msp/generate-renew.ts";
import { owned } from "./children.ts";
import { freePort, organisation, peerEnvironment, until } from "./cli/program.ts";

let folder: string;
let org: Organisation;
/** Their settings come from the environment; the file is there because the examples name one. */
let coreYaml: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "fabric-gossip-examples-"));
  org = await organisation(folder);
  coreYaml = join(folder, "core.yaml");
  await writeFile(coreYaml, "peer: {}\n");
});

after(() => rm(folder, { recursive: true, force: true }));

interface Member {
  readonly endpoint: string;
  readonly env: Record<string, string>;
}

/** What the configuration of peer number `index` says; the first one is the others' contact. */
async function member(index: number, contact?: Member): Promise<Member> {
  const port = await freePort();
  const bootstrap = contact ? { CORE_PEER_GOSSIP_BOOTSTRAP: contact.endpoint } : {};
  const env = peerEnvironment(org, index, { port, operations: 0 }, bootstrap);
  return { endpoint: `127.0.0.1:${port}`, env };
}

interface Running {
  readonly child: ChildProcess;
  readonly printed: (line: string | RegExp) => boolean;
  /** Interrupts it, and tells its exit code. */
  readonly end: () => Promise<unknown>;
}

function run(t: TestContext, name: string, { env }: Member, ...args: string[]): Running {
  const example = join(import.meta.dirname, "../examples", name);
  const child = owned(spawn(process.execPath, [example, coreYaml, ...args], { env }));
  t.after(() => child.kill("SIGKILL"));
  const exit = new Promise((resolve) => child.once("exit", resolve));
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output += chunk;
    });
  }
  return {
    child,
    printed: (line) => (typeof line === "string" ? output.includes(line) : line.test(output)),
    end: () => {
      child.kill("SIGINT");
      return exit;
    },
  };
}

describe("examples/services.ts", () => {
  test("shows who offers what, and that it is gone; other metadata are passed over", async (t) => {
    const one = await member(0);
    const shop = run(t, "services.ts", one, "shop=10.0.0.5:80", "users=10.0.0.5:81");
    const bill = run(t, "services.ts", await member(1, one), "bill=10.0.0.6:80", "\u001b[2Jno");
    await until("each knows the other's", () => {
      return shop.printed("+ bill=10.0.0.6:80 (Org1MSP ") && bill.printed("+ shop=10.0.0.5:80 ");
    });
    assert.ok(shop.printed("+ users=10.0.0.5:81 ") && !shop.printed("2J"));
    assert.equal(await bill.end(), 0);
    await until("it is gone", () => shop.printed("- bill=10.0.0.6:80 "));
    assert.equal(await shop.end(), 0);
  });
});

describe("examples/signer.ts", () => {
  test("is a member, although its MSP folder has no key", async (t) => {
    const key = join(folder, "key.pem");
    await rename(join(org.peers[1]?.folder ?? "", "msp/keystore/priv_sk"), key);
    const one = await member(0);
    const node = await GossipNode.start(await loadConfig({ env: one.env }));
    t.after(() => node.close());
    const example = run(t, "signer.ts", await member(1, one), key);
    await until("it is believed", () => node.members().some(({ self }) => !self));
    await until("it sees us", () => example.printed(`member-joined ${one.endpoint}`));
    assert.equal(await example.end(), 0);
  });
});

describe("examples/revocation.ts", () => {
  test("ends what it opened for a member when its certificate is revoked", async (t) => {
    const one = await member(0);
    const example = run(t, "revocation.ts", one);
    const two = await member(2, one);
    const node = await GossipNode.start(await loadConfig({ env: two.env }));
    t.after(() => node.close());
    await until("it has a session", () => example.printed(`open ${two.endpoint}`));
    await revokeCertificate({
      organisationFolder: org.folder,
      certFile: join(org.peers[2]?.folder ?? "", "msp/signcerts/peer2.org1.example.com-cert.pem"),
      nowMs: Date.now(),
    });
    example.child.kill("SIGHUP");
    await until("it has ended it", () => example.printed(`close ${two.endpoint}: revoked`));
    assert.equal(await example.end(), 0);
  });
});
