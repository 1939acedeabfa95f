/** What goes wrong between real processes, and that all who are asked say the same of it. */
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { assertSays, findingsOf, foreign, type Peer, setUp } from "./doctor-peer.ts";
import { launch, type Running, run, until } from "./program.ts";

async function startPeer(t: TestContext, peer: Peer): Promise<Running> {
  const running = launch(t, ["start"], peer.env);
  await until("it has started", () => /gossips as/.test(running.output()));
  return running;
}

function logged(running: Running, line: RegExp): Promise<void> {
  return until(`${line} in its log`, () => line.test(running.output()));
}

function operationsOf({ env }: Peer): string {
  return `http://${env["CORE_OPERATIONS_LISTENADDRESS"]}`;
}

async function whyOf(t: TestContext, peer: Peer, asked: string): Promise<string> {
  return (await run(t, ["why", asked, "--url", operationsOf(peer)])).stdout;
}

async function healthOf(peer: Peer): Promise<string> {
  return (await fetch(`${operationsOf(peer)}/healthz`)).text();
}

const addressOf = ({ env }: Peer): string => env["CORE_PEER_ADDRESS"] ?? "";

describe("one cause, the same sentence everywhere", () => {
  test("a peer that does not trust us", async (t) => {
    const [peer, other] = [await setUp(t), await foreign(t)];
    peer.env["CORE_FABRICGOSSIP_ANCHORPEERS"] = addressOf(other);
    peer.env["CORE_FABRICGOSSIP_TRUSTEDMSPS"] = `Org2MSP=${other.org.mspFolder}`;
    // It can dial us, so that only the identity is in the way.
    other.env["CORE_PEER_TLS_CLIENTAUTHREQUIRED"] = "false";
    await startPeer(t, other);
    const running = await startPeer(t, peer);
    await logged(running, /could not join .*not trusted.*Have our organisation trusted there/);
    assert.match(
      await whyOf(t, peer, addressOf(other)),
      /\(refused-us\).*What to do: Have our organisation/s,
    );
    const findings = await findingsOf({ ...peer.env });
    assertSays(findings, "error", "anchor", /\(refused-us\)\. Have our organisation trusted there/);
  });

  test("a server that accepts clients of its own CAs only names who was refused", async (t) => {
    const [peer, other] = [await setUp(t), await foreign(t)];
    peer.env["CORE_FABRICGOSSIP_ANCHORPEERS"] = addressOf(other);
    peer.env["CORE_FABRICGOSSIP_TRUSTEDMSPS"] = `Org2MSP=${other.org.mspFolder}`;
    other.env["CORE_PEER_TLS_CLIENTAUTHREQUIRED"] = "true";
    other.env["CORE_PEER_TLS_CLIENTROOTCAS_FILES"] = other.file("tls/ca.crt");
    const server = await startPeer(t, other);
    await startPeer(t, peer);
    const line =
      /INFO .*refused a handshake from 127\.0\.0\.1:\d+: we do not accept its TLS certificate \(of .*org1.*clientRootCAs/;
    await logged(server, line);
  });

  test("TLS that was forgotten here", async (t) => {
    const other = await setUp(t);
    const peer = await setUp(t, 1, other.org);
    peer.env["CORE_PEER_TLS_ENABLED"] = "false";
    peer.env["CORE_PEER_GOSSIP_BOOTSTRAP"] = addressOf(other);
    await startPeer(t, other);
    const running = await startPeer(t, peer);
    const sentence =
      /port speaks TLS, but peer\.tls\.enabled is false here.*Set peer\.tls\.enabled/s;
    await logged(running, sentence);
    assert.match(await whyOf(t, peer, addressOf(other)), sentence);
    const findings = await findingsOf({ ...peer.env });
    assertSays(findings, "error", "bootstrap", /\(tls-expected\)\. Set peer\.tls\.enabled/);
  });
});

describe("nobody is alone in silence", () => {
  test("a copy that contacts nobody but the first: the first says so as well", async (t) => {
    const first = await setUp(t);
    const copied = await setUp(t, 0, first.org);
    copied.env["CORE_PEER_GOSSIP_BOOTSTRAP"] = addressOf(first);
    const running = await startPeer(t, first);
    await startPeer(t, copied);
    await logged(
      running,
      /another process uses our certificate and key, at 127\.0\.0\.1\. Give each/,
    );
    assert.match(await healthOf(first), /another process uses our certificate and key/);
  });

  test("a folder copied to a second machine: the copy, the first and doctor say so", async (t) => {
    const other = await setUp(t);
    const first = await setUp(t, 1, other.org);
    const copied = await setUp(t, 1, other.org);
    first.env["CORE_PEER_GOSSIP_BOOTSTRAP"] = addressOf(other);
    copied.env["CORE_PEER_GOSSIP_BOOTSTRAP"] = `${addressOf(first)} ${addressOf(other)}`;
    await startPeer(t, other);
    const running = await startPeer(t, first);
    const findings = await findingsOf({ ...copied.env });
    assertSays(findings, "error", "bootstrap", /\(same-identity\)\. Give each peer its own/);
    const copy = await startPeer(t, copied);
    await logged(copy, /another process uses our certificate and key.*Give each peer its own/);
    assert.match(await healthOf(copied), /another process uses our certificate and key/);
    await logged(running, /another process uses our certificate and key, at .*\. Give each/);
  });

  test("doctor and probe in our name are no second holder", async (t) => {
    const peer = await setUp(t);
    const running = await startPeer(t, peer);
    for (let i = 0; i < 3; i++) {
      const findings = await findingsOf({ ...peer.env });
      assertSays(findings, "ok", "endpoint", /leads to this member, which is already running/);
      await run(t, ["probe", addressOf(peer)], peer.env);
    }
    assert.doesNotMatch(running.output(), /identity|another process/);
    assert.match(await healthOf(peer), /"OK"/);
  });

  test("the address of another peer, copied with its block", async (t) => {
    const other = await setUp(t);
    const peer = await setUp(t, 1, other.org);
    for (const key of ["CORE_PEER_ADDRESS", "CORE_PEER_GOSSIP_EXTERNALENDPOINT"]) {
      peer.env[key] = addressOf(other);
    }
    peer.env["CORE_PEER_GOSSIP_BOOTSTRAP"] = addressOf(other);
    await startPeer(t, other);
    const running = await startPeer(t, peer);
    await logged(
      running,
      /ERROR .*another peer answers at the endpoint that we advertise.*CN=peer0/,
    );
    assert.match(await healthOf(peer), /another peer answers at the endpoint/);
    const findings = await findingsOf({ ...peer.env });
    assertSays(
      findings,
      "error",
      "endpoint",
      /CN=peer0.*\(endpoint-taken\)[.;:] [Cc]orrect CORE_PEER_/,
    );
  });

  test("127.0.0.1 with our port is ourselves, for doctor and why as for start", async (t) => {
    const peer = await setUp(t);
    const [, port = ""] = addressOf(peer).split(":");
    const env = { ...peer.env, CORE_PEER_GOSSIP_BOOTSTRAP: `localhost:${port} 127.0.0.1:${port}` };
    const running = await startPeer(t, { ...peer, env });
    assertSays(await findingsOf(env), "ok", "bootstrap", /except this member/);
    assert.match(
      await whyOf(t, peer, `localhost:${port}`),
      /is visible.*That is this node itself/s,
    );
    assert.doesNotMatch(running.output(), /could not join/);
    assert.match(running.output(), /INFO .*the only bootstrap peer, .*, is this member itself/);
  });
});
