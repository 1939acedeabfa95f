import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { owned } from "./children.ts";
import { freePort, freePorts } from "./ports.ts";

/** More than a block has. */
const SINGLE = 60;
const IN_A_ROW = 120;

/** Prints the ports that it took, and holds them until its input ends. */
const TAKES = `
import { freePort, freePorts } from ${JSON.stringify(join(import.meta.dirname, "ports.ts"))};
const ports = [];
for (let i = 0; i < ${SINGLE}; i++) ports.push(await freePort());
const first = await freePorts(${IN_A_ROW});
for (let i = 0; i < ${IN_A_ROW}; i++) ports.push(first + i);
process.stdout.write(JSON.stringify(ports) + "\\n");
process.stdin.resume();
`;

test("processes that take ports at the same time get different ones", async () => {
  const others = Array.from({ length: 4 }, () => owned(spawnModule(TAKES)));
  const mine = [await freePort(), ...row(await freePorts(IN_A_ROW))];
  const theirs = await Promise.all(
    others.map(async ({ stdout }): Promise<readonly number[]> => {
      const [line] = await once(stdout.setEncoding("utf8"), "data");
      return JSON.parse(line);
    }),
  );
  const all = [...mine, ...theirs.flat()];
  assert.equal(all.length, 1 + IN_A_ROW + others.length * (SINGLE + IN_A_ROW));
  assert.equal(new Set(all).size, all.length);
  for (const { stdin } of others) stdin.end();
});

function row(first: number): readonly number[] {
  return Array.from({ length: IN_A_ROW }, (_, i) => first + i);
}

function spawnModule(code: string) {
  const words = ["--input-type=module", "--eval", code];
  return spawn(process.execPath, words, { stdio: ["pipe", "pipe", "inherit"] });
}
