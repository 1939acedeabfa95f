/** Effects of members as lines of text. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { CoreEvent } from "../core/types/event.ts";
import type { PkiId } from "../core/types/host.ts";
import { describeEffect } from "./noticed.ts";

test("an event is told with whom it concerns, if it concerns somebody, and without gaps", () => {
  const pkiId = "abc" as PkiId;
  const lag = { channel: "c", mspId: "A", height: 7n, behind: 1n, lagMs: 5 };
  const cases: [CoreEvent, string][] = [
    [
      { type: "contact-failed", endpoint: "x:1", code: "refused", detail: "" },
      "notify contact-failed x:1: refused",
    ],
    [{ type: "signing-failed", detail: "late" }, "notify signing-failed"],
    [
      { type: "channel-member-lagging", pkiId, ...lag },
      "notify channel-member-lagging name of abc",
    ],
  ];
  for (const [event, line] of cases) {
    const name = (known: string): string => (known === "" ? "" : `name of ${known}`);
    assert.equal(describeEffect({ type: "notify", event }, name), line);
  }
});
