/** When a silent member is asked where heartbeats wait for each other (decision 7). */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createWorld, type TestNode, type World } from "../testing.ts";
import { testIdentity } from "../testing-identities.ts";
import { aliveOf } from "../testing-messages.ts";
import type { Identity } from "../types/host.ts";
import { aliveMembers } from "./members.ts";

function deaths(node: TestNode): string[] {
  return node.events.flatMap((event) => (event.type === "member-dead" ? [event.reason] : []));
}

describe("silence where heartbeats wait for each other", () => {
  const ghost = testIdentity("A", "ghost");

  interface Crowd {
    readonly world: World;
    readonly node: TestNode;
    /** Lets so much time pass, in which all but `ghost` speak. */
    readonly pass: (ms: number) => void;
    readonly speak: () => void;
    /** How long ago it was pinged; undefined: not lately. */
    readonly pingedMs: () => number | undefined;
  }

  /** A node that knows so many others, of which one, `ghost`, has just spoken. Nobody can dial any of them. */
  function crowd(size: number, delayMs = 1): Crowd {
    const world = createWorld(12, delayMs);
    const node = world.add("n");
    const others = Array.from({ length: size - 1 }, (_, i) => testIdentity("A", `other${i}`));
    let seqNum = 0n;
    const hear = (author: Identity): void => {
      const bytes = aliveOf(author, { seqNum, endpoint: `${author.pkiId.slice(0, 8)}:1` });
      world.give(node, { type: "message", from: author.pkiId, bytes });
    };
    const pass = (ms: number): void => {
      for (let leftMs = ms; leftMs > 0; leftMs -= 1_000) {
        seqNum += 1n;
        for (const other of others) hear(other);
        world.run(Math.min(leftMs, 1_000));
      }
    };
    const speak = (): void => hear(ghost);
    const pingedMs = (): number | undefined => {
      const atMs = node.core.suspicions.pinged.get(ghost.pkiId);
      return atMs && world.now().elapsedMs - atMs;
    };
    for (const identity of [ghost, ...others]) world.meet(node, identity);
    for (let times = 0; times < 5; times++) {
      pass(4_000);
      speak();
    }
    world.run(250);
    assert.equal(node.core.members.aliveCount, size);
    return { world, node, pass, speak, pingedMs };
  }

  test("of 1.7 heartbeats is enough for a question, and for no other soon", () => {
    const { node, pass, pingedMs } = crowd(17);
    pass(8_000);
    assert.equal(pingedMs(), undefined);
    pass(1_000);
    assert.ok((pingedMs() ?? 2_000) <= 800, `${pingedMs()} ms ago`);
    assert.equal(node.core.members.table.get(ghost.pkiId)?.isSuspect, false);
    node.core.suspicions.scanAtMs = 0; // As if it were time to ask somebody else.
    pass(1_000);
    assert.ok((pingedMs() ?? 0) >= 1_000, `${pingedMs()} ms ago`);
    assert.deepEqual(deaths(node), []);
    pass(1_000);
    assert.deepEqual(deaths(node), ["unreachable"]);
  });

  test("lasts 2.1 among few, beside members that draw their peers and while a network forms", () => {
    const [few, mixed, forming] = [crowd(16), crowd(17), crowd(17)];
    const [other] = aliveMembers(mixed.node.core.members);
    assert.ok(other);
    mixed.node.core.randomRelays.add(other.pkiId);
    forming.node.core.self.formingUntilMs = forming.world.now().elapsedMs + 60_000;
    for (const { node, pass, pingedMs } of [few, mixed, forming]) {
      pass(10_000);
      assert.equal(pingedMs(), undefined);
      pass(1_000);
      assert.deepEqual(deaths(node), ["unreachable"]);
    }
  });

  test("of two heartbeats kills no member that nobody can dial", () => {
    const { node, pass, pingedMs, speak } = crowd(17);
    for (let times = 0; times < 5; times++) {
      pass(10_000);
      assert.notEqual(pingedMs(), undefined);
      speak();
    }
    assert.deepEqual(deaths(node), []);
  });

  test("with a broken connection needs one failed ping, however early", () => {
    const { node, pass, world } = crowd(17, 500);
    pass(8_700);
    assert.equal(node.core.members.table.get(ghost.pkiId)?.isSuspect, true);
    world.give(node, { type: "connection-lost", pkiId: ghost.pkiId });
    pass(1_300);
    assert.deepEqual(deaths(node), ["unreachable"]);
  });

  test("is none while we stand still ourselves", () => {
    const { node, pass, world } = crowd(17, 500);
    pass(8_700);
    assert.equal(node.core.members.table.get(ghost.pkiId)?.isSuspect, true);
    world.stall(node, 3_000);
    assert.deepEqual(deaths(node), []);
    pass(3_500);
    assert.deepEqual(deaths(node), ["unreachable"]);
  });

  test("of one that answers has it asked for a message of its own", () => {
    const { node, pass, world } = crowd(17);
    const p1 = world.add("p1", { bootstrap: ["n:7051"] });
    pass(10_000);
    p1.stalledUntilMs = world.now().elapsedMs + 60_000; // Its socket answers, its process does not.
    node.sent.length = 0;
    pass(9_000);
    const asked = node.sent.filter(({ to, message: { content } }) => {
      return to === p1.identity.pkiId && content?.type === "membership-request";
    });
    assert.equal(asked.length, 1);
  });
});
