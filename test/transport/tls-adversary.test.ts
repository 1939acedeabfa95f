/** Whatever a TLS client does that is not trusted, nobody but the judge lets it in. */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { Socket } from "node:net";
import { after, before, beforeEach, test } from "node:test";
import {
  type ConnectionOptions,
  connect,
  createServer,
  type Server,
  type TLSSocket,
} from "node:tls";
import { tlsChainFault } from "../../src/msp/tls-chain.ts";
import { judgeClients, serverOptions, useServerContext } from "../../src/transport/grpc-tls.ts";
import { createAuthority } from "./certificates.ts";

const ours = await createAuthority("ours");
const theirs = await createAuthority("theirs");
const server = await ours.issue("server");
const friend = await ours.issue("friend");
const stranger = await theirs.issue("stranger");
const TLS = {
  cert: server.cert,
  key: server.key,
  rootCas: [ours.cert],
  clientAuthRequired: true,
  clientRootCas: [ours.cert],
};

let listener: Server;
let port = 0;
let letIn: TLSSocket[] = [];
const accepted = new Set<Socket>();

before(async () => {
  const judge = (chain: readonly Uint8Array[], anchors: readonly Buffer[]) =>
    tlsChainFault(chain, anchors, { use: "client", atMs: Date.now() });
  listener = createServer(serverOptions(TLS, judge), (socket) => {
    letIn.push(socket);
    socket.on("error", () => {});
    socket.write("welcome");
  });
  listener.on("connection", (socket: Socket) => accepted.add(socket));
  useServerContext(listener, TLS);
  judgeClients(
    listener,
    () => TLS,
    judge,
    () => {},
  );
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const address = listener.address();
  assert.ok(address !== null && typeof address === "object");
  port = address.port;
});
beforeEach(() => {
  letIn = [];
});
after(() => {
  listener.close();
  for (const socket of accepted) socket.destroy();
});

/** What the server says, and the session that it gives out, until it or we end the connection. */
async function visit(
  options: ConnectionOptions,
  during: (socket: TLSSocket) => Promise<void> = async () => {},
): Promise<{ readonly heard: string; readonly session: Buffer | undefined }> {
  const shown = { ca: [ours.cert], servername: "localhost", port, host: "127.0.0.1" };
  const socket = connect({ ...shown, ALPNProtocols: ["h2"], ...options });
  let heard = "";
  let session: Buffer | undefined;
  socket.on("error", () => {});
  socket.on("session", (given) => {
    session = given;
  });
  const closed = once(socket, "close").catch(() => {});
  socket.on("data", async (chunk) => {
    heard += String(chunk);
    await during(socket);
    socket.destroy();
  });
  await closed;
  return { heard, session };
}

const show = ({ cert, key }: { cert: Buffer; key: Buffer }): ConnectionOptions => ({ cert, key });
const VERSIONS = ["TLSv1.2", "TLSv1.3"] as const;

for (const version of VERSIONS) {
  const as = { minVersion: version, maxVersion: version };

  test(`${version}: a client that is trusted is let in`, async () => {
    assert.equal((await visit({ ...as, ...show(friend) })).heard, "welcome");
  });

  const attempts: readonly (readonly [string, ConnectionOptions])[] = [
    ["of another authority", show(stranger)],
    ["of another authority, without ALPN", { ...show(stranger), ALPNProtocols: [] }],
    ["of another authority, with another protocol", { ...show(stranger), ALPNProtocols: ["x"] }],
    [
      "of another authority, with many protocols",
      { ...show(stranger), ALPNProtocols: ["h2", "x", "h2"] },
    ],
    ["without a certificate", {}],
    ["without a certificate or ALPN", { ALPNProtocols: [] }],
    [
      "with a friend's certificate after its own",
      {
        cert: Buffer.concat([stranger.cert, friend.cert]),
        key: stranger.key,
      },
    ],
    [
      "with our authority's certificate after its own",
      {
        cert: Buffer.concat([stranger.cert, ours.cert]),
        key: stranger.key,
      },
    ],
    [
      "with its own authority after its own",
      {
        cert: Buffer.concat([stranger.cert, theirs.cert]),
        key: stranger.key,
      },
    ],
  ];
  for (const [name, options] of attempts) {
    test(`${version}: a client ${name} is not`, async () => {
      assert.equal((await visit({ ...as, ...options })).heard, "");
      assert.equal(letIn.length, 0);
    });
  }

  test(`${version}: a session of one who was refused, or let in, opens nothing`, async () => {
    for (const first of [stranger, friend]) {
      const { session } = await visit({ ...as, ...show(first) });
      letIn = [];
      await visit({ ...as, ...(session ? { session } : {}), ...show(stranger) });
      await visit({ ...as, ...(session ? { session } : {}) });
      assert.equal(letIn.length, 0);
    }
  });
}

test("nobody becomes somebody else in the middle: no renegotiation", async () => {
  const as = { minVersion: "TLSv1.2", maxVersion: "TLSv1.2" } as const;
  const outcomes: (Error | null)[] = [];
  await visit({ ...as, ...show(friend) }, async (socket) => {
    await new Promise<void>((resolve) => {
      socket.once("close", () => resolve());
      const isAsked = socket.renegotiate({}, (error) => {
        outcomes.push(error);
        resolve();
      });
      if (isAsked === false) resolve();
    });
  });
  assert.ok(outcomes.every((error) => error !== null));
});
