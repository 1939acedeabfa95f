import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { refusedAs, remedyFor, tellWithRemedy } from "./diagnosis/causes.ts";
import { createEventLog } from "./event-log.ts";
import type { ContactCode, EventContent, HandshakeCode } from "./events.ts";
import { createLog } from "./log.ts";
import { problemOf } from "./snapshots.ts";

function logged(...contents: readonly EventContent[]): string[] {
  const lines: string[] = [];
  const log = createLog({ stream: { write: (line) => lines.push(line) } });
  const write = createEventLog(log);
  const time = new Date("2026-01-01T00:00:00.000Z");
  for (const [index, content] of contents.entries()) write({ id: index + 1, time, ...content });
  return lines;
}

/** The lines of one event, told once a second. */
function loggedEverySecond(
  seconds: number,
  content: EventContent | ((second: number) => EventContent),
): string[] {
  const lines: string[] = [];
  const write = createEventLog(createLog({ stream: { write: (line) => lines.push(line) } }));
  for (let id = 0; id < seconds; id++) {
    const time = new Date(Date.UTC(2026, 0, 1) + id * 1_000);
    write({ id, time, ...(typeof content === "function" ? content(id) : content) });
  }
  return lines;
}

function refused(code: HandshakeCode, reason: string): EventContent {
  const remedy = remedyFor(refusedAs(code)) ?? null;
  return { type: "handshake-failed", remote: "127.0.0.1:1", code, reason, remedy };
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
      ...Array.from({ length: 1_000 }, (_, i) =>
        refused("signature-invalid", `wrong signature ${i}`),
      ),
    );
    assert.equal(lines.length, 20);
  });

  test("tells of one that is refused at each dial at once, then after growing pauses, whatever its port", () => {
    const lines = loggedEverySecond(3_600, (second) => ({
      ...refused("identity-expired", "the certificate of CN=peer1 expired"),
      ...{ remote: `10.0.0.9:${40_000 + second}` },
    }));
    assert.equal(lines.length, 6);
    assert.match(
      lines[5] ?? "",
      /CN=peer1 expired\. Renew its certificate, unless the clock of this machine is wrong\. \(\d+ times more since this was last written\)/,
    );
    const both = ["CN=peer1", "CN=peer2"].map((name) =>
      refused("identity-expired", `${name} expired`),
    );
    assert.equal(
      logged(...both, ...both).length,
      2,
      "each of two peers behind one address is told",
    );
  });

  const failed = (code: ContactCode, endpoint = "b:1"): EventContent => ({
    ...{ type: "contact-failed", endpoint, code, reason: "nobody", remedy: null },
  });

  test("tells a contact that fails again and again at once, then after growing pauses", () => {
    const lines = loggedEverySecond(3_600, failed("unreachable"));
    assert.equal(lines.length, 6); // After 0, 1, 3, 7, 15 and 31 minutes.
    assert.doesNotMatch(lines[0] ?? "", /times more/);
    assert.match(
      lines[1] ?? "",
      /could not join b:1.*\(59 times more since this was last written\)/,
    );
    assert.equal(loggedEverySecond(100_000, failed("unreachable")).length, 33);
  });

  test("of thousands of contacts that fail, writes twenty a minute, and that there are more", () => {
    const lines = logged(
      ...Array.from({ length: 3_000 }, (_, i) => failed("unreachable", `p${i}:1`)),
    );
    assert.equal(lines.length, 21);
    assert.match(
      lines[20] ?? "",
      /WARN .*could not join many more contacts, .*doctor --json names all/,
    );
  });

  test("tells at once what fails in another way, at another place, or again after it went well", () => {
    assert.equal(logged(failed("unreachable"), failed("tls-name"), failed("timeout")).length, 3);
    assert.equal(logged(failed("timeout"), failed("timeout", "c:1"), failed("timeout")).length, 2);
    const member = { pkiId: "ab", mspId: "A", endpoint: "x:1", internalEndpoint: "b:1" };
    const back = { type: "member-returned", member } as unknown as EventContent;
    assert.equal(logged(failed("timeout"), back, failed("timeout")).length, 3);
  });

  test("tells of a dialler that refuses our certificate once a while, whatever its port", () => {
    const dialler = (port: number, code: HandshakeCode): EventContent => ({
      ...refused(code, "it refuses"),
      ...{ remote: `10.0.0.9:${port}` },
    });
    const lines = logged(
      dialler(1, "tls-client-refuses-us"),
      dialler(2, "tls-client-refuses-us"),
      dialler(3, "tls-client-refused"),
    );
    assert.equal(lines.length, 2);
    assert.match(
      lines[0] ?? "",
      /INFO .*10\.0\.0\.9:1 failed: it refuses\. Have our TLS CA trusted there/,
    );
  });

  test("says what to do when somebody else uses our identity", () => {
    const fault = { code: "same-identity", detail: "other:7051" } as const;
    const [line = ""] = logged(problemOf(fault));
    assert.match(line, / ERROR /);
    assert.ok(line.includes(tellWithRemedy(fault)), line);
  });
});
