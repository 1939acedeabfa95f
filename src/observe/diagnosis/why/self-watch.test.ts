import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { testIdentity } from "../../../core/testing-identities.ts";
import { GossipNode } from "../../../node/node.ts";
import { testParts } from "../../../node/testing.ts";
import { createMemoryHub } from "../../../transport/memory.ts";
import { createVirtualClock } from "../../../transport/testing.ts";
import type { GossipEvent } from "../../events.ts";
import { createMeters, noteTls } from "../../meters.ts";

async function world() {
  const clock = createVirtualClock();
  /** When somebody asked at its own endpoint. */
  const asked = new Set<number>();
  const delivered = (from: string, to: string, _: Uint8Array, sentMs: number): void => {
    if (from === to) asked.add(sentMs);
  };
  const hub = createMemoryHub({ clock, delivered });
  const meters = createMeters();
  const add = async (
    name: string,
    bootstrap: readonly string[] = [],
    endpoint = `${name}:1`,
    self = testIdentity("A", name),
  ) => {
    const parts = testParts(name, { clock, hub, bootstrap });
    const core = { ...parts.core, self, internalEndpoint: endpoint };
    const node = await GossipNode.create({ ...parts, core, meters, watchesItself: true });
    const told: GossipEvent[] = [];
    void (async () => {
      for await (const event of node.events()) told.push(event);
    })();
    return { node, told };
  };
  /** Virtual time passes; listeners are served in between. */
  const run = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 500) {
      clock.advance(500);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { add, run, clock, meters, asked };
}

function problems(told: readonly GossipEvent[]): string[] {
  return told.flatMap((event) => (event.type === "problem" ? [event.code] : []));
}

describe("a member that watches itself", () => {
  test("says within ten seconds that it is alone and why, and again after growing pauses", async () => {
    const { add, run } = await world();
    const { node, told } = await add("a", ["gone:1"]);
    await run(10_000);
    assert.deepEqual(problems(told), ["alone"]);
    const [first] = told.filter(({ type }) => type === "problem");
    assert.match(JSON.stringify(first), /although we contact gone:1 \(.+\)/);
    await run(600_000);
    assert.equal(problems(told).length, 4); // After 60 s, 120 s and 240 s more.
    await node.close();
  });

  test("says so when it is over", async () => {
    const { add, run } = await world();
    const { node, told } = await add("a", ["b:1"]);
    await run(10_000);
    const other = await add("b");
    await run(30_000);
    assert.equal(told.filter(({ type }) => type === "problem-solved").length, 1);
    assert.deepEqual(node.diagnostics.problems(), []);
    await Promise.all([node.close(), other.node.close()]);
  });

  test("names who answers at the endpoint that it advertises", async () => {
    const { add, run } = await world();
    const other = await add("a");
    const { node, told } = await add("b", ["a:1"], "a:1");
    await run(10_000);
    assert.deepEqual(problems(told), ["endpoint-taken"]);
    assert.match(
      node.diagnostics.problems()[0] ?? "",
      /at the endpoint that we advertise, a:1: .*a.* of A/,
    );
    assert.equal(node.diagnostics.why("b:1").visible, false);
    assert.deepEqual(problems(other.told), []);
    await Promise.all([node.close(), other.node.close()]);
  });

  test("asks there less and less often while it is itself who answers", async () => {
    const { add, run, asked } = await world();
    const { node } = await add("a");
    await run(3_600_000);
    const seconds = [...asked].map((ms) => Math.round(ms / 1_000));
    assert.deepEqual(seconds, [5, 65, 185, 425, 905, 1_385, 1_865, 2_345, 2_825, 3_305]);
    await node.close();
  });

  test("asks there every minute while somebody else answers, so that it is gone when it is mended", async () => {
    const { add, run } = await world();
    const other = await add("a");
    const { node, told } = await add("b", ["a:1"], "a:1");
    await run(1_200_000);
    assert.equal(node.diagnostics.problems().length, 1);
    await other.node.close();
    await run(160_000);
    assert.ok(
      told.some((event) => event.type === "problem-solved" && event.code === "endpoint-taken"),
    );
    await node.close();
  });

  test("asks there only when the network has formed", async () => {
    const { add, run } = await world();
    const others = [await add("a"), await add("x")];
    const { node, told } = await add("b", ["a:1"], "x:1");
    for (let i = 0; i < 8; i++) {
      await run(1_000);
      others.push(await add(`c${i}`, ["a:1"]));
    }
    assert.deepEqual(problems(told), []);
    await run(20_000);
    assert.deepEqual(problems(told), ["endpoint-taken"]);
    await Promise.all([node, ...others.map((other) => other.node)].map((one) => one.close()));
  });

  test("tells also whoever listens after the start that its own certificate expires soon", async () => {
    const { add, run, clock } = await world();
    const notAfterMs = clock.now().wallMs + 3_600_000;
    const { node, told } = await add("a", [], "a:1", testIdentity("A", "a", notAfterMs));
    await run(1_000);
    const notices = told.flatMap((event) => (event.type === "identity-expiring" ? [event] : []));
    assert.deepEqual(
      notices.map(({ identity, noticeSeconds }) => [identity.self, noticeSeconds]),
      [[true, 3_600]],
    );
    assert.deepEqual(
      told.map(({ id }) => id),
      told.map((_, i) => (told[0]?.id ?? 0) + i),
    );
    await node.close();
  });

  test("tells that its TLS certificates expire, have expired, and are renewed", async () => {
    const { add, run, clock, meters } = await world();
    const hourMs = 3_600_000;
    const fromMs = clock.now().wallMs;
    noteTls(meters, new Map([["server", fromMs + hourMs + 20_000]]));
    noteTls(meters, new Map([["client", fromMs + hourMs + 20_000]]));
    noteTls(meters, new Map([["operations", fromMs + 10_000]]));
    const { node, told } = await add("a");
    const notices = (): string[] =>
      told.flatMap((event) =>
        event.type === "tls-certificate-expiring" ? [`${event.use} ${event.noticeSeconds}`] : [],
      );
    await run(3_000);
    assert.deepEqual(notices(), ["server 86400", "client 86400", "operations 3600"]);
    assert.deepEqual(node.diagnostics.problems(), []);
    await run(10_000);
    assert.deepEqual(problems(told), ["operations-certificate-expired"]);
    assert.equal(notices().length, 3);
    noteTls(meters, new Map([["operations", fromMs + 10 * 365 * 24 * hourMs]]));
    await run(10_000);
    assert.deepEqual(notices().slice(3), ["server 3600", "client 3600"]);
    assert.deepEqual(node.diagnostics.problems(), []);
    await run(hourMs);
    assert.deepEqual(problems(told).slice(1), ["own-tls-certificate-expired"]);
    assert.match(
      node.diagnostics.problems()[0] ?? "",
      /our own TLS certificate expired at \S+ \(server and client\), and whoever checks it refuses us\. Renew it/,
    );
    assert.deepEqual(node.diagnostics.unready(), [], "its view is whole");
    const solved = told.flatMap((event) => (event.type === "problem-solved" ? [event.code] : []));
    assert.deepEqual(solved, ["operations-certificate-expired"]);
    await node.close();
  });

  test("is silent while it is the first of its network, and about ways it cannot take itself", async () => {
    const { add, run } = await world();
    const first = await add("a", ["localhost:1"]);
    const hidden = await add("b", ["a:1"], "public:1");
    await run(120_000);
    assert.deepEqual([problems(first.told), problems(hidden.told)], [[], []]);
    await Promise.all([first.node.close(), hidden.node.close()]);
  });
});
