import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, type TestContext, test } from "node:test";
import { GossipError } from "../lib/errors.ts";
import { ask, getDatedList } from "./client.ts";
import { openTarget, type Target } from "./target.ts";
import { UnreachableError } from "./unreachable.ts";

/** What the user reads when the endpoint answers with this status and body. */
async function failure(
  t: TestContext,
  status: number,
  body: string,
  tls: Target["tls"] = {},
): Promise<Error> {
  const server = createServer((_, response) => response.writeHead(status).end(body));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const target = await openTarget({ url: `http://127.0.0.1:${port}` });
  return ask({ ...target, tls }, "/api/v1/members", {}).then(
    () => assert.fail("it was answered"),
    (error: Error) => error,
  );
}

const error = (sentence: string): string => JSON.stringify({ error: sentence });

describe("an answer with an error status", () => {
  for (const status of [400, 413, 429]) {
    test(`${status}: the user's mistake, in the node's own words`, async (t) => {
      const caught = await failure(t, status, error("The topic is empty."));
      assert.ok(caught instanceof GossipError);
      assert.equal(caught.message, "The topic is empty.");
    });
  }

  const passing = [
    [403, error("only local requests"), /refused the request: only local requests$/],
    [503, error("64 others watch already"), /cannot answer now: 64 others watch already$/],
    [503, "too many connections\n", /cannot answer now: it has too many connections/],
    [408, "", /waited too long for the request/],
  ] as const;
  for (const [status, body, expected] of passing) {
    test(`${status} "${body.trim()}": no doubt that it is a node`, async (t) => {
      const caught = await failure(t, status, body);
      assert.ok(caught instanceof UnreachableError);
      assert.match(caught.message, expected);
      assert.doesNotMatch(caught.message, /operations address/);
    });
  }

  test("401: whether we have shown a certificate", async (t) => {
    const without = await failure(t, 401, error("no certificate"));
    assert.match(without.message, /asks for a client certificate: give --cert and --key/);
    const shown = await failure(t, 401, error("unknown CA"), { cert: Buffer.from("ours") });
    assert.match(shown.message, /does not accept our client certificate: give --cert and --key/);
  });

  test("any other status: perhaps not a node", async (t) => {
    assert.match((await failure(t, 404, "")).message, /answered 404: is this the operations/);
  });
});

describe("the time from which ages are counted", () => {
  for (const [name, differenceMs] of [
    ["is the node's if its clock differs", -3_600_000],
    ["is ours if they agree, which has more than whole seconds", 0],
  ] as const) {
    test(name, async (t) => {
      const date = new Date(Date.now() + differenceMs).toUTCString();
      const server = createServer((_, response) => response.writeHead(200, { date }).end("[]"));
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      t.after(() => server.close());
      const { port } = server.address() as AddressInfo;
      const target = await openTarget({ url: `http://127.0.0.1:${port}` });
      const { nowMs } = await getDatedList(target, "/api/v1/members");
      const offMs = nowMs - Date.parse(date);
      assert.ok(differenceMs === 0 ? offMs >= 0 : offMs === 0, `${offMs} ms`);
    });
  }
});
