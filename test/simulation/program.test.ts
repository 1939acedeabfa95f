/** `fabric-gossip simulate` as a program: what it prints, writes and returns. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { MAIN } from "../main-program.ts";

function simulate(...flags: readonly string[]) {
  return spawnSync(process.execPath, [MAIN, "simulate", ...flags], { encoding: "utf8" });
}

/** The first two of five members are the contacts of all: without them, nobody finds anybody. */
const withoutContacts = "--scenario calm --nodes 5 --minutes 0.1 --only-members 2,3,4".split(" ");

describe("fabric-gossip simulate", () => {
  test("ends with one line of JSON", () => {
    const { stdout, status } = simulate(
      ..."--scenario calm --nodes 4 --orgs 2 --seed 9 --minutes 0.5 --json".split(" "),
    );
    const [line = "", ...rest] = stdout.trimEnd().split("\n").reverse();
    const result = JSON.parse(line);
    assert.deepEqual([status, rest], [0, []]);
    assert.deepEqual(Object.keys(result).slice(0, 11), [
      "seed",
      "nodes",
      "virtualSeconds",
      "wallSeconds",
      "peakRssMb",
      "converged",
      "convergeSeconds",
      "violations",
      "messages",
      "bytes",
      "coverage",
    ]);
    assert.deepEqual(
      [result.seed, result.nodes, result.virtualSeconds, result.violations, result.coverage],
      [9, 4, 30, [], 1],
    );
  });

  test("says so where no heartbeat was measured", () => {
    const folder = mkdtempSync(join(tmpdir(), "simulate-"));
    const page = join(folder, "report.html");
    try {
      const short = "--scenario calm --nodes 2 --minutes 0.1".split(" ");
      const { stdout } = simulate(...short, "--report", page);
      assert.match(stdout, /all is well.* messages, no heartbeat was measured$/m);
      assert.match(readFileSync(page, "utf8"), /<dt>coverage<.dt><dd>not measured</);
      const one = JSON.parse(simulate(...short, "--json").stdout);
      assert.equal(one.coverage, null);
      const { coverage, hops, latencyMs } = one.dissemination;
      assert.deepEqual([coverage, hops, latencyMs], [null, null, null]);
      const many = simulate(...short, "--seeds", "2", "--json");
      assert.equal(JSON.parse(many.stdout).coverage, null);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("sums up many seeds", () => {
    const { stdout, status } = simulate(
      ..."--scenario calm --nodes 3 --minutes 0.2 --seed-range 4..6 --json".split(" "),
    );
    const { seeds, failedSeeds, virtualSeconds, ...rest } = JSON.parse(stdout);
    assert.deepEqual([status, seeds, failedSeeds, virtualSeconds], [0, 3, [], 36]);
    const ofOne = ["dissemination", "traffic", "steady", "trace"].filter((name) => name in rest);
    assert.deepEqual(ofOne, [], "of no single seed");
  });

  test("gives the same on several cores as on one", () => {
    const flags = "--scenario churn --nodes 4 --minutes 0.2 --seed-range 1..4 --json".split(" ");
    const on = (cores: string) => {
      const { stdout } = simulate(...flags, "--cores", cores);
      return { ...JSON.parse(stdout), wallSeconds: 0, cpuSeconds: 0, peakRssMb: 0 };
    };
    assert.deepEqual(on("3"), on("1"));
  });

  test("finds the smallest part of a seed that fails, with the command that repeats it", () => {
    const { stderr, stdout, status } = simulate(...withoutContacts, "--find", "1");
    assert.equal(status, 1);
    assert.match(
      stdout,
      /^2 members, 0 faults, [\d.]+ s: the smallest of \d+ runs that fails as seed 1/,
    );
    assert.match(
      stderr,
      /again: .* --seed 1 .* --only-seconds [\d.]+ --only-members \d,\d --only-faults ""/,
    );
    const [, command = ""] = /again: npx fabric-gossip simulate (.*)/.exec(stderr) ?? [];
    assert.equal(simulate(...command.replaceAll('"', "").split(" ")).status, 1);
  });

  test("finds nothing in a seed that does not fail, as JSON if asked so", () => {
    const flags = "--scenario calm --nodes 3 --minutes 0.1 --find 1 --json".split(" ");
    const { stdout, status } = simulate(...flags);
    assert.equal(status, 0);
    assert.deepEqual(JSON.parse(stdout).violations, []);
  });

  test("lists all mistakes at once and exits 2", () => {
    const { stderr, status } = simulate("--nodes", "0", "--scenario", "chaos", "--minutes", "x");
    assert.equal(status, 2);
    assert.equal(stderr.trimEnd().split("\n").length, 3);
  });

  test("refuses a report that cannot be written before it begins", () => {
    const { stderr, status } = simulate("--report", join(tmpdir(), "no", "such", "folder.html"));
    assert.equal(status, 2);
    assert.match(stderr, /cannot be written/);
  });

  test("fails with the command that repeats it", () => {
    const { stderr, stdout, status } = simulate(...withoutContacts, "--seed", "1");
    assert.equal(status, 1);
    assert.match(stderr, /not everybody is found/);
    assert.match(stderr, /again: npx fabric-gossip simulate --scenario calm --seed 1 --nodes 5/);
    assert.match(stdout, /1 failed.*; views were incomplete 120 s after the last fault;/);
  });

  test("writes a page that needs nothing else", () => {
    const folder = mkdtempSync(join(tmpdir(), "simulate-"));
    const file = join(folder, "report.html");
    try {
      const flags = `--scenario partition --nodes 6 --minutes 1 --report ${file}`.split(" ");
      const { stdout } = simulate(...flags);
      const page = readFileSync(file, "utf8");
      assert.match(stdout, /all is well/);
      assert.match(page, /fabric-gossip simulate --scenario partition --seed 1 --nodes 6/);
      assert.equal(page.match(/<svg /g)?.length, 8);
      assert.match(page, /cut off from/);
      assert.doesNotMatch(page, /https?:|<script|<link|<img|url\(|NaN|undefined/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
