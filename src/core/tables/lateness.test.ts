/** A process without time waits longer: what it waits for may have come. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createWorld, type TestNode, type World } from "../testing.ts";
import { testIdentity } from "../testing-identities.ts";
import { aliveOf, digest, hello, request } from "../testing-messages.ts";
import type { Now } from "../types/host.ts";
import { createLateness, noteLateness, patienceMs } from "./lateness.ts";

const friend = testIdentity("A", "friend");
const stranger = testIdentity("A", "stranger");
const at = (elapsedMs: number): Now => ({ elapsedMs, wallMs: elapsedMs });

/** A node that knows `friend` and was called late so often. */
function createNode(delaysMs: readonly number[]): { world: World; node: TestNode } {
  const world = createWorld(1);
  const node = world.add("n");
  world.meet(node, friend);
  receive(world, node, aliveOf(friend, { endpoint: "friend:1" }));
  for (const ms of delaysMs) world.stall(node, ms + node.dueMs - world.now().elapsedMs);
  return { world, node };
}

function receive(world: World, node: TestNode, bytes: Uint8Array): void {
  world.give(node, { type: "message", from: friend.pkiId, bytes });
}

function count(node: TestNode, type: "hello" | "request" | "update"): number {
  return node.sent.filter(({ message }) => message.content?.type === type).length;
}

/** Whether a digest is used that comes so long after the hello. */
function usesDigestAfter(waitMs: number, delaysMs: readonly number[]): boolean {
  const { world, node } = createNode(delaysMs);
  const before = count(node, "hello");
  assert.ok(world.runUntil(() => count(node, "hello") > before, 10_000) !== undefined);
  const said = node.sent.findLast(({ message }) => message.content?.type === "hello");
  const nonce = said?.message.content?.type === "hello" ? said.message.content.value.nonce : 0n;
  world.run(waitMs);
  receive(world, node, digest(nonce, [stranger]));
  return count(node, "request") > 0;
}

/** Whether a request is answered that comes so long after the hello. */
function answersRequestAfter(waitMs: number, delaysMs: readonly number[]): boolean {
  const { world, node } = createNode(delaysMs);
  world.run(5_000); // It signs what it offers.
  receive(world, node, hello(1n));
  world.run(waitMs);
  receive(world, node, request(1n, [node.identity]));
  return count(node, "update") > 0;
}

/** When a member is suspected that says nothing more. */
function suspectsAfter(delaysMs: readonly number[]): number {
  const { world, node } = createNode(delaysMs);
  receive(world, node, aliveOf(friend, { endpoint: "friend:1", seqNum: 9n }));
  return world.runUntil(() => node.core.suspicions.pinged.size > 0, 20_000) ?? assert.fail();
}

test("a delay of less than a tenth of a second is none", () => {
  const noted = (delayMs: number): number => createNode([delayMs]).node.core.lateness.mostMs;
  assert.deepEqual([99, 100].map(noted), [0, 100]);
});

describe("patience", () => {
  test("is three times the second longest delay, of this span of ten seconds or the last", () => {
    const lateness = createLateness();
    const patience: number[] = [];
    for (const [ms, delayMs] of [
      [0, 900],
      [2_000, 500],
      [3_000, 700],
      [12_000, 200],
      [13_000, 200],
      [23_000, 110],
    ] as const) {
      noteLateness(lateness, delayMs, at(ms));
      patience.push(patienceMs(lateness, at(ms)));
    }
    assert.deepEqual(patience, [0, 1_500, 2_100, 2_100, 2_100, 600]);
    assert.equal(patienceMs(lateness, at(43_001)), 0);
  });

  test("has an end", () => {
    const lateness = createLateness();
    for (let i = 0; i < 3; i++) noteLateness(lateness, 60_000, at(i));
    assert.equal(patienceMs(lateness, at(3)), 6_000);
  });
});

describe("who is called late again and again", () => {
  const late = [700, 700, 700];
  const cases = [
    ["uses a digest that comes later", usesDigestAfter, 1_001],
    ["answers a request that comes later", answersRequestAfter, 1_501],
  ] as const;
  for (const [name, isTaken, afterMs] of cases) {
    test(name, () => {
      assert.deepEqual([isTaken(afterMs, late), isTaken(afterMs + 2_100, late)], [true, false]);
      assert.deepEqual([isTaken(afterMs, []), isTaken(afterMs, [700])], [false, false]);
    });
  }

  test("suspects a silent member later", () => {
    const [usualMs, patientMs] = [suspectsAfter([]), suspectsAfter(late)];
    assert.ok(patientMs > usualMs + 1_000, `after ${patientMs} ms, else ${usualMs} ms`);
  });
});
