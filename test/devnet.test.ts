import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import type { MemberRow } from "../src/devnet/supervisor.ts";
import type { Json } from "../src/observe/json.ts";
import type { Member } from "../src/observe/views.ts";
import { isRunning } from "./children.ts";
import {
  type DevnetProcess,
  eventually,
  portsOpen,
  runDevnet,
  startDevnet,
} from "./devnet-process.ts";

const BASE_PORT = 19_420;
const OPTIONS = ["--orgs", "2", "--peers", "2", "--fast", "--base-port", String(BASE_PORT)];
const NAMES = ["peer0.org1", "peer1.org1", "peer0.org2", "peer1.org2"];

async function getMembers({ url }: DevnetProcess): Promise<readonly MemberRow[]> {
  const response = await fetch(`${url}/api/v1/devnet`);
  return ((await response.json()) as { members: MemberRow[] }).members;
}

async function post({ url }: DevnetProcess, path: string, headers = {}): Promise<[number, string]> {
  const response = await fetch(`${url}/api/v1/devnet/${path}`, { method: "POST", headers });
  return [response.status, await response.text()];
}

/** `peer0.org1: peer1.org1 alive, ...` for each member that answers, without what it says of itself. */
async function getOpinions(devnet: DevnetProcess): Promise<Record<string, Record<string, string>>> {
  const names = new Map((await getMembers(devnet)).map(({ name, endpoint }) => [endpoint, name]));
  const response = await fetch(`${devnet.url}/api/v1/devnet/views`);
  const views = (await response.json()) as Record<string, Json<Member>[]>;
  const opinions = Object.entries(views).map(([observer, view]) => {
    const others = view.filter(({ self }) => !self);
    const opinion = others.map((m) => [names.get(m.internalEndpoint || m.endpoint), m.status]);
    return [observer, Object.fromEntries(opinion)];
  });
  return Object.fromEntries(opinions);
}

/** Waits until every other member says `status` of this one; undefined: does not know it. */
async function awaitStatus(devnet: DevnetProcess, name: string, status?: string): Promise<void> {
  const others = NAMES.filter((other) => other !== name);
  await eventually(`${name} is ${status} for all others`, async () => {
    const opinions = await getOpinions(devnet);
    return others.every((o) => opinions[o] && opinions[o][name] === status) || undefined;
  });
}

/** Waits until all members say this, and nothing else. */
async function awaitOpinions(
  devnet: DevnetProcess,
  wanted: Record<string, Record<string, string>>,
): Promise<void> {
  await eventually(
    JSON.stringify(wanted),
    async () => isDeepStrictEqual(await getOpinions(devnet), wanted) || undefined,
  );
}

async function partition({ url }: DevnetProcess, groups: string[][]): Promise<[number, unknown]> {
  const body = JSON.stringify({ groups });
  const response = await fetch(`${url}/api/v1/devnet/partition`, { method: "POST", body });
  return [response.status, await response.json()];
}

async function awaitFullView(devnet: DevnetProcess): Promise<void> {
  for (const name of NAMES) await awaitStatus(devnet, name, "alive");
}

describe("a devnet of 2 x 2", () => {
  let devnet: DevnetProcess;
  before(async () => {
    devnet = await startDevnet(OPTIONS, {
      CORE_PEER_LOCALMSPID: "NobodyMSP",
      CORE_PEER_GOSSIP_ALIVETIMEINTERVAL: "1h",
      FABRIC_CFG_PATH: "/nowhere",
    });
  });
  after(async () => {
    await devnet?.stop();
  });

  test("lists its members, all running, whatever the user's environment says", async () => {
    const members = await getMembers(devnet);
    assert.deepEqual(
      members.map(({ pid, ...rest }) => ({ ...rest, pid: typeof pid })),
      NAMES.map((name, index) => ({
        name,
        mspId: index < 2 ? "Org1MSP" : "Org2MSP",
        endpoint: `127.0.0.1:${BASE_PORT + 1 + 2 * index}`,
        operations: `http://127.0.0.1:${BASE_PORT + 2 + 2 * index}`,
        status: "running",
        pid: "number",
      })),
    );
    assert.equal(new Set(members.map(({ pid }) => pid)).size, NAMES.length);
  });

  test("comes to see all members from every member, and prints them", async () => {
    await awaitFullView(devnet);
    const output = await eventually("the table", async () =>
      devnet.output().includes("SEEN BY") ? devnet.output() : undefined,
    );
    assert.match(output, /all 4 members listen after [\d.]+ s and see each other [\d.]+ s later/);
    assert.match(output, /^ask one: .* members --url http:\/\/127\.0\.0\.1:\d+$/m);
    for (const name of NAMES) assert.match(output, new RegExp(`${name} .* running +3 alive +all`));
  });

  test("shows a killed member as dead to all others, and alive when started again", async () => {
    const [status, body] = await post(devnet, "members/peer1.org2/kill");
    assert.equal(status, 200);
    assert.deepEqual(JSON.parse(body), (await getMembers(devnet))[3]);
    assert.partialDeepStrictEqual(JSON.parse(body), { status: "stopped", pid: null });
    await awaitStatus(devnet, "peer1.org2", "dead");
    assert.equal((await post(devnet, "members/peer1.org2/start"))[0], 200);
    await awaitFullView(devnet);
  });

  test("makes others forget a revoked member, until it has a new certificate", async () => {
    assert.equal((await post(devnet, "members/peer0.org2/revoke"))[0], 200);
    await awaitStatus(devnet, "peer0.org2", undefined);
    assert.equal((await post(devnet, "members/peer0.org2/renew"))[0], 200);
    await awaitFullView(devnet);
  });

  test("notices a member that ends by itself, and keeps its last words", async () => {
    const { pid } = (await getMembers(devnet))[1] ?? {};
    process.kill(pid ?? 0, "SIGKILL");
    await eventually("stopped", async () => {
      return (await getMembers(devnet))[1]?.status === "stopped" || undefined;
    });
    await eventually("a line", async () => {
      return /peer1.org1 ended .*SIGKILL/.exec(devnet.output()) ?? undefined;
    });
    const log = await fetch(`${devnet.url}/api/v1/devnet/members/peer1.org1/log`);
    assert.match(await log.text(), /peer1\.org1 of Org1MSP gossips as/);
    assert.deepEqual(await post(devnet, "members/peer1.org1/pause"), [
      409,
      '{"error":"peer1.org1 is stopped, so it cannot pause; start it first."}',
    ]);
  });

  const refused = [
    { name: "an unknown member", path: "members/peer9.org9/stop", headers: {}, status: 404 },
    { name: "an unknown action", path: "members/peer0.org1/eat", headers: {}, status: 404 },
    { name: "a partition without groups", path: "partition", headers: {}, status: 400 },
    {
      name: "a partition that another page asks for",
      path: "partition",
      headers: { origin: "http://evil.example" },
      status: 403,
    },
    {
      name: "a request from another page",
      path: "members/peer0.org1/stop",
      headers: { origin: "http://evil.example" },
      status: 403,
    },
    {
      name: "a request that the browser says is from another site",
      path: "members/peer0.org1/stop",
      headers: { "sec-fetch-site": "cross-site" },
      status: 403,
    },
  ];
  for (const { name, path, headers, status } of refused) {
    test(`answers ${status} with a reason to ${name}`, async () => {
      const [actual, body] = await post(devnet, path, headers);
      assert.equal(actual, status);
      assert.match(JSON.parse(body).error, /\w/);
      assert.equal((await getMembers(devnet))[0]?.status, "running");
    });
  }

  test("takes the network apart, also for a member that is started meanwhile, and heals it", async () => {
    await post(devnet, "members/peer1.org1/start");
    await awaitFullView(devnet);
    const [here, there] = [NAMES.slice(0, 2), NAMES.slice(2)];
    assert.deepEqual(await partition(devnet, [here]), [200, { groups: [here, there] }]);
    const divided = {
      "peer0.org1": { "peer1.org1": "alive", "peer0.org2": "dead", "peer1.org2": "dead" },
      "peer1.org1": { "peer0.org1": "alive", "peer0.org2": "dead", "peer1.org2": "dead" },
      "peer0.org2": { "peer0.org1": "dead", "peer1.org1": "dead", "peer1.org2": "alive" },
      "peer1.org2": { "peer0.org1": "dead", "peer1.org1": "dead", "peer0.org2": "alive" },
    };
    await awaitOpinions(devnet, divided);
    await post(devnet, "members/peer1.org2/kill");
    await post(devnet, "members/peer1.org2/start");
    await eventually("the new process and its friend see each other only", async () => {
      const { "peer1.org2": opinion } = await getOpinions(devnet);
      return opinion?.["peer0.org2"] === "alive" || undefined;
    });
    const { "peer0.org1": other, "peer1.org2": started } = await getOpinions(devnet);
    assert.equal(other?.["peer1.org2"], "dead");
    assert.notEqual(started?.["peer0.org1"], "alive");
    assert.deepEqual(await partition(devnet, []), [200, { groups: [] }]);
    await awaitFullView(devnet);
  });

  test("lets a page read a member through it, and nothing else", async () => {
    const read = (path: string) => fetch(`${devnet.url}/api/v1/devnet/members/${path}`);
    const self = (await (await read("peer0.org2/api/self")).json()) as Json<Member>;
    assert.equal(self.endpoint, `127.0.0.1:${BASE_PORT + 5}`);
    const why = await read(`peer0.org2/api/why?peer=127.0.0.1:${BASE_PORT + 1}`);
    assert.equal(((await why.json()) as { visible: boolean }).visible, true);
    for (const path of [
      "peer0.org2/api/logspec",
      "peer9.org9/api/self",
      "peer0.org2/api/..%2fself",
    ]) {
      assert.equal((await read(path)).status, 404, path);
    }
    const messages = await read("peer0.org2/api/messages");
    assert.equal(messages.headers.get("content-type"), "text/event-stream; charset=utf-8");
    await messages.body?.cancel();
  });

  test("answers 403 to a host name that is not this machine's", async () => {
    const status = await new Promise((resolve, reject) => {
      const headers = { host: `evil.example:${BASE_PORT}` };
      const get = request(`${devnet.url}/api/v1/devnet`, { headers }, (response) => {
        resolve(response.resume().statusCode);
      });
      get.once("error", reject).end();
    });
    assert.equal(status, 403);
  });

  test("stops all soon after SIGTERM, paused ones too, and leaves nothing", async () => {
    const members = await getMembers(devnet);
    const [, folder = ""] = /: (\S+) \(removed at the end\)/.exec(devnet.output()) ?? [];
    assert.ok(existsSync(join(folder, "logs", "peer0.org1.log")));
    assert.equal((await post(devnet, "members/peer0.org1/pause"))[0], 200);
    const startedMs = performance.now();
    assert.equal(await devnet.stop(), 0);
    const tookMs = performance.now() - startedMs;
    assert.ok(tookMs < 30_000, `took ${tookMs} ms`);
    assert.deepEqual(await portsOpen(members), []);
    assert.equal(existsSync(folder), false);
  });
});

describe("a devnet that is killed", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "devnet-test-"));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  test("takes its members along, a paused one and one that is starting too", async () => {
    const devnet = await startDevnet([...OPTIONS, "--dir", folder]);
    await awaitFullView(devnet);
    const members = await getMembers(devnet);
    await post(devnet, "members/peer0.org1/pause");
    await post(devnet, "members/peer1.org1/kill");
    await post(devnet, "members/peer1.org1/start");
    const pids = (await getMembers(devnet)).flatMap(({ pid }) => pid ?? []);
    devnet.process.kill("SIGKILL");
    // One that is starting has no port open yet.
    await eventually("no member lives", async () => !pids.some(isRunning) || undefined);
    assert.deepEqual(await portsOpen(members), []);
  });

  test("finds its keys again in its folder, which is of no use for another size", async () => {
    const again = await startDevnet([...OPTIONS, "--dir", folder]);
    assert.match(again.output(), /keys kept from before/);
    const elsewhere = ["--base-port", String(BASE_PORT + 100)];
    const second = await runDevnet([...OPTIONS, ...elsewhere, "--dir", folder]);
    assert.equal(second.code, 2);
    assert.match(second.stderr, /^error: .* is in use by another devnet, process \d+; stop that/);
    assert.equal(await again.stop(), 0);
    const other = await runDevnet([...OPTIONS, "--peers", "3", "--dir", folder]);
    assert.equal(other.code, 2);
    assert.match(other.stderr, /^error: .* holds a devnet of 2 .* x 2 .*--dir\.\n$/);
  });
});

describe("devnet refuses with one sentence and exit code 2", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "devnet-test-"));
    await writeFile(join(folder, "notes.txt"), "mine");
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const cases = [
    { name: "no peers", options: () => ["--peers", "0"], says: /--peers 0 .* from 1 to 100/ },
    { name: "no folder", options: () => ["--dir", ""], says: /--dir is empty: name a folder/ },
    {
      name: "a folder that cannot be written",
      options: () => ["--dir", join(folder, "notes.txt", "devnet")],
      says: /a part of its path is a file.*name a writable folder with --dir/,
    },
    {
      name: "a folder of something else",
      options: () => ["--dir", folder],
      says: /not empty and holds no devnet; name a new folder with --dir/,
    },
  ];
  for (const { name, options, says } of cases) {
    test(name, async () => {
      const { code, stdout, stderr } = await runDevnet([...OPTIONS, ...options()]);
      assert.equal(code, 2);
      assert.equal(stdout, "");
      assert.match(stderr, says);
      assert.equal(stderr.trimEnd().split("\n").length, 1);
    });
  }

  test("a port that stays in use", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(BASE_PORT + 3, "127.0.0.1", resolve));
    try {
      const { code, stderr } = await runDevnet(OPTIONS);
      assert.equal(code, 2);
      assert.match(stderr, /^error: These ports .*: 19423 \(EADDRINUSE\);.* --base-port\.\n$/);
    } finally {
      server.close();
    }
  });
});
