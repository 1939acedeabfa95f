/** A node that tells what the worst member would announce: nothing of it acts on the terminal. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, type TestContext, test } from "node:test";
import { launch, run, until } from "./program.ts";

const HOSTILE =
  "h:1\u001b]52;c;cm0gLXJm\u0007\u001b[2J\u001b[H\nFORGED\r\u009b2J\u0085\u202e\u2066\u200b\ufeff\u2028\ud800\u3164  Org1MSP";
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\ufffd\u3164]/u;
const TIME = "2026-01-01T00:00:00.000Z";

const row = {
  pkiId: HOSTILE,
  mspId: HOSTILE,
  endpoint: HOSTILE,
  internalEndpoint: null,
  status: HOSTILE,
  subject: HOSTILE,
  learntFrom: HOSTILE,
  name: HOSTILE,
  [HOSTILE]: HOSTILE,
  ...{ lastSeen: TIME, since: TIME, identityExpires: TIME, notAfter: TIME, lastUsed: TIME },
  ...{ openedAt: TIME, messagesReceived: 1, messagesSent: 1, queued: 0, dropped: 0 },
};
const channel = {
  ...{ name: HOSTILE, role: HOSTILE, height: HOSTILE, configSequence: HOSTILE },
  members: [{ behind: "1", lagging: true, leftChannel: false, committedAt: TIME }],
};
const cause = { code: HOSTILE, sentence: HOSTILE, since: TIME, remedy: HOSTILE };
const ANSWERS: Readonly<Record<string, unknown>> = {
  "/api/v1/members": [row],
  "/api/v1/identities": [row],
  "/api/v1/connections": [row],
  "/api/v1/channels": [channel],
  "/logspec": { spec: HOSTILE },
  "/api/v1/why": {
    ...{ peer: HOSTILE, visible: false, pkiId: HOSTILE, mspId: HOSTILE, endpoints: [HOSTILE] },
    ...{ causes: [cause], sentences: [HOSTILE], remedy: HOSTILE },
  },
};
const EVENTS: readonly object[] = [
  { type: "member-dead", member: row, reason: HOSTILE },
  { type: "identity-purged", identity: row, reason: HOSTILE },
  { type: "connection-closed", pkiId: HOSTILE, mspId: HOSTILE, reason: HOSTILE },
  { type: "handshake-failed", remote: HOSTILE, code: HOSTILE, reason: HOSTILE, remedy: HOSTILE },
  { type: "message-rejected", pkiId: HOSTILE, code: HOSTILE },
  { type: "contact-failed", endpoint: HOSTILE, code: HOSTILE, reason: HOSTILE, remedy: HOSTILE },
  { type: "same-identity", endpoint: HOSTILE },
  { type: "channel-height", channel: HOSTILE, pkiId: HOSTILE, mspId: HOSTILE, height: "1" },
];

async function hostileNode(t: TestContext): Promise<string> {
  const server = createServer(({ url = "" }, response) => {
    const path = url.replace(/\?.*/, "");
    if (path === "/api/v1/events") {
      response.writeHead(200, { "content-type": "text/event-stream" });
      for (const [i, event] of EVENTS.entries()) {
        const data = JSON.stringify({ id: i + 1, time: TIME, ...event });
        response.write(`id: ${i + 1}\ndata: ${data}\n\n`);
      }
      return;
    }
    const answer = ANSWERS[path];
    // What JSON need not escape is sent as it is.
    response.writeHead(answer === undefined ? 400 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(answer ?? { error: HOSTILE }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function assertHarmless(text: string, lines: number): void {
  assert.doesNotMatch(text.replaceAll("\n", ""), INVISIBLE);
  assert.equal(text.trimEnd().split("\n").length, lines, text);
  assert.doesNotMatch(text, /^FORGED/m);
}

const VERBS: readonly (readonly [readonly string[], number])[] = [
  [["members"], 2],
  [["identities"], 2],
  [["connections"], 2],
  [["channels"], 2],
  [["logspec", "get"], 1],
  [["why", "x"], 3],
];

describe("what the worst member announces, on the terminal", () => {
  for (const [verb, lines] of VERBS) {
    test(`${verb[0]}: in a table and as JSON`, async (t) => {
      const url = await hostileNode(t);
      const table = await run(t, [...verb, "--url", url]);
      assert.match(table.stdout, /\\u001b/);
      assertHarmless(table.stdout, lines);
      const json = await run(t, [...verb, "--json", "--url", url]);
      assertHarmless(json.stdout, 1);
      const path = verb[0] === "logspec" ? "/logspec" : `/api/v1/${verb[0]}`;
      assert.deepEqual(JSON.parse(json.stdout), JSON.parse(JSON.stringify(ANSWERS[path])));
    });
  }

  for (const json of [[], ["--json"]]) {
    test(`events ${json.join("")}`, async (t) => {
      const running = launch(t, ["events", ...json, "--url", await hostileNode(t)]);
      const linesOf = (): number => running.output().split("\n").length - 1;
      await until("all events are printed", () => linesOf() >= EVENTS.length);
      assertHarmless(running.output(), EVENTS.length);
    });
  }

  test("an error of the node", async (t) => {
    const { stderr } = await run(t, ["logspec", "set", "info", "--url", await hostileNode(t)]);
    assertHarmless(stderr, 1);
  });
});
