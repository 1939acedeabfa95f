import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { EventContent, SendCode } from "../events.ts";
import type { Member } from "../views.ts";
import { createFailures, type Failures } from "./failures.ts";

const TIME = new Date("2026-01-01T00:00:00.000Z");

function noted(...contents: readonly EventContent[]): Failures {
  const failures = createFailures();
  for (const [id, content] of contents.entries()) failures.note({ id, time: TIME, ...content });
  return failures;
}

const member = (pkiId: string): Member => ({
  pkiId,
  mspId: "A",
  endpoint: "out:1",
  internalEndpoint: "in:1",
  metadata: new Uint8Array(0),
  tags: {},
  status: "dead",
  incarnation: 1n,
  sequence: 1n,
  lastSeen: TIME,
  since: TIME,
  identityExpires: null,
  self: false,
});

const sendFailed = (pkiId: string, code: SendCode = "unreachable"): EventContent => ({
  type: "send-failed",
  pkiId,
  endpoint: `${pkiId}:1`,
  code,
  reason: "nobody",
  remedy: null,
});

describe("what is remembered of failures", () => {
  test("the last one of each code, by PKI-ID and by endpoint, and how often in a row", () => {
    const failures = noted(
      sendFailed("p"),
      sendFailed("p"),
      sendFailed("p", "tls"),
      sendFailed("p", "tls"),
    );
    const before = { during: "send", code: "unreachable", reason: "nobody", time: TIME, times: 2 };
    const last = { during: "send", code: "tls", reason: "nobody", time: TIME, times: 2 };
    assert.deepEqual(failures.recent("p", []), [last, before]);
    assert.deepEqual(failures.recent(undefined, ["other:1", "p:1"]), [last, before]);
    assert.deepEqual(failures.recent("q", ["q:1"]), []);
  });

  test("where another answered: of the one who was meant, not of the one who is there", () => {
    const failures = noted(sendFailed("p", "wrong-peer"));
    assert.deepEqual(
      failures.recent("p", []).map(({ code }) => code),
      ["wrong-peer"],
    );
    assert.deepEqual(failures.recent("q", ["p:1"]), []);
  });

  test("of several, the youngest", () => {
    const failures = noted(sendFailed("p"));
    const time = new Date(TIME.getTime() + 1_000);
    failures.noteFailure(
      { endpoint: "q:1" },
      { during: "ping", code: "timeout", reason: "", time },
    );
    assert.equal(failures.recent("p", ["q:1"])[0]?.during, "ping");
  });

  test("a contact that failed, by its endpoint", () => {
    const reason = "it is of B: a bootstrap peer: is not"; // Reasons are shown, never read.
    const told = { reason, remedy: null };
    const failed = { type: "contact-failed", endpoint: "c:1", code: "tls", ...told } as const;
    const [last] = noted(failed).recent(undefined, ["c:1"]);
    assert.deepEqual([last?.during, last?.code, last?.reason], ["contact", "tls", reason]);
  });

  test("refused strangers by host, whatever their port", () => {
    const remote = "[::1]:40123";
    const told = { reason: "no", remedy: null };
    const event = { type: "handshake-failed", remote, code: "malformed", ...told } as const;
    assert.equal(noted(event, event).stranger("::1")?.times, 2);
  });

  test("strangers push out nobody but strangers, and all tables are bounded", () => {
    const failures = noted(sendFailed("p"));
    for (let i = 0; i < 10_000; i++) {
      const remote = `10.0.${i >> 8}.${i & 255}:1`;
      failures.note({
        id: i,
        time: TIME,
        type: "handshake-failed",
        remote,
        code: "malformed",
        reason: "",
        remedy: null,
      });
    }
    assert.equal(failures.stranger("10.0.0.0"), undefined);
    assert.equal(failures.recent("p", []).length, 1);
    for (let i = 0; i < 10_000; i++) {
      failures.note({ id: i, time: TIME, ...sendFailed(`x${i}`) });
      const gone = { type: "member-forgotten", member: member(`x${i}`), reason: "silent" } as const;
      failures.note({ id: i, time: TIME, ...gone });
    }
    assert.deepEqual(failures.recent("p", []), []);
    assert.equal([...failures.traces()].length, 2_000);
  });
});

describe("what is remembered of those who are gone", () => {
  const identity = {
    pkiId: "p",
    mspId: "A",
    subject: "CN=p",
    serial: "01",
    notBefore: TIME,
    notAfter: TIME,
    self: false,
  };
  const dead = { type: "member-dead", member: member("p"), reason: "silent" } as const;
  const purged = { type: "identity-purged", identity, reason: "revoked" } as const;
  const forgotten = { type: "member-forgotten", member: member("p"), reason: "revoked" } as const;

  test("where it was, whose it was, and how it left", () => {
    const trace = noted(dead, purged, forgotten).trace("p");
    assert.deepEqual(trace?.endpoints, ["in:1", "out:1"]);
    assert.equal(trace?.subject, "CN=p");
    assert.deepEqual(
      trace?.departures.map(({ type, reason }) => [type, reason]),
      [
        ["dead", "silent"],
        ["purged", "revoked"],
        ["forgotten", "revoked"],
      ],
    );
  });

  test("nothing any more once it is back", () => {
    const back = { type: "member-returned", member: member("p") } as const;
    assert.equal(noted(dead, back).trace("p"), undefined);
  });
});
