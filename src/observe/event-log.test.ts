import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createEventLog } from "./event-log.ts";
import type { EventContent, HandshakeCode } from "./events.ts";
import { createLog } from "./log.ts";

function logged(...contents: readonly EventContent[]): string[] {
  const lines: string[] = [];
  const log = createLog({ stream: { write: (line) => lines.push(line) } });
  const write = createEventLog(log);
  const time = new Date("2026-01-01T00:00:00.000Z");
  for (const [index, content] of contents.entries()) write({ id: index + 1, time, ...content });
  return lines;
}

function refused(code: HandshakeCode, reason: string): EventContent {
  return { type: "handshake-failed", remote: "127.0.0.1:1", code, reason };
}

describe("the log of events", () => {
  test("names an organisation that is not trusted once, with the remedy", () => {
    const lines = logged(
      ...Array.from({ length: 5 }, () => refused("identity-unknown-msp", 'no MSP named "Org9MSP"')),
    );
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? "", /WARN .*Org9MSP.*fabricGossip\.trustedMsps/);
  });

  test("does not let a hostile peer fill it", () => {
    const lines = logged(
      ...Array.from({ length: 1_000 }, () => refused("signature-invalid", "wrong signature")),
    );
    assert.equal(lines.length, 20);
  });

  test("says what to do when somebody else uses our identity", () => {
    const [line = ""] = logged({ type: "same-identity", endpoint: "other:7051" });
    assert.match(line, /ERROR .*"other:7051" uses our identity: give each peer its own/);
  });
});
