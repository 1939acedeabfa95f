/** What a client shows in a TLS handshake is weighed before OpenSSL has all of it. */
import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject, X509Certificate } from "node:crypto";
import { once } from "node:events";
import type { Socket } from "node:net";
import { describe, type TestContext, test } from "node:test";
import { type ConnectionOptions, connect, createServer } from "node:tls";
import { encodeDer } from "../../src/msp/der.ts";
import { readAlong } from "../../src/transport/client-flight.ts";
import { keyWeight } from "../../src/transport/key-weight.ts";
import { PiecewiseSocket } from "../../src/transport/piecewise-socket.ts";
import { authority, TLS } from "./grpc-world.ts";

const [SEQUENCE, INTEGER, BITS, OID] = [0x30, 0x02, 0x03, 0x06];

const oid = (hex: string) => encodeDer(OID, Buffer.from(hex, "hex"));
const bitString = (bytes: Uint8Array) => encodeDer(BITS, Uint8Array.of(0), bytes);

const spkiOf = (key: KeyObject): Buffer => key.export({ type: "spki", format: "der" });
const ecKey = (namedCurve: string): Buffer =>
  spkiOf(generateKeyPairSync("ec", { namedCurve }).publicKey);
const rsaKey = (modulusBytes: number, exponent: Uint8Array): Uint8Array =>
  encodeDer(
    SEQUENCE,
    encodeDer(SEQUENCE, oid("2a864886f70d010101"), encodeDer(0x05)),
    bitString(
      encodeDer(
        SEQUENCE,
        encodeDer(INTEGER, Uint8Array.of(0), Buffer.alloc(modulusBytes, 0xff)),
        encodeDer(INTEGER, exponent),
      ),
    ),
  );
const E65537 = Uint8Array.of(1, 0, 1);

/** A certificate with this key that nobody has signed. */
function certificate(spki: Uint8Array, hasVersion = true): Uint8Array {
  const name = encodeDer(SEQUENCE);
  const date = encodeDer(0x17, Buffer.from("300101000000Z"));
  const algorithm = encodeDer(SEQUENCE, oid("2a8648ce3d040302"));
  const signed = encodeDer(
    SEQUENCE,
    ...(hasVersion ? [encodeDer(0xa0, encodeDer(INTEGER, Uint8Array.of(2)))] : []),
    encodeDer(INTEGER, Uint8Array.of(1)),
    algorithm,
    name,
    encodeDer(SEQUENCE, date, date),
    name,
    spki,
  );
  return encodeDer(SEQUENCE, signed, algorithm, bitString(Buffer.alloc(64)));
}

function pem(der: Uint8Array): string {
  const text = Buffer.from(der).toString("base64").replaceAll(/.{64}/g, "$&\n");
  return `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`;
}

const DEAR = "its chain has keys that are too costly to check";
const ODD = "its chain has a certificate, or a kind of key, that Go does not take";

describe("the weight of a key", () => {
  const weigh = (spki: Uint8Array) => keyWeight(certificate(spki));
  const curves = ["P-256", "secp224r1", "P-384", "P-521"];
  for (const curve of curves) {
    test(`${curve} has one`, () => {
      assert.ok(Number(weigh(ecKey(curve))) >= 100);
      assert.equal(keyWeight(certificate(ecKey(curve), false)), weigh(ecKey(curve)));
    });
  }
  test("so have Ed25519 and RSA as Go takes it", () => {
    assert.ok(weigh(spkiOf(generateKeyPairSync("ed25519").publicKey)));
    assert.ok(weigh(rsaKey(256, E65537)));
    assert.ok(weigh(rsaKey(1_024, Uint8Array.of(0x7f, 255, 255, 255))));
    assert.ok(keyWeight(new X509Certificate(authority.cert).raw));
  });
  test("others have none", () => {
    for (const curve of ["sect571r1", "brainpoolP512r1", "secp256k1"]) {
      assert.equal(weigh(ecKey(curve)), undefined, curve);
    }
    assert.equal(weigh(rsaKey(1_025, E65537)), undefined);
    assert.equal(weigh(rsaKey(256, Buffer.alloc(200, 0x7f))), undefined);
    assert.equal(weigh(spkiOf(generateKeyPairSync("ed448").publicKey)), undefined);
    assert.equal(weigh(encodeDer(SEQUENCE)), undefined);
    const explicit = encodeDer(
      SEQUENCE,
      encodeDer(SEQUENCE, oid("2a8648ce3d0201"), encodeDer(SEQUENCE)),
      bitString(Buffer.alloc(65)),
    );
    assert.equal(weigh(explicit), undefined);
  });
  test("whatever else it is, it has none", () => {
    const whole = certificate(ecKey("P-256"));
    for (let length = 0; length < whole.length; length++) {
      assert.equal(keyWeight(whole.subarray(0, length)), undefined);
    }
    for (let at = 0; at < whole.length; at++) {
      for (const byte of [0, 0x80, 0xff]) keyWeight(Uint8Array.from(whole).fill(byte, at, at + 1));
    }
    assert.equal(keyWeight(Uint8Array.of(0x30, 0x80, 0, 0)), undefined); // No length.
  });
});

/** A server that reads along, in pieces of so many bytes; resolves to why it ended a client, if it did. */
async function shake(
  t: TestContext,
  chain: readonly Uint8Array[],
  { pieceBytes = 2_048, ...options }: ConnectionOptions & { readonly pieceBytes?: number } = {},
): Promise<string | undefined> {
  const server = createServer({
    cert: TLS.cert,
    key: TLS.key,
    ca: authority.cert,
    requestCert: true,
    rejectUnauthorized: false,
    ecdhCurve: "X25519:P-256", // Who begins with another is asked for a second hello.
  });
  server.on("tlsClientError", () => {});
  const begins = server.listeners("connection");
  server.removeAllListeners("connection");
  const objection = readAlong(server);
  let isInTls = true;
  const ended = new Promise<string | undefined>((resolve) => {
    server.on("secureConnection", (socket: Socket) => {
      isInTls = false;
      socket.destroy();
      resolve(undefined);
    });
    server.on("connection", (socket: Socket) => {
      const read = new PiecewiseSocket(socket);
      read.on("error", () => {});
      read.obey({
        isProven: () => true,
        isTime: () => true,
        isFair: (piece) => {
          for (let at = 0; isInTls && at < piece.length; at += pieceBytes) {
            const reason = objection(read, piece.subarray(at, at + pieceBytes));
            if (reason === undefined) continue;
            resolve(reason);
            read.destroy();
            return false;
          }
          return true;
        },
        handOn: (hand) => hand(),
        rest: () => {},
      });
      for (const begin of begins) Reflect.apply(begin, server, [read]);
    });
  });
  server.listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  const client = connect({
    host: "localhost",
    port: address.port,
    ca: authority.cert,
    cert: `${TLS.clientCert}${chain.map(pem).join("")}`,
    key: TLS.clientKey,
    ...options,
  });
  client.on("error", () => {});
  client.resume();
  t.after(() => client.destroy());
  return await ended;
}

describe("a client's chain", () => {
  const p521 = certificate(ecKey("P-521"));
  const sect = certificate(ecKey("sect571r1"));
  const many = (length: number, of: Uint8Array) => Array.from({ length }, () => of);
  const tls12 = { maxVersion: "TLSv1.2" } as const;
  const handshakes: readonly [string, Parameters<typeof shake>[2]][] = [
    ["TLS 1.3", {}],
    ["TLS 1.3, AES-128", { ciphers: "TLS_AES_128_GCM_SHA256" }],
    ["TLS 1.3, AES-256", { ciphers: "TLS_AES_256_GCM_SHA384" }],
    ["TLS 1.3, ChaCha20", { ciphers: "TLS_CHACHA20_POLY1305_SHA256" }],
    ["TLS 1.3, a second hello", { ecdhCurve: "P-384:P-256" }],
    ["TLS 1.3, byte by byte", { pieceBytes: 1 }],
    ["TLS 1.2", tls12],
    ["TLS 1.2, byte by byte", { ...tls12, pieceBytes: 1 }],
    ["TLS 1.2, AES-256", { ...tls12, ciphers: "ECDHE-ECDSA-AES256-GCM-SHA384" }],
  ];
  for (const [name, options] of handshakes) {
    test(`${name}: costly ones are refused, honest ones not`, async (t) => {
      assert.equal(await shake(t, [], options), undefined);
      assert.equal(await shake(t, many(6, p521), options), undefined);
      assert.equal(await shake(t, many(7, p521), options), DEAR);
      assert.equal(await shake(t, [sect], options), ODD);
      assert.equal(await shake(t, [...many(3, p521), sect], options), ODD);
    });
  }

  test("one above 16 KiB is refused, whatever it holds", async (t) => {
    const rsa = certificate(rsaKey(1_024, E65537));
    assert.equal(await shake(t, many(10, rsa)), undefined);
    const long =
      "it shows more than 16 KiB of certificates: its own and those of its intermediate CAs are enough";
    assert.equal(await shake(t, many(20, rsa)), long);
  });

  test("none is all right here", async (t) => {
    assert.equal(await shake(t, [], { cert: undefined, key: undefined }), undefined);
  });
});
