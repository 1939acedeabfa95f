/** The examples do what they and docs/library.md say, with real files and real sockets. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, type TestContext, test } from "node:test";
import { GossipNode, loadConfig } from "../src/index.ts";
import type { GeneratedOrganisation } from "../src/msp/generate.ts";
import { revokeCertificate } from "../src/msp/generate-renew.ts";
import { owned } from "./children.ts";
import { organisation, peerEnvironment, until } from "./cli/program.ts";
import { freePort } from "./ports.ts";

let folder: string;
let org: GeneratedOrganisation;
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
  readonly lines: () => string[];
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
    lines: () => output.trim().split("\n"),
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

describe("examples/cache.ts", () => {
  test("drops its copy of what another process has changed", async (t) => {
    const one = await member(0);
    const [a, b] = [run(t, "cache.ts", one), run(t, "cache.ts", await member(1, one))];
    await until("both run", () => a.printed("ready") && b.printed("ready"));
    b.child.stdin?.write("set price 7\nget price\n");
    await until("it has a copy", () => b.printed("price is 7"));
    // The event reaches whoever joins within the retention, too: they need not know each other yet.
    a.child.stdin?.write("set price 8\n");
    await until("the copy is dropped", () =>
      b.printed(`dropped price, changed by ${one.endpoint}`),
    );
    b.child.stdin?.write("get price\n");
    await until("it is gone", () => b.printed("price is not in the cache"));
    assert.deepEqual([await a.end(), await b.end()], [0, 0]);
  });
});

describe("examples/jobs.ts", () => {
  test("shares the jobs, and takes over those of a member that has gone", async (t) => {
    const jobs = ["red", "green", "blue", "cyan", "pink", "grey", "gold", "teal", "plum", "lime"];
    const one = await member(0);
    const a = run(t, "jobs.ts", one, ...jobs);
    await until("it has all", () => a.printed(`leads, and runs ${jobs.join(" ")}\n`));
    const b = run(t, "jobs.ts", await member(1, one), ...jobs);
    await until("they share", () => a.lines().length >= 2 && b.printed(/^runs /m));
    const of = (line = ""): string[] => line.replace(/^.*runs /, "").split(" ");
    await until("each job has one owner", () => {
      const both = [...of(a.lines().at(-1)), ...of(b.lines().at(-1))].filter(
        (job) => job !== "nothing",
      );
      return both.toSorted().join() === jobs.toSorted().join();
    });
    assert.equal(await a.end(), 0);
    await until("it has all, and leads", () => b.printed(`leads, and runs ${jobs.join(" ")}\n`));
    assert.equal(await b.end(), 0);
  });
});

describe("examples/registry.ts", () => {
  test("shows each service with its health, as it changes", async (t) => {
    let isWell = true;
    const server = createServer((_, response) => response.writeHead(isWell ? 200 : 500).end());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    t.after(() => server.close());
    const address = server.address();
    assert.ok(typeof address === "object" && address);
    const health = `http://127.0.0.1:${address.port}/`;
    const one = await member(0);
    const shop = run(t, "registry.ts", one, "shop", health);
    const bill = run(t, "registry.ts", await member(1, one), "bill", "http://127.0.0.1:1/");
    const known = `bill critical http://127.0.0.1:1/; shop passing ${health}\n`;
    await until("both are known", () => shop.printed(known) && bill.printed(known));
    isWell = false;
    await until("it is unwell", () => bill.printed(`shop warning ${health}`));
    assert.equal(await shop.end(), 0);
    await until("it is gone", () => bill.printed(`shop dead ${health}`));
    assert.equal(await bill.end(), 0);
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
