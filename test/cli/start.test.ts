/** Members as processes: how they meet, how they end, and what a user may get wrong. */
import assert from "node:assert/strict";
import { chmod, copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import type { GeneratedOrganisation } from "../../src/msp/generate.ts";
import type { Json } from "../../src/observe/json.ts";
import type { Member } from "../../src/observe/views.ts";
import {
  get,
  launch,
  organisation,
  type PeerPorts,
  peerEnvironment,
  ports,
  type Running,
  run,
  temporaryFolder,
  until,
} from "./program.ts";

async function alive({ operations }: PeerPorts): Promise<number> {
  const members = (await get<Json<Member>[]>(operations, "/api/v1/members")) ?? [];
  return members.filter(({ status, self }) => status === "alive" && !self).length;
}

async function pair(t: TestContext): Promise<{
  org: GeneratedOrganisation;
  a: PeerPorts;
  b: PeerPorts;
  running: [Running, Running];
}> {
  const org = await organisation(await temporaryFolder(t));
  const [a, b] = [await ports(), await ports()];
  const bootstrap = { CORE_PEER_GOSSIP_BOOTSTRAP: `127.0.0.1:${a.port}` };
  const running: [Running, Running] = [
    launch(t, ["start"], peerEnvironment(org, 0, a, bootstrap)),
    launch(t, ["start"], peerEnvironment(org, 1, b, bootstrap)),
  ];
  await until("both see each other", async () => (await alive(a)) === 1 && (await alive(b)) === 1);
  return { org, a, b, running };
}

describe("members as processes", () => {
  test("meet, notice a kill and a return, and stop after SIGTERM with exit code 0", async (t) => {
    const { org, a, b, running } = await pair(t);
    const health = await get<{ status: string }>(a.operations, "/healthz");
    assert.equal(health?.status, "OK");

    running[1].child.kill("SIGKILL");
    await until("the kill is noticed", async () => (await alive(a)) === 0);
    const bootstrap = { CORE_PEER_GOSSIP_BOOTSTRAP: `127.0.0.1:${a.port}` };
    const again = launch(t, ["start"], peerEnvironment(org, 1, b, bootstrap));
    await until("the return is noticed", async () => (await alive(a)) === 1);

    again.child.kill("SIGTERM");
    assert.equal((await again.finished).code, 0);
    await until("the stop is noticed", async () => (await alive(a)) === 0);
  });

  test("a member that returns while its bootstrap peer is gone finds those that it knew", async (t) => {
    const { org, a, b, running } = await pair(t);
    const [c, stateDir] = [await ports(), await temporaryFolder(t)];
    const more = {
      CORE_PEER_GOSSIP_BOOTSTRAP: `127.0.0.1:${a.port}`,
      CORE_FABRICGOSSIP_STATEDIR: stateDir,
    };
    const env = peerEnvironment(org, 2, c, more);
    const before = launch(t, ["start"], env);
    await until("it sees both", async () => (await alive(c)) === 2);
    before.child.kill("SIGTERM");
    running[0].child.kill("SIGKILL");
    await Promise.all([before.finished, running[0].finished]);
    const again = launch(t, ["start"], env);
    await until("it finds the other one", async () => (await alive(c)) === 1);
    assert.match(again.output(), new RegExp(`could not join 127.0.0.1:${a.port}`));
    assert.doesNotMatch(again.output(), /another member/);
    const { stdout } = await run(t, ["doctor"], peerEnvironment(org, 1, b, more));
    assert.match(stdout, /^warning state .* was last used by another member, Org1MSP CN=peer2/m);
  });

  test("SIGHUP reads MSP folders again; one that cannot be used stays as it was", async (t) => {
    const { org, a, running } = await pair(t);
    const folder = join(org.peers[0]?.folder ?? "", "msp");
    await rm(join(folder, "cacerts"), { recursive: true });
    running[0].child.kill("SIGHUP");
    await until("the mistake is reported", () =>
      running[0].output().includes("not all files could be read again"),
    );
    await until("it still sees the other", async () => (await alive(a)) === 1);
  });

  test("SIGHUP tells of a file that is skipped since then, once", async (t) => {
    const { org, running } = await pair(t);
    const folder = join(org.peers[0]?.folder ?? "", "msp/crls");
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "new.crl"), "hello");
    const times = (what: RegExp) => running[0].output().match(what)?.length ?? 0;
    for (const count of [1, 2]) {
      running[0].child.kill("SIGHUP");
      await until("it has read all again", () => times(/INFO .* read certificates/g) === count);
    }
    assert.equal(times(/WARN .*new\.crl is skipped: there is no PEM block/g), 1);
  });

  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    test(`told to stop by ${signal} while it still starts, one ends with exit code 0`, async (t) => {
      const org = await organisation(await temporaryFolder(t));
      const env = peerEnvironment(org, 0, await ports());
      const { child, output, finished } = launch(t, ["start"], env);
      await until("it listens to signals", async () => {
        const status = await readFile(`/proc/${child.pid}/status`, "utf8");
        const caught = /^SigCgt:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "0";
        return (BigInt(`0x${caught}`) & 1n) !== 0n; // SIGHUP: Node does not catch it by itself.
      });
      if (/gossips as/.test(output())) t.diagnostic("too late: it has started already");
      child.kill("SIGHUP");
      child.kill(signal);
      assert.equal((await finished).code, 0);
    });
  }

  for (const signal of ["SIGHUP", "SIGTERM", "SIGUSR1"] as const) {
    test(`${signal} does not end a member that has not even loaded`, async (t) => {
      const hook = [
        'import { registerHooks } from "node:module";',
        "registerHooks({ resolve(name, context, next) {",
        `  if (/\\bheap\\b/.test(name)) process.kill(process.pid, "${signal}");`,
        "  return next(name, context);",
        "} });",
      ];
      const url = `data:text/javascript,${encodeURIComponent(hook.join("\n"))}`;
      // Without a configuration it ends by itself.
      const { code, stderr } = await run(t, ["start"], { NODE_OPTIONS: `--import=${url}` });
      assert.equal(code, 2, stderr);
      assert.match(stderr, /peer\.localMspId is not set/);
      assert.doesNotMatch(stderr, /Debugger/);
    });
  }

  test("go on when nobody reads their log any more", async (t) => {
    const { a, running } = await pair(t);
    running[0].child.stderr?.destroy();
    running[0].child.kill("SIGHUP"); // Which is logged.
    running[1].child.kill("SIGKILL");
    await until("it tells of the kill", async () => {
      const members = await get<Json<Member>[]>(a.operations, "/api/v1/members");
      return members?.some(({ status }) => status === "dead") === true;
    });
    await until(
      "it still answers",
      async () => (await get(a.operations, "/version")) !== undefined,
    );
  });

  test("garbage, oversized and truncated bytes on the port harm nobody", async (t) => {
    const { a } = await pair(t);
    const garbage = [
      Buffer.from("GET / HTTP/1.1\r\n\r\n"),
      Buffer.alloc(100_000, 0xff),
      Buffer.from([0x16, 0x03, 0x01]),
      Buffer.alloc(0),
    ];
    for (const bytes of garbage) {
      const socket = connect(a.port, "127.0.0.1");
      socket.on("error", () => {}); // Being reset is what we expect.
      await new Promise((resolve) => {
        socket.once("close", resolve);
        socket.end(bytes);
      });
    }
    await until("it still sees the other", async () => (await alive(a)) === 1);
    const metrics = await (await fetch(`http://127.0.0.1:${a.operations}/metrics`)).text();
    const refused = metrics.match(/^gossip_connections_refused_total\{code="tls"\} (\d+)$/m);
    assert.ok(Number(refused?.[1]) >= 3, metrics);
    assert.match(metrics, /^gossip_members\{msp="Org1MSP",status="alive"\} 2$/m);
  });
});

describe("what a user may get wrong", () => {
  async function setUp(
    t: TestContext,
  ): Promise<{ org: GeneratedOrganisation; env: Record<string, string>; at: PeerPorts }> {
    const org = await organisation(await temporaryFolder(t));
    const at = await ports();
    return { org, env: peerEnvironment(org, 0, at), at };
  }

  test("a key that does not belong to the certificate: TLS and MSP are both named, exit 2", async (t) => {
    const { org, env } = await setUp(t);
    const [mine, other] = [org.peers[0]?.folder ?? "", org.peers[1]?.folder ?? ""];
    await copyFile(join(other, "tls/server.key"), join(mine, "tls/server.key"));
    await copyFile(join(other, "msp/keystore/priv_sk"), join(mine, "msp/keystore/priv_sk"));
    const { code, stderr } = await run(t, ["start"], env);
    assert.equal(code, 2);
    assert.match(stderr, /error: No file in .*keystore is the private key of/);
    assert.match(stderr, /error: The TLS server key .* does not belong to the certificate/);
  });

  test("an endpoint that the TLS certificate does not name: a warning, and it runs", async (t) => {
    const { env, at } = await setUp(t);
    const running = launch(t, ["start"], {
      ...env,
      CORE_PEER_GOSSIP_EXTERNALENDPOINT: "elsewhere.example.com:7051",
    });
    await until("it answers", async () => (await get(at.operations, "/api/v1/self")) !== undefined);
    assert.match(running.output(), /WARN .*externalEndpoint advertises elsewhere\.example\.com/);
  });

  test("a key that other users may read: a warning, and it runs", async (t) => {
    const { org, env, at } = await setUp(t);
    const key = join(org.peers[0]?.folder ?? "", "tls/server.key");
    await chmod(key, 0o644);
    const running = launch(t, ["start"], env);
    await until("it answers", async () => (await get(at.operations, "/api/v1/self")) !== undefined);
    const warnings = running.output().match(/WARN .*chmod 600/g) ?? [];
    assert.equal(warnings.length, 1, running.output());
    assert.ok(warnings[0]?.includes(key));
  });

  test("a bootstrap peer that is not there: reported, tried again, unhealthy", async (t) => {
    const { env, at } = await setUp(t);
    const nobody = await ports();
    const running = launch(t, ["start"], {
      ...env,
      CORE_PEER_GOSSIP_BOOTSTRAP: `127.0.0.1:${nobody.port}`,
    });
    const url = `http://127.0.0.1:${at.operations}`;
    await until("it is tried again and again", async () => {
      const { stdout } = await run(t, ["why", `127.0.0.1:${nobody.port}`, "--url", url]);
      return /was tried [3-9] times/.test(stdout);
    });
    const told = running
      .output()
      .match(/could not join 127\.0\.0\.1:\d+, trying again: .* \(unreachable\)/g);
    assert.equal(told?.length, 1, "the same is not told with every attempt");
    const response = await fetch(`http://127.0.0.1:${at.operations}/healthz`);
    assert.equal(response.status, 503);
    assert.match(JSON.stringify(await response.json()), /"component":"gossip"/);
  });

  for (const which of ["port", "operations"] as const) {
    test(`the ${which} is in use: one sentence, exit 2`, async (t) => {
      const { env, at } = await setUp(t);
      const server = createServer().listen(at[which], "127.0.0.1");
      await new Promise((resolve) => server.once("listening", resolve));
      t.after(() => server.close());
      const { code, stderr } = await run(t, ["start"], env);
      assert.equal(code, 2);
      assert.match(stderr, new RegExp(`error: .*${at[which]}.*EADDRINUSE`));
    });
  }

  const noMappings: readonly (readonly [string, string | Uint8Array])[] = [
    ["a word", "hello"],
    ["a list", "- peer\n"],
    ["no text", new Uint8Array([0xff, 0xfe, 0, 1])],
  ];
  for (const [name, content] of noMappings) {
    test(`a core.yaml that is ${name}: exit 2 and the file is named`, async (t) => {
      const { env } = await setUp(t);
      const file = join(await temporaryFolder(t), "core.yaml");
      await writeFile(file, content);
      const { code, stderr } = await run(t, ["start", "--config", file], env);
      assert.equal(code, 2);
      assert.match(stderr, /core\.yaml/);
    });
  }

  test("nothing in the state folder keeps a member from starting", async (t) => {
    const spoil: Readonly<Record<string, (file: string) => Promise<unknown>>> = {
      "cannot be written": (file) => mkdir(`${file}.new`),
      "cannot be read": (file) => mkdir(file),
      "holds no incarnation": (file) => writeFile(file, ""),
      "has 100000 bytes": (file) => writeFile(file, "1".repeat(100_000)),
    };
    for (const [sentence, act] of Object.entries(spoil)) {
      const { env } = await setUp(t);
      const folder = await temporaryFolder(t);
      await act(join(folder, "incarnation"));
      const member = launch(t, ["start"], { ...env, CORE_FABRICGOSSIP_STATEDIR: folder });
      await until("it gossips", () => member.output().includes("gossips as"));
      assert.ok(member.output().includes(sentence), `${sentence}: ${member.output()}`);
      member.child.kill("SIGTERM");
      assert.equal((await member.finished).code, 0);
    }
  });

  test("an MSP folder without CA: exit 2 and the folder is named", async (t) => {
    const { org, env } = await setUp(t);
    await rm(join(org.peers[0]?.folder ?? "", "msp/cacerts"), { recursive: true });
    const { code, stderr } = await run(t, ["start"], env);
    assert.equal(code, 2);
    assert.match(stderr, /cacerts/);
  });

  test("a core.yaml with two mistakes: both are named, exit 2", async (t) => {
    const { env } = await setUp(t);
    const file = join(await temporaryFolder(t), "core.yaml");
    await writeFile(
      file,
      "peer:\n  gossip:\n    aliveTimeInterval: soon\nfabricGossip:\n  stateDirr: x\n",
    );
    const { code, stderr } = await run(t, ["start", "--config", file], env);
    assert.equal(code, 2);
    assert.match(stderr, /aliveTimeInterval/i);
    assert.match(stderr, /stateDir/i);
  });
});
