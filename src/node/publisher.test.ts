import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { PkiId } from "../core/types/host.ts";
import { refusedAs, remedyFor } from "../observe/diagnosis/causes.ts";
import { createEventLog } from "../observe/event-log.ts";
import type { EventContent, GossipEvent } from "../observe/events.ts";
import { createLog } from "../observe/log.ts";
import { Publisher } from "./publisher.ts";

function create() {
  let elapsedMs = 0;
  const now = () => ({ elapsedMs, wallMs: 1_000_000 + elapsedMs });
  const publisher = new Publisher({ now, after: () => () => {} }, 1_000, () => {});
  const events = publisher.events.listen();
  return {
    publisher,
    publish: (content: EventContent) => publisher.publish(content),
    pass: (ms: number) => {
      elapsedMs += ms;
    },
    async told(): Promise<readonly GossipEvent[]> {
      publisher.events.close();
      const all: GossipEvent[] = [];
      for await (const event of events) all.push(event);
      return all;
    },
  };
}

function refused(host: string, reason = "no"): EventContent {
  const code = "identity-unknown-msp";
  const remedy = remedyFor(refusedAs(code)) ?? null;
  return { type: "handshake-failed", remote: `${host}:40000`, code, reason, remedy };
}

const topic = (name: string): EventContent => ({ type: "subscriber-lagging", topic: name });

describe("events of failures", () => {
  test("that repeat are told at growing intervals, with their number, and push out nothing else", async () => {
    const { publisher, publish, pass, told } = create();
    publish(topic("good"));
    for (let second = 0; second < 3_600; second++) {
      for (const host of ["10.0.0.1", "10.0.0.2"]) publish(refused(host));
      pass(1_000);
    }
    const failures = publisher.failures.stranger("10.0.0.1");
    assert.equal(failures?.times, 3_600, "all are remembered");
    assert.equal(publisher.counters.events.counts.others.get("handshake-failed"), 7_200);
    const [good, ...events] = await told();
    assert.equal(good?.type, "subscriber-lagging");
    assert.equal(events.length, 2 * 11); // At once, then after 10, 20, ... 600 seconds.
    const [, , again] = events;
    assert.equal(again?.type === "handshake-failed" && again.times, 10);
    const ids = [good, ...events].map((event) => event?.id ?? 0);
    assert.deepEqual(
      ids,
      ids.map((_, index) => (ids[0] ?? 0) + index),
    );
  });

  test("of any number of strangers do not fill the stream", async () => {
    const { publish, told } = create();
    publish(topic("good"));
    for (let i = 0; i < 5_000; i++) publish(refused(`10.0.${i >> 8}.${i & 255}`, `no ${i}`));
    const events = await told();
    assert.equal(events[0]?.type, "subscriber-lagging");
    assert.equal(events.length, 61);
  });

  test("to read a message count messages, not events", async () => {
    const { publisher, pass, told } = create();
    const from = "0a".repeat(32) as PkiId;
    for (let i = 0; i < 5; i++) publisher.reject(from, "malformed");
    publisher.reject(from, "malformed", 7);
    publisher.reject(from, "stale");
    const [failure] = publisher.failures.recent(from, []);
    assert.deepEqual([failure?.code, failure?.times], ["malformed", 12]);
    pass(1_000);
    publisher.reject(from, "malformed");
    const events = await told();
    const times = events.map((event) => event.type === "message-rejected" && event.times);
    assert.deepEqual(times, [undefined, 12]);
  });

  test("that fail in another way are told at once", async () => {
    const { publish, told } = create();
    const failed = (code: "timeout" | "unreachable"): EventContent => ({
      ...{ type: "contact-failed", endpoint: "b:1", code, reason: "nobody", remedy: null },
    });
    for (const code of ["timeout", "timeout", "unreachable"] as const) publish(failed(code));
    assert.equal((await told()).length, 2);
  });

  test("count in the log, too, where they were left out", async () => {
    const { publish, pass, told } = create();
    for (let second = 0; second <= 70; second++) {
      publish({
        ...{ type: "contact-failed", endpoint: "b:1", code: "timeout", reason: "nobody" },
        remedy: null,
      });
      pass(1_000);
    }
    const lines: string[] = [];
    const write = createEventLog(createLog({ stream: { write: (line) => lines.push(line) } }));
    for (const event of await told()) write(event);
    assert.equal(lines.length, 2);
    assert.match(lines[1] ?? "", /\(69 times more since this was last written\)/);
  });
});
