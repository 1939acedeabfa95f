/** What is said of an event does not depend on what others call themselves. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { describeEvent } from "./event-text.ts";
import type { Json } from "./json.ts";
import type { Member } from "./views.ts";

const time = "2026-01-01T00:00:00.000Z";

function joined(endpoint: string): string {
  const member: Json<Member> = {
    ...{
      pkiId: "ab".repeat(32),
      mspId: "Org1MSP",
      endpoint,
      internalEndpoint: null,
      metadata: "",
      tags: {},
    },
    ...{ status: "alive", incarnation: "1", sequence: "1", lastSeen: time, since: time },
    ...{ identityExpires: null, self: false },
  };
  return describeEvent({ id: 1, time, type: "member-joined", member }).text;
}

test("a message that was rejected is told by its code, and by a sentence where that helps more", () => {
  const told = (code: "malformed" | "clock-differs") =>
    describeEvent({ id: 1, time, type: "message-rejected", pkiId: "ab", code, times: 2 }).text;
  assert.equal(told("malformed"), "rejected 2 messages: malformed");
  assert.match(
    told("clock-differs"),
    /minutes from our time.* \(clock-differs\)\. Check the clocks/,
  );
});

test("whoever answers in another's place is told to everybody, other failures of sending to few", () => {
  const levelOf = (code: "wrong-peer" | "unreachable") => {
    const failed = { type: "send-failed", pkiId: "ab", endpoint: "h:1", reason: "x" } as const;
    return describeEvent({ id: 1, time, ...failed, code, remedy: null }).level;
  };
  assert.deepEqual([levelOf("wrong-peer"), levelOf("unreachable")], ["info", "debug"]);
});

test("an endpoint stands as it is announced", () => {
  assert.equal(joined("peer0.org1:7051"), "peer0.org1:7051 joined");
  assert.equal(joined("[2001:db8::1]:7051"), "[2001:db8::1]:7051 joined");
  assert.equal(joined(""), "abababababababab joined");
});

test("an endpoint that could pass for more of the line stands in quotes", () => {
  assert.equal(joined("h:1 is back peer=00"), '"h:1 is back peer=00" joined');
  assert.equal(joined('h:1" joined'), '"h:1\\" joined" joined');
});
