/** Keys that Go does not know, in certificates that anybody may show: refused, and nobody is ended by them. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { afterEach, describe, test } from "node:test";
import { connect, createServer } from "node:tls";
import {
  alternativeNames,
  keyPem,
  type Made,
  makeCertificate,
  makeKeys,
} from "../../src/msp/testing.ts";
import { tlsChainFault } from "../../src/msp/tls-chain.ts";
import type { TlsCredentials, TlsJudge } from "../../src/transport/tls-credentials.ts";
import { createGrpcWorld } from "./grpc-world.ts";
import { dialFault, dialOk } from "./suite.ts";

const NAMES = { extensions: [alternativeNames("localhost")] };
const ca = makeCertificate({ commonName: "ca", isCa: true });
const pem = (...chain: readonly Made[]) => Buffer.concat(chain.map((made) => made.pem));
const shownBy = (leaf: Made, ...chain: readonly Made[]) => ({
  cert: pem(leaf, ...chain),
  key: Buffer.from(keyPem(leaf)),
});
const MEMBER: TlsCredentials = {
  ...shownBy(makeCertificate({ commonName: "member", issuer: ca, ...NAMES })),
  rootCas: [pem(ca)],
  clientAuthRequired: false,
  clientRootCas: [pem(ca)],
};
const judgeTls: TlsJudge = (chain, anchors, use) =>
  tlsChainFault(chain, anchors, { use, atMs: Date.now() });

/** A leaf on P-256 below a CA on this curve, which OpenSSL passes on without a look at its key. */
function below(curve: string, issuer?: Made) {
  const made = { commonName: "inner", isCa: true, keys: makeKeys(curve) };
  const inner = makeCertificate(issuer === undefined ? made : { ...made, issuer });
  return shownBy(makeCertificate({ commonName: "leaf", issuer: inner, ...NAMES }), inner);
}

/** A leaf of ours, and behind it a CA of the name of ours on this curve. */
const besides = (curve: string) =>
  shownBy(
    makeCertificate({ commonName: "leaf", issuer: ca, ...NAMES }),
    makeCertificate({ commonName: "ca", isCa: true, keys: makeKeys(curve) }),
  );

const on = (curve: string) =>
  shownBy(makeCertificate({ commonName: "leaf", issuer: ca, keys: makeKeys(curve), ...NAMES }));

describe("a key on a curve without a NIST name", () => {
  const world = createGrpcWorld(MEMBER);
  afterEach(() => world.close());

  const shown = {
    "secp256k1 above the leaf": below("secp256k1"),
    "secp256k1 above the leaf, below our CA": below("secp256k1", ca),
    "brainpoolP256r1 above the leaf, below our CA": below("brainpoolP256r1", ca),
    "secp256k1 behind a leaf of ours": besides("secp256k1"),
    "brainpoolP256r1 in the leaf": on("brainpoolP256r1"),
    "brainpoolP384r1 in the leaf": on("brainpoolP384r1"),
  };
  for (const [name, stranger] of Object.entries(shown)) {
    for (const clientAuthRequired of [false, true]) {
      test(`${name}: who shows it does no harm, clients verified: ${clientAuthRequired}`, async () => {
        const member = world.grpc({ tls: { ...MEMBER, clientAuthRequired }, judgeTls });
        await member.network.listen(() => {});
        const visitor = connect({
          port: member.network.port,
          host: "127.0.0.1",
          rejectUnauthorized: false,
          ALPNProtocols: ["h2"],
          ...stranger,
        });
        visitor.on("error", () => {});
        visitor.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0");
        const ended = new Promise((resolve) => {
          visitor.once("data", resolve);
          visitor.once("close", resolve);
        });
        await ended;
        visitor.destroy();
        await dialOk(
          world,
          world.grpc({ judgeTls }).network,
          member.endpoint().replace(/^[^:]+/, "localhost"),
        );
      });
    }

    test(`${name}: who is dialled and shows it is refused or judged, no more`, async (t) => {
      const server = createServer({ ...stranger, ALPNProtocols: ["h2"] }, (socket) =>
        socket.on("error", () => {}).destroy(),
      );
      t.after(() => server.close());
      await once(server.listen(0, "127.0.0.1"), "listening");
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      const fault = await dialFault(world, world.grpc({ judgeTls }).network, `localhost:${port}`);
      assert.match(fault ?? "", /^(tls|closed|protocol)/);
    });
  }
});
