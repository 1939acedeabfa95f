import assert from "node:assert/strict";
import { test } from "node:test";
import type { PkiId } from "../core/types/host.ts";
import { createRejectionFilter } from "./event-rate-filter.ts";
import type { RejectionCode } from "./events.ts";

test("of each peer and code one is told at once, then after growing pauses, everyday ones never", () => {
  const omittedBefore = createRejectionFilter();
  const at = (name: string, code: RejectionCode, elapsedMs: number, times = 1) =>
    omittedBefore({ from: name as PkiId, code, times }, { elapsedMs, wallMs: 0 });
  const told = [
    at("a", "malformed", 0),
    at("a", "malformed", 1),
    at("b", "malformed", 1),
    at("a", "tag-illegal", 1),
    at("a", "malformed", 999, 5),
    at("a", "malformed", 1_000),
    at("a", "malformed", 2_999),
    at("a", "malformed", 3_000),
    at("a", "stale", 5_000),
  ];
  const no = undefined;
  assert.deepEqual(told, [0, no, 0, 0, no, 6, no, 1, no]);
});

/**
 * Every code, and whether an honest peer can cause it: one that is slow, was restarted, is of an older
 * version, trusts others than we do, or knows of a change sooner or later than we. That is no warning.
 */
const HONEST: Readonly<Record<RejectionCode, boolean>> = {
  "own-message": true,
  stale: true,
  "not-followed": true,
  "identity-unknown": true,
  "identity-unknown-msp": true,
  "identity-invalid": true,
  "identity-revoked": true,
  "identity-expired": true,
  "pull-unsolicited": true,
  "pull-without-hello": true,
  "pull-too-often": true,
  "not-disclosed": true,
  "channels-full": true,
  "member-unknown": true,
  "state-info-organisation": true,
  "state-info-readers": true,
  "members-full": true,
  "identities-full": true,
  "backlog-full": true,
  "channel-refused": true,
  "blocks-refused": true,
  "private-data": true,
  "check-budget": true,
  "news-budget": true,
  "answer-budget": true,
  // Fabric knows no certificates, only PKI-IDs: its peers pass all of them on.
  "certificate-in-use": true,
  malformed: false,
  "too-many": false,
  "too-deep": false,
  "too-large": false,
  "not-alive": false,
  "alive-incomplete": false,
  "identity-malformed": false,
  "pki-id-mismatch": false,
  "signature-invalid": false,
  "tag-illegal": false,
  "request-spoofed": false,
  "not-an-identity": false,
  "state-info-incomplete": false,
  "event-author-unknown": true,
  "event-stale": true,
  "event-expired": true,
  "event-budget": true,
  "event-foreign": true,
  "answer-unexpected": true,
  "request-budget": true,
  "event-signature-invalid": false,
  "event-malformed": false,
  "clock-differs": false,
  "event-not-addressed": false,
};

for (const [code, isHonest] of Object.entries(HONEST) as [RejectionCode, boolean][]) {
  test(`${code} is ${isHonest ? "told to nobody" : "a warning"}`, () => {
    const omitted = createRejectionFilter()(
      { from: "a" as PkiId, code },
      { elapsedMs: 0, wallMs: 0 },
    );
    assert.equal(omitted, isHonest ? undefined : 0);
  });
}
