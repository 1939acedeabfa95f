/** The verbs that ask a running member, as processes: what they print and how they end. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import type { Config } from "../../src/config/config.ts";
import { loadConfig } from "../../src/config/load.ts";
import { probeEndpoint } from "../../src/doctor/probe-endpoint.ts";
import type { GeneratedOrganisation } from "../../src/msp/generate.ts";
import type { Explanation } from "../../src/observe/diagnosis/why/explanation.ts";
import type { GossipEvent } from "../../src/observe/events.ts";
import { freePort } from "../ports.ts";
import {
  get,
  launch,
  organisation,
  type PeerPorts,
  peerEnvironment,
  ports,
  run,
  temporaryFolder,
  until,
} from "./program.ts";

/** Node hears this signal only if a program asks for it. */
async function hearsHangup(pid: number | undefined): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const caught = /^SigCgt:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "0";
  return (BigInt(`0x${caught}`) & 1n) !== 0n;
}

interface Started {
  readonly org: GeneratedOrganisation;
  readonly at: PeerPorts;
  readonly url: string;
  readonly child: ReturnType<typeof launch>["child"];
}

async function startMember(
  t: TestContext,
  more: Readonly<Record<string, string>> = {},
): Promise<Started> {
  const org = await organisation(await temporaryFolder(t));
  const at = await ports();
  const { child } = launch(t, ["start"], peerEnvironment(org, 0, at, more));
  await until("it answers", async () => (await get(at.operations, "/api/v1/self")) !== undefined);
  return { org, at, url: `http://127.0.0.1:${at.operations}`, child };
}

describe("members that talk to each other", () => {
  test("tags, services, events and queries, through two daemons", async (t) => {
    const org = await organisation(await temporaryFolder(t));
    const [one, two] = [await ports(), await ports()];
    const urls = [one, two].map(({ operations }) => `http://127.0.0.1:${operations}`);
    const [url = "", other = ""] = urls;
    const bootstrap = { CORE_PEER_GOSSIP_BOOTSTRAP: `127.0.0.1:${one.port}` };
    const tags = { CORE_FABRICGOSSIP_TAGS: "role=shop,http=10.0.0.5:80" };
    launch(t, ["start"], peerEnvironment(org, 0, one, bootstrap));
    const second = launch(t, ["start"], peerEnvironment(org, 1, two, { ...bootstrap, ...tags }));
    const isSeen = async (): Promise<boolean> =>
      ((await get<unknown[]>(one.operations, "/api/v1/members?tag=role=shop")) ?? []).length === 1;
    await until("its tags are seen", isSeen);

    const watch = launch(t, ["event", "watch", "deploy", "--url", other]);
    const large = join(await temporaryFolder(t), "large");
    await writeFile(large, new Uint8Array(30_000));
    const sent: (typeof watch)[] = [];
    // It is heard by whoever listens already: how soon that is nobody can say.
    await until("it is heard", async () => {
      const send = ["event", "send", "deploy", "--payload", "v17 ü", "--tag", "role=shop"];
      sent.push(launch(t, [...send, "--url", url]));
      await sent.at(-1)?.finished;
      return watch.output().includes(" deploy Org1MSP ");
    });
    assert.match(watch.output(), new RegExp(`deploy Org1MSP 127\\.0\\.0\\.1:${one.port} v17 ü\n`));
    const verbs = [
      ["members", "--tag", "role=shop", "--url", url],
      ["services", "--url", url],
      ["members", "--tag", "role=none", "--tag", "zone=1", "--url", url],
      ["query", "fabric-gossip:version", "--url", url],
      ["query", "unknown", "--tag", "role=shop", "--url", url],
      ["event", "send", "x".repeat(129), "--url", url],
      ["query", "q", "--tag", "role=none", "--url", url],
      ["event", "send", "..", "--file", large, "--url", url],
    ];
    const done = await Promise.all(verbs.map((verb) => run(t, verb)));
    const [members, services, noMembers, query, unknown, long, nobody, wrong] = done;
    assert.match(members?.stdout ?? "", /^ENDPOINT .* TAGS\n/);
    assert.equal(members?.stdout.includes(`:${one.port} `), false);
    assert.match(
      members?.stdout ?? "",
      /role=shop http=10\.0\.0\.5:80|http=10\.0\.0\.5:80 role=shop/,
    );
    assert.match(noMembers?.stdout ?? "", /^No member has the tags role=none zone=1: .*\n$/);
    assert.match(services?.stdout ?? "", /^shop +passing +http=10\.0\.0\.5:80 /m);
    assert.deepEqual([query?.code, query?.stdout.trim().split("\n").length], [0, 2]);
    assert.equal(unknown?.code, 1);
    assert.match(unknown?.stderr ?? "", /did not answer: no-answerer/);
    assert.equal(long?.code, 2);
    assert.match(long?.stderr ?? "", /1 to 128 bytes/);
    assert.deepEqual([nobody?.code, nobody?.stdout, wrong?.code], [1, "", 2]);
    assert.match(nobody?.stderr ?? "", /^Nobody was asked: /);
    assert.match(wrong?.stderr ?? "", /at most 16384 bytes/);

    second.child.kill("SIGKILL");
    await until("it tells that the node is gone", () => watch.output().includes("No node answers"));
    watch.child.kill("SIGINT");
    const { code, stderr } = await watch.finished;
    assert.equal(code, 0);
    assert.match(stderr, /^the stream ended; connecting again in 0\.5 s\nNo node answers at /);
  });
});

test("--watch waits for a node that is gone, and ends with 0 when it is stopped", async (t) => {
  const org = await organisation(await temporaryFolder(t));
  const at = await ports();
  const environment = peerEnvironment(org, 0, at);
  const url = `http://127.0.0.1:${at.operations}`;
  const first = launch(t, ["start"], environment);
  await until("it answers", async () => (await get(at.operations, "/api/v1/self")) !== undefined);
  const watches = ["members", "connections"].map((verb) =>
    launch(t, [verb, "--watch", "--url", url]),
  );
  const [members] = watches;
  const tables = () => members?.output().split("ENDPOINT ").length ?? 0;
  await until("tables", () => tables() > 2);
  first.child.kill("SIGTERM");
  await until("it is gone", () => members?.output().includes(`No node answers at ${url}`) ?? false);
  launch(t, ["start"], environment);
  const before = tables();
  await until("tables of its next life", () => tables() > before);
  for (const [i, signal] of (["SIGINT", "SIGTERM"] as const).entries()) {
    watches[i]?.child.kill(signal);
    assert.equal((await watches[i]?.finished)?.code, 0);
  }
});

describe("why", () => {
  test("0 for who is visible, 1 for who is not, 2 for what is no peer", async (t) => {
    const { at, url } = await startMember(t);
    const self = await run(t, ["why", `127.0.0.1:${at.port}`, "--url", url]);
    assert.equal(self.code, 0);
    assert.match(self.stdout, /is visible\.\n {2}That is this node itself/);
    const nobody = await run(t, ["why", "nobody:7051", "--url", url]);
    assert.equal(nobody.code, 1);
    assert.match(nobody.stdout, /^nobody:7051 is not visible\.\n {2}Nothing was ever heard of/);
    assert.match(nobody.stdout, /^What to do: /m);
    const json = await run(t, ["why", "nobody:7051", "--url", url, "--json"]);
    const explanation: Explanation = JSON.parse(json.stdout);
    assert.deepEqual([json.code, explanation.visible, explanation.pkiId], [1, false, null]);
    const wrong = await run(t, ["why", "nobody", "--url", url]);
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /^error: "nobody" names no peer that is known: write/);
  });

  test("tells why a bootstrap peer cannot be joined, and when it is tried again", async (t) => {
    const gone = `127.0.0.1:${await freePort()}`;
    const { url } = await startMember(t, { CORE_PEER_GOSSIP_BOOTSTRAP: gone });
    const args = ["why", gone, "--url", url, "--json"];
    let told: Explanation | undefined;
    await until("it has failed", async () => {
      told = JSON.parse((await run(t, args)).stdout);
      return told?.lastFailure != null;
    });
    assert.deepEqual(told?.lastFailure?.code, "unreachable");
    assert.match(told?.lastFailure?.reason ?? "", /ECONNREFUSED/);
    assert.equal(told?.next?.action, "contact");
    assert.match(told?.remedy ?? "", /Check that it runs/);
  });
});

describe("channels and logspec", () => {
  test("no channel is an empty list, and a sentence", async (t) => {
    const { url } = await startMember(t);
    assert.equal((await run(t, ["channels", "--url", url, "--json"])).stdout, "[]\n");
    const { stdout, code } = await run(t, ["channels", "--url", url]);
    assert.equal(code, 0);
    assert.match(stdout, /^No channel is followed: name some under fabricGossip\.channels/);
  });

  test("a channel is listed although its configuration is not known yet", async (t) => {
    const { url } = await startMember(t, { CORE_FABRICGOSSIP_CHANNELS: "mychannel" });
    const { stdout } = await run(t, ["channels", "--url", url]);
    assert.match(stdout, /^NAME +ROLE +HEIGHT +MEMBERS +BEHIND +CONFIG +LAST BLOCK/);
    assert.match(stdout, /^mychannel +observer +0 +0 +0 +unknown/m);
  });

  test("levels are read and set; a wrong one is explained, exit 2", async (t) => {
    const { url } = await startMember(t);
    assert.equal((await run(t, ["logspec", "get", "--url", url])).stdout, "info\n");
    const spec = "gossip.discovery=debug:warn";
    assert.equal((await run(t, ["logspec", "set", spec, "--url", url])).code, 0);
    const { stdout } = await run(t, ["logspec", "get", "--json", "--url", url]);
    assert.deepEqual(JSON.parse(stdout), { spec });
    const wrong = await run(t, ["logspec", "set", "loud", "--url", url]);
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /error: .*no level called "loud"; write levels like/);
  });
});

describe("events", () => {
  test("one line an event, over a restart of the node, until told to stop: exit 0", async (t) => {
    const { org, at, url, child } = await startMember(t);
    const stranger = await strangerTo(t, org);
    const text = launch(t, ["events", "--url", url], { NO_COLOR: "1" });
    const json = launch(t, ["events", "--url", url, "--json"]);
    const bootstrap = { CORE_PEER_GOSSIP_BOOTSTRAP: `127.0.0.1:${at.port}` };
    // They are connected once they tell of something that we make happen again and again.
    for (const { output } of [text, json]) {
      await until("it is connected", async () => {
        await probeEndpoint(stranger, `127.0.0.1:${at.port}`);
        return output().includes("handshake-failed");
      });
    }
    launch(t, ["start"], peerEnvironment(org, 1, await ports(), bootstrap));
    for (const { output } of [text, json]) {
      await until("it tells of the second member", () => output().includes("member-joined"));
    }
    assert.match(
      text.output(),
      /^\d\d:\d\d:\d\d\.\d{3} member-joined +127\.0\.0\.1:\d+ joined \(Org1MSP [0-9a-f]{16}\)$/m,
    );
    const events: GossipEvent[] = json
      .output()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    assert.ok(events.every(({ id }, i) => i === 0 || id === (events[i - 1]?.id ?? 0) + 1));

    child.kill("SIGKILL");
    await until("they notice", () => text.output().includes("the stream ended; connecting again"));
    launch(t, ["start"], peerEnvironment(org, 0, at, bootstrap));
    await until("they are told of the gap", () => {
      return /\.\.\. the events while the node was restarted were missed/.test(text.output());
    });
    await until("so are programs", () => json.output().includes('{"type":"gap","missed":null}'));
    for (const { child: verb, finished } of [text, json]) {
      verb.kill("SIGTERM");
      assert.equal((await finished).code, 0);
    }
  });

  /** Somebody of an organisation that nobody trusts, who can dial us. */
  async function strangerTo(t: TestContext, org: GeneratedOrganisation): Promise<Config> {
    const other = await organisation(await temporaryFolder(t), "org9.example.com");
    const env = peerEnvironment(other, 0, await ports(), {
      CORE_PEER_LOCALMSPID: "Org9MSP",
      CORE_PEER_TLS_ROOTCERT_FILE: join(org.peers[0]?.folder ?? "", "tls/ca.crt"),
    });
    return loadConfig({ env });
  }

  test("of a node that does not run: exit 3", async (t) => {
    const { code, stderr } = await run(t, [
      "events",
      "--url",
      `http://127.0.0.1:${await freePort()}`,
    ]);
    assert.equal(code, 3);
    assert.match(stderr, /No node answers at/);
  });
});

describe("a node whose operations endpoint speaks TLS", () => {
  async function startTls(t: TestContext) {
    const org = await organisation(await temporaryFolder(t));
    const at = await ports();
    const tls = (name: string): string => join(org.peers[0]?.folder ?? "", "tls", name);
    const env = peerEnvironment(org, 0, at, {
      CORE_OPERATIONS_TLS_ENABLED: "true",
      CORE_OPERATIONS_TLS_CERT_FILE: tls("server.crt"),
      CORE_OPERATIONS_TLS_KEY_FILE: tls("server.key"),
      CORE_OPERATIONS_TLS_CLIENTROOTCAS_FILES: tls("ca.crt"),
    });
    const running = launch(t, ["start"], env);
    await until("it runs", () => running.output().includes("gossips as"));
    return { at, env, tls, url: `https://127.0.0.1:${at.operations}` };
  }

  test("is reached with CA and client certificate, by flags, environment or configuration", async (t) => {
    const { url, tls, env } = await startTls(t);
    const [ca, cert, key] = [tls("ca.crt"), tls("server.crt"), tls("server.key")];
    const flags = ["--url", url, "--ca", ca, "--cert", cert, "--key", key];
    for (const verb of [["members"], ["why", "a:1"], ["logspec", "get"], ["channels"]]) {
      const { code, stderr } = await run(t, [...verb, ...flags]);
      assert.equal(stderr, "");
      assert.ok(code === 0 || verb[0] === "why");
    }
    const variables = {
      FABRIC_GOSSIP_URL: url,
      FABRIC_GOSSIP_CA: ca,
      FABRIC_GOSSIP_CERT: cert,
      FABRIC_GOSSIP_KEY: key,
    };
    assert.equal((await run(t, ["members"], variables)).code, 0);
    const empty = Object.fromEntries(Object.keys(variables).map((name) => [name, ""]));
    const elsewhere = { ...empty, CORE_OPERATIONS_LISTENADDRESS: "127.0.0.1:1" };
    const { code, stderr } = await run(t, ["members"], elsewhere);
    assert.equal(code, 3);
    assert.match(stderr, /^No node answers at http:\/\/127\.0\.0\.1:1 /);
    const file = join(await temporaryFolder(t), "core.yaml");
    await writeFile(file, "peer: {}\n");
    assert.equal((await run(t, ["members", "--config", file], env)).code, 0);
    assert.equal((await run(t, ["members"], env)).code, 0, "in the node's own environment");
    const events = launch(t, ["events", ...flags]);
    await until("it listens to signals", () => hearsHangup(events.child.pid));
    events.child.kill("SIGINT");
    assert.deepEqual([(await events.finished).code, events.output()], [0, ""]);
  });

  test("and otherwise says what is missing: exit 3", async (t) => {
    const { url, tls, at } = await startTls(t);
    const ca = ["--ca", tls("ca.crt")];
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [
        ["--url", url],
        /its TLS certificate is of a CA that we do not trust .*: give the CA with --ca/,
      ],
      [["--url", url, ...ca], /asks for a client certificate: give --cert and --key/],
      [["--url", `http://127.0.0.1:${at.operations}`], /if it speaks TLS, write https:\/\//],
      [
        ["--url", `https://127.0.0.2:${at.operations}`, ...ca],
        /No node answers|certificate is not for 127\.0\.0\.2/,
      ],
    ];
    for (const [flags, sentence] of cases) {
      const { code, stderr } = await run(t, ["members", ...flags]);
      assert.equal(code, 3, stderr);
      assert.match(stderr, sentence);
    }
  });

  test("TLS towards a port without it: exit 3", async (t) => {
    const { at } = await startMember(t);
    const { code, stderr } = await run(t, [
      "members",
      "--url",
      `https://127.0.0.1:${at.operations}`,
    ]);
    assert.equal(code, 3);
    assert.match(stderr, /port does not speak TLS: write http:/);
  });

  test("files that are none, and half a pair: all told at once, exit 2", async (t) => {
    const file = join(await temporaryFolder(t), "x");
    await writeFile(file, "x");
    const { code, stderr } = await run(t, ["members", "--ca", file, "--cert", "/nowhere"]);
    assert.equal(code, 2);
    assert.match(stderr, /--cert and --key belong together/);
    assert.match(stderr, /--ca .* cannot be used: there is no PEM block in it/);
    assert.match(stderr, /--cert \/nowhere does not exist: check the path/);
  });

  test("no verb ever prints a private key", async (t) => {
    const { url, tls, env } = await startTls(t);
    const flags = ["--url", url, "--ca", tls("ca.crt")];
    const pair = ["--cert", tls("server.crt"), "--key", tls("server.key")];
    const key = (await readFile(tls("server.key"), "utf8")).split("\n")[1] ?? "none";
    for (const args of [
      ["members", ...flags, ...pair],
      ["identities", ...flags, ...pair, "--json"],
      ["doctor"],
    ]) {
      const { stdout, stderr } = await run(t, args, env);
      assert.ok(!`${stdout}${stderr}`.includes(key) && !/PRIVATE/.test(stdout), args[0]);
    }
  });
});
