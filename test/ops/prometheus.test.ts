/** What real members tell, and a real Prometheus that reads it; skipped where there is none. */
import assert from "node:assert/strict";
import { execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { METRICS } from "../../src/ops/metrics.ts";
import {
  get,
  launch,
  organisation,
  peerEnvironment,
  ports,
  temporaryFolder,
  until,
} from "../cli/program.ts";
import { freePort } from "../ports.ts";
import { parseExposition } from "./parse-exposition.ts";

const ROOT = join(import.meta.dirname, "../..");
const run = promisify(execFile);

function isMissing(program: string): string | false {
  try {
    execFileSync(program, ["--version"], { stdio: "ignore" });
    return false;
  } catch {
    return `${program} is not installed (Debian: apt-get install prometheus)`;
  }
}

/** Two members of one organisation that see each other; the ports of their operations endpoints. */
async function startMembers(t: TestContext): Promise<readonly number[]> {
  const org = await organisation(await temporaryFolder(t));
  const [a, b] = [await ports(), await ports()];
  launch(t, ["start"], peerEnvironment(org, 0, a));
  const bootstrap = { CORE_PEER_GOSSIP_BOOTSTRAP: `127.0.0.1:${a.port}` };
  launch(t, ["start"], peerEnvironment(org, 1, b, bootstrap));
  await until("they see each other", async () => {
    const views = await Promise.all(
      [a, b].map(({ operations }) => get<readonly unknown[]>(operations, "/api/v1/members")),
    );
    return views.every((members) => members?.length === 2);
  });
  return [a.operations, b.operations];
}

describe("a running member", () => {
  test("tells its metrics in the strict format, Fabric's counts agreeing with ours", async (t) => {
    const [port] = await startMembers(t);
    const response = await fetch(`http://127.0.0.1:${port}/metrics`);
    assert.equal(response.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    const families = parseExposition(await response.text());
    const values = (name: string, label: string): ReadonlyMap<string, number> =>
      new Map(
        families.get(name)?.samples.map(({ labels, value }) => [labels.get(label) ?? "", value]),
      );
    for (const direction of ["sent", "received"]) {
      const byType = values(`gossip_messages_${direction}_total`, "type");
      const all = [...byType.values()].reduce((sum, value) => sum + value, 0);
      const fabrics = values(`gossip_comm_messages_${direction}`, "").get("") ?? 0;
      assert.ok(fabrics > 0);
      assert.equal(fabrics, all - (byType.get("conn-establish") ?? 0));
    }
    const remaining = values("gossip_own_certificate_remaining_seconds", "certificate");
    assert.deepEqual([...remaining.keys()], ["enrolment", "tls-server", "tls-client"]);
    for (const seconds of remaining.values()) assert.ok(seconds > 86_400);
    const checks = families.get("gossip_signature_check_seconds")?.samples.at(-1);
    assert.ok(checks !== undefined && checks.value > 0);
  });
});

describe("promtool", { skip: isMissing("promtool") }, () => {
  test("finds nothing to say about a member's metrics but the names that are Fabric's", async (t) => {
    const [port] = await startMembers(t);
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    const findings = await checkMetrics(text);
    const fabrics = METRICS.filter(({ isFabrics }) => isFabrics).map(({ name }) => name);
    const suffix =
      /^(\w+) (counter metrics should have "_total"|non-histogram .* "_count") suffix$/;
    for (const finding of findings) {
      const [, name = finding] = suffix.exec(finding) ?? [];
      assert.ok(fabrics.includes(name), finding);
    }
  });

  test("finds the rules of the alerts right, each one in its place", async () => {
    await run("promtool", ["check", "rules", join(ROOT, "deploy/prometheus/alerts.yaml")]);
    await run("promtool", ["test", "rules", join(ROOT, "test/ops/alerts.promtool.yaml")]);
  });
});

/** What `promtool check metrics` says, line by line. */
async function checkMetrics(text: string): Promise<readonly string[]> {
  const child = spawn("promtool", ["check", "metrics"], { stdio: ["pipe", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said += chunk;
  });
  child.stdin.end(text);
  await once(child, "close");
  return said.split("\n").filter((line) => line !== "");
}

describe("Prometheus", { skip: isMissing("prometheus") }, () => {
  test("scrapes members, and every panel and alert has an answer", async (t) => {
    const targets = (await startMembers(t)).map((port) => `127.0.0.1:${port}`);
    const url = await startPrometheus(t, targets);
    await until("both have been scraped a few times", async () => {
      const count = await query(url, "min(count_over_time(up[1h])) * min(up)");
      return Number(count[0]?.value[1]) >= 4 && count.length === 1;
    });
    const views = await query(url, 'gossip_members{status="alive"}');
    assert.deepEqual(
      views.map(({ value }) => value[1]),
      ["2", "2"],
    );
    const agreement =
      "max by (scope) (gossip_view_checksum) == min by (scope) (gossip_view_checksum)";
    assert.equal((await query(url, agreement)).length, 2);
    for (const { title, expr } of await panels()) {
      const answer = await query(url, expr);
      // What did not happen between two members that are well has no series.
      const isRare = /rejected|refused|failed|Identities/.test(title);
      const isOfChannels = /gossip_channel_|gossip_state_/.test(expr); // They follow none.
      assert.ok(answer.length > 0 || isRare || isOfChannels, `${title}: ${expr}`);
    }
    const rules = await api(url, "/api/v1/rules");
    const broken = rules.groups
      ?.flatMap((group) => group.rules)
      .filter(({ health }) => health === "err");
    assert.deepEqual(broken, []);
    assert.deepEqual(await query(url, 'ALERTS{alertstate="firing"}'), []);
  });
});

async function startPrometheus(t: TestContext, targets: readonly string[]): Promise<string> {
  const folder = await temporaryFolder(t);
  const config = {
    global: { scrape_interval: "1s", evaluation_interval: "1s" },
    rule_files: [join(ROOT, "deploy/prometheus/alerts.yaml")],
    scrape_configs: [{ job_name: "fabric-gossip", static_configs: [{ targets }] }],
  };
  const file = join(folder, "prometheus.json");
  await writeFile(file, JSON.stringify(config)); // Which is YAML as well.
  const listen = `127.0.0.1:${await freePort()}`;
  const child = spawn(
    "prometheus",
    [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=${listen}`,
    ],
    { stdio: "ignore" },
  );
  const exited = once(child, "exit");
  t.after(async () => {
    child.kill("SIGKILL");
    await exited; // Before its folder is removed.
  });
  await until("Prometheus is ready", async () => {
    if (child.exitCode !== null) throw new Error(`prometheus ended with ${child.exitCode}`);
    return (await fetch(`http://${listen}/-/ready`).catch(() => undefined))?.ok === true;
  });
  return `http://${listen}`;
}

interface Answer {
  readonly result?: readonly { readonly value: readonly [number, string] }[];
  readonly groups?: readonly { readonly rules: readonly { readonly health: string }[] }[];
}

async function api(url: string, path: string): Promise<Answer> {
  const response = await fetch(url + path);
  const body = (await response.json()) as { data: Answer; error?: string };
  assert.ok(response.ok, `${path}: ${body.error}`);
  return body.data;
}

async function query(url: string, expression: string): Promise<NonNullable<Answer["result"]>> {
  const { result } = await api(url, `/api/v1/query?query=${encodeURIComponent(expression)}`);
  return result ?? [];
}

/** The panels of the dashboard, with what Grafana would put in for its variables. */
async function panels(): Promise<readonly { readonly title: string; readonly expr: string }[]> {
  const text = await readFile(join(ROOT, "deploy/grafana/fabric-gossip.json"), "utf8");
  const dashboard: {
    readonly panels: readonly {
      readonly title: string;
      readonly targets?: readonly { readonly expr: string }[];
    }[];
  } = JSON.parse(text);
  return dashboard.panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({
      title,
      expr: expr.replaceAll(/\$(job|instance)/g, ".*").replaceAll("$__rate_interval", "1m"),
    })),
  );
}
