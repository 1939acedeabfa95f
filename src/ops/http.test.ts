/** The operations endpoint over real HTTP, in front of a node on a network in memory. */
import assert from "node:assert/strict";
import { request as httpRequest } from "node:http";
import { describe, test } from "node:test";
import { GossipError } from "../lib/errors.ts";
import { GossipNode } from "../node/node.ts";
import { testParts } from "../node/testing.ts";
import { toJson } from "../observe/json.ts";
import { startOperations } from "./http.ts";
import { NO_TLS, setUp } from "./testing.ts";

async function json(
  url: string,
  path: string,
  init?: RequestInit,
): Promise<{ status: number; body: unknown }> {
  const response = await fetch(url + path, init);
  const text = await response.text();
  return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
}

function put(spec: unknown, headers: Record<string, string> = {}): RequestInit {
  return { method: "PUT", body: JSON.stringify({ spec }), headers };
}

describe("the operations endpoint", () => {
  test("healthz is OK for a member that is meant to be alone", async (t) => {
    const { operations } = await setUp(t);
    const { status, body } = await json(operations.url, "/healthz");
    assert.equal(status, 200);
    assert.ok(typeof body === "object" && body && "status" in body && body.status === "OK");
  });

  test("healthz names the failed check when a contact is configured and nobody is alive", async (t) => {
    const { operations } = await setUp(t, { bootstrap: ["elsewhere:1"] });
    const { status, body } = await json(operations.url, "/healthz");
    assert.equal(status, 503);
    assert.match(JSON.stringify(body), /"component":"gossip","reason":"no member is alive/);
  });

  test("readyz waits for a view: somebody alive, and a list of members", async (t) => {
    const { operations, clock, hub } = await setUp(t, { bootstrap: ["elsewhere:1"] });
    const ready = (): Promise<{ status: number; body: unknown }> => json(operations.url, "/readyz");
    const alone = await ready();
    assert.equal(alone.status, 503);
    assert.match(JSON.stringify(alone.body), /"component":"gossip","reason":"no member is alive/);
    const other = await GossipNode.create(testParts("m", { clock, hub, bootstrap: ["n:1"] }));
    t.after(() => other.close());
    const pass = async (ms: number): Promise<void> => {
      for (let left = ms; left > 0; left -= 50) {
        clock.advance(50);
        await new Promise(setImmediate);
      }
    };
    await pass(300);
    assert.equal((await json(operations.url, "/healthz")).status, 200);
    const early = await ready();
    assert.equal(early.status, 503);
    assert.match(JSON.stringify(early.body), /none has sent its list of members yet\. Wait/);
    await pass(6_000);
    assert.equal((await ready()).status, 200);
    await other.close();
    await pass(60_000);
    assert.equal((await ready()).status, 503, "it is alone again");
  });

  test("readyz is OK for the first member, which has nobody to contact", async (t) => {
    const { operations } = await setUp(t);
    assert.equal((await json(operations.url, "/readyz")).status, 200);
  });

  test("logspec is read and changed; a wrong one is explained and changes nothing", async (t) => {
    const { operations, log } = await setUp(t);
    assert.deepEqual((await json(operations.url, "/logspec")).body, { spec: "info" });
    assert.equal((await json(operations.url, "/logspec", put("gossip=debug:warn"))).status, 204);
    assert.equal(log.spec(), "gossip=debug:warn");
    for (const wrong of ["loud", 7]) {
      assert.equal((await json(operations.url, "/logspec", put(wrong))).status, 400);
    }
    assert.equal(log.spec(), "gossip=debug:warn");
  });

  test("a page of another origin cannot change anything", async (t) => {
    const { operations, log } = await setUp(t);
    for (const headers of [{ origin: "http://evil.example" }, { "sec-fetch-site": "cross-site" }]) {
      const { status } = await json(operations.url, "/logspec", put("debug", headers));
      assert.equal(status, 403);
    }
    assert.equal(log.spec(), "info");
  });

  test("self and members show ourselves in the product's shape", async (t) => {
    const { operations, node } = await setUp(t);
    node.setMetadata(Uint8Array.of(0, 255, 62));
    const self = (await json(operations.url, "/api/v1/self")).body;
    assert.deepEqual((await json(operations.url, "/api/v1/members")).body, [self]);
    assert.ok(typeof self === "object" && self);
    assert.deepEqual(Object.keys(self).sort(), [
      "endpoint",
      "identityExpires",
      "incarnation",
      "internalEndpoint",
      "lastSeen",
      "metadata",
      "mspId",
      "pkiId",
      "self",
      "sequence",
      "since",
      "status",
      "tags",
    ]);
    const { metadata, incarnation, sequence, lastSeen, since } = node.self();
    assert.deepEqual(
      { ...self, lastSeen: "", sequence: "" },
      {
        ...{ ...node.self(), metadata: Buffer.from(metadata).toString("base64") },
        ...{ incarnation: String(incarnation), since: since.toISOString() },
        ...{ identityExpires: node.self().identityExpires?.toISOString() },
        ...{ lastSeen: "", sequence: "" },
      },
    );
    assert.ok("sequence" in self && /^\d+$/.test(String(self.sequence)) && sequence >= 0n);
    assert.ok("lastSeen" in self && Date.parse(String(self.lastSeen)) <= lastSeen.getTime());
    assert.equal((await json(operations.url, "/api/v1/connections")).status, 200);
    assert.equal((await json(operations.url, "/nowhere")).status, 404);
  });

  test("a path that has another method says which, and only those that have parameters take any", async (t) => {
    const { operations } = await setUp(t);
    const asked = async (method: string, path: string) => {
      const response = await fetch(operations.url + path, { method });
      return [response.status, response.headers.get("allow"), await response.text()];
    };
    const error = '{"error":"DELETE does nothing here: use GET, PUT."}';
    assert.deepEqual(await asked("DELETE", "/logspec"), [405, "GET, PUT", error]);
    assert.deepEqual((await asked("POST", "/api/v1/members")).slice(0, 2), [405, "GET"]);
    assert.deepEqual((await asked("GET", "/api/v1/queries/x")).slice(0, 2), [405, "POST"]);
    assert.deepEqual((await asked("POST", "/api/v1/queries/")).slice(0, 2), [404, null]);
    for (const path of [
      "members?tags=role=shop",
      "services?tag=a=b",
      "why?peer=a&peer=b",
      "why?peers=a",
      "self?pkiId=a",
      "identities?mspId=Org1MSP",
      "connections?tag=a=b",
      "events?types=member-dead",
      "events/topic?from=a",
      "messages?peer=a",
      "channels?name=ch1",
      "channels/ch1?at=1",
      "channels/ch1/heights?from=1",
      "channels/ch1/blocks?form=1",
      "channels/ch1/blocks/1?raw=1",
    ]) {
      const [status, , text] = await asked("GET", `/api/v1/${path}`);
      assert.equal(status, 400, path);
      assert.match(String(text), /there is no parameter|give it once/);
    }
    assert.equal((await asked("GET", "/api/v1/nothing?x=1"))[0], 404);
    assert.equal((await asked("HEAD", "/api/v1/self?x=1"))[0], 400);
  });

  test("why explains a peer, and calls a wrong question wrong", async (t) => {
    const { operations, node } = await setUp(t, { bootstrap: ["elsewhere:1"] });
    const about = (peer: string) => json(operations.url, `/api/v1/why?peer=${peer}`);
    assert.deepEqual(
      (await about(node.self().pkiId)).body,
      toJson(node.diagnostics.why(node.self().pkiId)),
    );
    const elsewhere = await about("elsewhere:1");
    assert.equal(elsewhere.status, 200);
    assert.match(JSON.stringify(elsewhere.body), /"visible":false.*configured as a bootstrap peer/);
    for (const wrong of ["", "a%20b"]) {
      const { status, body } = await about(wrong);
      assert.equal(status, 400);
      assert.match(
        JSON.stringify(body),
        wrong === ""
          ? /"error":"No peer is named: write its endpoint/
          : /"error":".* names no peer that is known: write its endpoint/,
      );
    }
  });

  test("channels are a list, empty unless some are configured", async (t) => {
    const { operations } = await setUp(t);
    assert.deepEqual((await json(operations.url, "/api/v1/channels")).body, []);
  });

  test("a port in use is one sentence with the remedy", async (t) => {
    const { operations, node, log } = await setUp(t);
    const port = Number(URL.parse(operations.url)?.port);
    await assert.rejects(
      startOperations({ listen: { host: "127.0.0.1", port }, tls: NO_TLS, node, log }),
      (error) => error instanceof GossipError && error.code === "listen-failed",
    );
  });

  test("a request for another host is refused, and a body that is too long", async (t) => {
    const { operations } = await setUp(t);
    const port = Number(URL.parse(operations.url)?.port);
    const ask = (
      method: string,
      headers: Record<string, string>,
      body = "",
    ): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const path = method === "GET" ? "/api/v1/members" : "/logspec";
        const asked = httpRequest(
          { host: "127.0.0.1", port, path, method, headers },
          (response) => {
            response.resume();
            resolve(response.statusCode);
          },
        );
        asked.once("error", reject).end(body);
      });
    const rebound = { host: "evil.example", origin: "http://evil.example" };
    assert.equal(await ask("GET", { host: "evil.example" }), 403);
    assert.equal(await ask("PUT", rebound, '{"spec":"debug"}'), 403);
    assert.equal(await ask("PUT", { "transfer-encoding": "chunked" }, " ".repeat(100_000)), 413);
  });
});
