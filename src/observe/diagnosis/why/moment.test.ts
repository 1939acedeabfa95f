/** How long ago something was, also by a clock that has been set since. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { moment } from "./moment.ts";

const now = { elapsedMs: 0, wallMs: Date.parse("2026-01-02T00:00:00Z") };

for (const [iso, said] of [
  ["2026-01-01T23:59:48.000Z", "12 s ago"],
  ["2026-01-01T22:00:00.000Z", "2 h ago"],
  ["2026-01-02T00:00:02.000Z", "0 s ago"],
  ["2026-01-02T01:00:00.000Z", "before the clock was set back"],
] as const) {
  test(`${iso} is ${said}`, () => assert.equal(moment(new Date(iso), now), `${said} (${iso})`));
}

test("another's clock may be ahead of ours", () => {
  const told = moment(new Date("2026-01-02T01:00:00Z"), now, "in our future");
  assert.equal(told, "in our future (2026-01-02T01:00:00.000Z)");
});
