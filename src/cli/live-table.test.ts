import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { MemberSummary } from "../devnet/observer.ts";
import { createLiveTable } from "./live-table.ts";

const NOW_MS = Date.parse("2030-01-01T12:00:00Z");

/** Two members that see each other, with changes to the second. */
function network(changes: Partial<MemberSummary> = {}): readonly MemberSummary[] {
  const member = (number: number): MemberSummary => ({
    name: `peer${number}.org1`,
    mspId: "Org1MSP",
    endpoint: `127.0.0.1:940${number}`,
    operations: "http://127.0.0.1:9500",
    pid: 70 + number,
    status: "running",
    sees: 1,
    seenBy: 1,
    observers: 1,
    identityExpires: "2030-01-02T00:00:00Z",
  });
  return [member(0), { ...member(1), ...changes }];
}

const STOPPED = { status: "stopped", pid: null, sees: undefined, seenBy: 0 } as const;

function tableOn(terminal: { isTTY?: boolean; columns?: number; rows?: number }) {
  const written: string[] = [];
  const table = createLiveTable({ ...terminal, write: (text: string) => written.push(text) });
  return { table, written };
}

describe("the live table without a terminal", () => {
  test("is printed once, when all is settled", () => {
    const { table, written } = tableOn({});
    table.show(network(), NOW_MS, false);
    assert.deepEqual(written, []);
    table.show(network(), NOW_MS, true);
    table.show(network(), NOW_MS, true);
    assert.deepEqual(written, [
      "\n" +
        "NAME        MSP      ENDPOINT        PID  STATUS   SEES     SEEN BY  EXPIRES\n" +
        "peer0.org1  Org1MSP  127.0.0.1:9400  70   running  1 alive  all      12h\n" +
        "peer1.org1  Org1MSP  127.0.0.1:9401  71   running  1 alive  all      12h\n\n",
    ]);
  });

  const changes = [
    { name: "a stop", changes: STOPPED, says: "stopped, seen alive by nobody" },
    {
      name: "a pause",
      changes: { sees: undefined },
      says: "running, no answer, seen alive by all",
    },
    {
      name: "a doubt",
      changes: { seenBy: 2, observers: 3 },
      says: "running, seen alive by 2 of 3",
    },
  ];
  for (const { name, changes: changed, says } of changes) {
    test(`prints one line for ${name}`, () => {
      const { table, written } = tableOn({});
      table.show(network(), NOW_MS, true);
      written.length = 0;
      table.show(network(changed), NOW_MS, true);
      table.show(network(changed), NOW_MS, true);
      assert.deepEqual(written, [`12:00:00 peer1.org1: ${says}\n`]);
    });
  }
});

describe("the live table on a terminal", () => {
  test("is drawn over itself, and lines stay above it", () => {
    const { table, written } = tableOn({ isTTY: true, columns: 100, rows: 24 });
    table.show(network(), NOW_MS, false);
    table.show(network(STOPPED), NOW_MS, true);
    table.say("peer1.org1 ended");
    table.show(network(STOPPED), NOW_MS, true);
    const erased = written.map((text) => text.startsWith("\x1b[4A\x1b[J"));
    assert.deepEqual(erased, [false, true, true, false]);
    assert.match(written[1] ?? "", /peer1\.org1 .* - +stopped/);
  });

  test("is no wider and no longer than the terminal", () => {
    const { table, written } = tableOn({ isTTY: true, columns: 30, rows: 6 });
    table.show([...network(), ...network(), ...network()], NOW_MS, true);
    const lines = (written[0] ?? "").trim().split("\n");
    assert.equal(lines.length, 4);
    assert.equal(lines.at(-1), "...");
    assert.ok(lines.every((line) => line.length < 30));
  });
});
