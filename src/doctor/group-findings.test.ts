/** What doctor says of many contacts at once. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { error, type Finding, ok } from "./finding.ts";
import { groupFindings } from "./group-findings.ts";

async function linesOf(findings: readonly Finding[]): Promise<string[]> {
  async function* each(): AsyncGenerator<Finding> {
    yield* findings;
  }
  const lines: string[] = [];
  for await (const { message } of groupFindings(each())) lines.push(message);
  return lines;
}

function unreachable(name: string, code = "ECONNREFUSED"): Finding {
  const message = `${name} cannot be joined: connect ${code} 10.0.0.5:${name.length} (unreachable).`;
  return { ...error("bootstrap", message, "Check that it runs."), about: name };
}

const names = Array.from({ length: 3_000 }, (_, i) => `p${i}:7051`);

test("contacts of one fault are one line with how many there are, and the first names", async () => {
  assert.deepEqual(await linesOf(names.map((name) => unreachable(name))), [
    "p0:7051, p1:7051, p2:7051, p3:7051, p4:7051 and 2995 more cannot be joined: connect ECONNREFUSED (unreachable).",
  ]);
});

test("up to five have a line each", async () => {
  const few = names.slice(0, 5).map((name) => unreachable(name));
  assert.deepEqual(
    await linesOf(few),
    few.map(({ message }) => message),
  );
});

test("other faults, and other checks, have their own lines", async () => {
  const ten = names.slice(0, 10);
  const lines = await linesOf([
    ...ten.flatMap((name) => [unreachable(name), unreachable(name, "EHOSTUNREACH")]),
    ok("bootstrap", "x:1 answers."),
    ...ten.map((name) => ({ ...unreachable(name), check: "anchor" })),
    ok("clock", "The clock is right."),
  ]);
  assert.deepEqual(
    lines.map((line) => line.replace(/^p0:7051.* and 5 more cannot be joined: connect /, "")),
    [
      "x:1 answers.",
      "ECONNREFUSED (unreachable).",
      "EHOSTUNREACH (unreachable).",
      "ECONNREFUSED (unreachable).",
      "The clock is right.",
    ],
  );
});
