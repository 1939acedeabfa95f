import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { DeathReason } from "../core/types/event.ts";
import { createEventCounter, type EventCounts } from "./event-counts.ts";
import type { EventContent } from "./events.ts";
import type { Member } from "./views.ts";

const member = (incarnation: string, mspId: string | null = "A"): Member => ({
  pkiId: "p",
  mspId,
  endpoint: "",
  internalEndpoint: null,
  metadata: new Uint8Array(0),
  tags: {},
  status: "alive",
  incarnation: BigInt(incarnation),
  sequence: 1n,
  lastSeen: new Date(0),
  since: new Date(0),
  identityExpires: null,
  self: false,
});

const joined = (incarnation: string): EventContent => ({
  type: "member-joined",
  member: member(incarnation),
});
const died = (incarnation: string, reason: DeathReason = "silent"): EventContent => ({
  type: "member-dead",
  member: member(incarnation),
  reason,
});
const returned = (incarnation: string): EventContent => ({
  type: "member-returned",
  member: member(incarnation),
});
const forgotten: EventContent = { type: "member-forgotten", member: member("1"), reason: "silent" };

function countsOf(...events: readonly EventContent[]): EventCounts {
  const counter = createEventCounter();
  for (const event of events) counter.note(event);
  return counter.counts;
}

describe("events are counted", () => {
  const cases = [
    {
      name: "a return after a restart is no flap",
      events: [joined("1"), died("1"), returned("2")],
      want: [1, 1, 0],
    },
    {
      name: "a return without a restart is one",
      events: [joined("1"), died("1"), returned("1")],
      want: [1, 1, 1],
    },
    {
      name: "each flap counts",
      events: [joined("1"), died("1"), returned("1"), died("1", "unreachable"), returned("1")],
      want: [1, 2, 2],
    },
    {
      name: "one first heard of as dead did not flap in our view",
      events: [died("1", "listed-dead"), returned("1")],
      want: [0, 1, 0],
    },
    {
      name: "whoever was forgotten comes as a new one",
      events: [joined("1"), died("1"), forgotten, joined("1"), died("2"), returned("1")],
      want: [2, 1, 0],
    },
  ] as const;
  for (const { name, events, want } of cases) {
    test(name, () => {
      const counts = countsOf(...events).members.get("A");
      assert.deepEqual([counts?.joins, counts?.returns, counts?.flaps], want);
    });
  }

  test("deaths by reason, each reason from the first sight of an organisation on", () => {
    const { members } = countsOf(joined("1"), died("1", "unreachable"));
    assert.deepEqual(Object.fromEntries(members.get("A")?.deaths ?? []), {
      silent: 0,
      unreachable: 1,
      "listed-dead": 0,
    });
  });

  test("by code where there is one, else by type", () => {
    const counts = countsOf(
      {
        type: "send-failed",
        pkiId: "p",
        endpoint: "",
        code: "unreachable",
        reason: "",
        remedy: null,
      },
      { type: "contact-failed", endpoint: "", code: "timeout", reason: "", remedy: null },
      { type: "contact-failed", endpoint: "", code: "timeout", reason: "", remedy: null },
      { type: "signing-failed", detail: "" },
    );
    assert.deepEqual([...counts.sendsFailed], [["unreachable", 1]]);
    assert.deepEqual([...counts.contactsFailed], [["timeout", 2]]);
    assert.deepEqual([...counts.others], [["signing-failed", 1]]);
  });
});
