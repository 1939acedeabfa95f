/** Envelopes for people: the ones recorded from Fabric, in every spelling, and what is none. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import {
  channelGroup,
  configTransaction,
  makeBlock,
  makeOrganisation,
  transaction,
} from "../channel/testing.ts";
import { GossipError } from "../lib/errors.ts";
import { encode } from "../wire/encode.ts";
import { encodeEnvelope, encodeMessage } from "../wire/envelope.ts";
import { SERIALIZED_IDENTITY, TAG } from "../wire/messages.ts";
import { decodeEnvelope } from "./decode-envelope.ts";

interface Vector {
  readonly name: string;
  readonly envelope_hex: string;
}

const FILE = new URL("../../test/vectors/envelopes.json", import.meta.url);
const { vectors }: { vectors: readonly Vector[] } = JSON.parse(readFileSync(FILE, "utf8"));

const bytesOf = (name: string): Buffer =>
  Buffer.from(vectors.find((vector) => vector.name === name)?.envelope_hex ?? "", "hex");

function framed(bytes: Uint8Array): Uint8Array {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

/** A value deep inside, by its path. */
function at(json: unknown, ...path: readonly (string | number)[]): unknown {
  let value = json;
  for (const key of path) {
    assert.ok(typeof value === "object" && value !== null, `nothing at ${key}`);
    value = Object.entries(value).find(([name]) => name === String(key))?.[1];
  }
  return value;
}

const PKI_ID = "62bcd1443bf52fc4d88c42f5927687713415d641b7571f2df490174ca758e08f";

describe("decodeEnvelope()", () => {
  test("reads every message of Fabric", () => {
    assert.ok(vectors.length > 20);
    for (const { name, envelope_hex } of vectors) {
      const json = decodeEnvelope(Buffer.from(envelope_hex));
      assert.ok(at(json, "message"), name);
      assert.equal(at(json, "unknown"), undefined, name);
      JSON.stringify(json);
    }
  });

  test("calls no content unknown that it knows, whatever byte it ends with", () => {
    for (let byte = 0; byte < 256; byte++) {
      const pkiId = Buffer.alloc(200, byte);
      const membership = { endpoint: "a:1", metadata: new Uint8Array(0), pkiId };
      const value = { membership, timestamp: { incNum: 1n, seqNum: 2n }, identity: pkiId };
      const payload = encodeMessage({ tag: TAG.empty, content: { type: "alive", value } });
      assert.equal(at(decodeEnvelope(encodeEnvelope({ payload }).bytes), "unknown"), undefined);
    }
    assert.equal(at(decodeEnvelope(Buffer.from("0a0408016a00", "hex")), "unknown"), undefined);
  });

  test("reads hex, base64 of both alphabets, bytes, and bytes in a gRPC frame alike", () => {
    const bytes = bytesOf("alive-with-secret");
    const frame = Buffer.alloc(5);
    frame.writeUInt32BE(bytes.length, 1);
    const wanted = decodeEnvelope(bytes);
    const hex = bytes.toString("hex");
    const spellings = [hex, `0x${hex.toUpperCase()}`, `${hex.match(/.{1,60}/g)?.join("\n")}\n`];
    spellings.push(bytes.toString("base64"), `${bytes.toString("base64url")}\r\n`);
    for (const spelling of spellings) {
      assert.deepEqual(decodeEnvelope(Buffer.from(spelling)), wanted, spelling.slice(0, 20));
    }
    assert.deepEqual(decodeEnvelope(Buffer.concat([frame, bytes])), wanted);
  });

  test("reads what other programs print", () => {
    const bytes = bytesOf("alive-with-secret");
    const wanted = decodeEnvelope(bytes);
    const pairs = bytes.toString("hex").match(/../g) ?? [];
    const rows = Array.from({ length: Math.ceil(pairs.length / 16) }, (_, i) =>
      pairs.slice(16 * i, 16 * i + 16),
    );
    const address = (i: number): string => (16 * i).toString(16).padStart(8, "0");
    const texts = {
      "Wireshark, with colons": pairs.join(":"),
      "od -An -tx1": rows.map((row) => ` ${row.join(" ")}`).join("\n"),
      xxd: rows
        .map((row, i) => `${address(i)}: ${row.join("").replace(/(.{4})/g, "$1 ")} .a0 :"|x`)
        .join("\n"),
      "hexdump -C": `${rows
        .map(
          (row, i) =>
            `${address(i)}  ${row.slice(0, 8).join(" ")}  ${row.slice(8).join(" ")}  |.f0|`,
        )
        .join("\r\n")}\n${bytes.length.toString(16).padStart(8, "0")}\n`,
      "xxd -i": `unsigned char a[] = {\n 0x${pairs.join(", 0x")}\n};\nunsigned int a_len = 85;`,
      Python: `b'\\x${pairs.join("\\x")}'`.slice(1),
      "in quotation marks": JSON.stringify(bytes.toString("base64")),
    };
    for (const [name, text] of Object.entries(texts)) {
      assert.deepEqual(decodeEnvelope(Buffer.from(text)), wanted, name);
    }
  });

  test("names what is given by mistake", () => {
    const bytes = bytesOf("alive-with-secret");
    const pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    const identity = encode(SERIALIZED_IDENTITY, { mspid: "Org1MSP", idBytes: Buffer.from(pem) });
    const mistakes: readonly (readonly [Uint8Array, RegExp])[] = [
      [bytes.subarray(0, 60), /cut short \(\d+ bytes are missing\)/],
      [framed(bytes).subarray(0, -7), /cut short \(7 bytes are missing\)/],
      [Buffer.concat([framed(bytes), framed(bytes)]), /More than one frame/],
      [Buffer.from(pem), /That is a PEM block \(CERTIFICATE\)/],
      [gzipSync(bytes), /That is compressed with gzip/],
      [Buffer.from(bytes.toString("hex").slice(1)), /That is hex with an odd number of digits/],
      [Buffer.from(`0x${bytes.toString("hex").slice(1)}\r\n`), /hex with an odd number of digits/],
      [
        Buffer.from(`${bytes.toString("hex").slice(0, 120)}\n`),
        /cut short \(\d+ bytes are missing\)/,
      ],
      [Buffer.from('{"payload":"CgQI"}'), /That is JSON without an envelope in it/],
      [identity, /That is a serialized identity of Org1MSP/],
    ];
    for (const [input, sentence] of mistakes) {
      assert.throws(() => decodeEnvelope(input), sentence);
    }
  });

  test("names a content that only a later version knows, and reads a message without envelope", () => {
    const payload = Buffer.from("08041801" + "9a06020801", "hex");
    const future = decodeEnvelope(encodeEnvelope({ payload }).bytes);
    assert.equal(at(future, "unknown"), "content of an unknown kind, field 99");
    const hello = encodeMessage({
      tag: TAG.empty,
      content: { type: "hello", value: { nonce: 7n } },
    });
    assert.equal(at(decodeEnvelope(hello), "message", "hello", "nonce"), "7");
  });

  test("describes identity, signature and secret of an alive message", () => {
    const json = decodeEnvelope(bytesOf("alive-with-secret"));
    const alive = at(json, "message", "alive_msg");
    assert.equal(at(alive, "membership", "pki_id"), PKI_ID);
    assert.equal(at(alive, "identity", "pki_id"), PKI_ID);
    assert.equal(at(alive, "identity", "mspid"), "Org1MSP");
    assert.match(String(at(alive, "identity", "certificate", "subject")), /^CN=peer0\.org1/);
    assert.equal(at(alive, "timestamp", "started"), "2026-11-22T07:14:45.376Z");
    assert.equal(at(json, "signature", "verified"), true);
    assert.equal(at(json, "signature", "lowS"), true);
    assert.match(String(at(json, "secret", "content", "internalEndpoint")), /:7051$/);
    assert.equal(at(json, "secret", "signature", "verified"), true);
  });

  test("says when a signature is wrong, and when it cannot know", () => {
    const bytes = bytesOf("alive-with-identity");
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    assert.equal(at(decodeEnvelope(bytes), "signature", "verified"), false);
    assert.equal(at(decodeEnvelope(bytesOf("alive")), "signature", "verified"), null);
    assert.equal(at(decodeEnvelope(bytesOf("identity-hello")), "signature"), null);
  });

  test("opens envelopes within envelopes", () => {
    const response = decodeEnvelope(bytesOf("membership-response"));
    const first = at(response, "message", "mem_res", "alive", 0);
    assert.equal(at(first, "message", "alive_msg", "membership", "pki_id"), PKI_ID);
    assert.equal(typeof at(first, "signature", "hex"), "string");
    const update = decodeEnvelope(bytesOf("identity-update"));
    const item = at(update, "message", "data_update", "data", 0);
    assert.equal(at(item, "message", "peer_identity", "cert", "mspid"), "Org2MSP");
    assert.equal(at(item, "signature", "verified"), true);
    const digests = at(
      decodeEnvelope(bytesOf("identity-digest")),
      "message",
      "data_dig",
      "digests",
    );
    assert.equal(at(digests, 0), PKI_ID);
  });

  test("opens blocks and configurations, alone and in the answer to a state request", () => {
    const org = makeOrganisation("Org1MSP");
    const orderer = makeOrganisation("OrdererMSP");
    const key = orderer.member("orderer1", ["orderer"]);
    const tree = channelGroup({ organisations: [org], orderer, consenters: [key] });
    const config = makeBlock({
      number: 0n,
      transactions: [configTransaction("ch1", 3n, tree)],
      signers: [{ id: 1, key }],
    });
    const configuration = at(decodeEnvelope(config), "transactions", 0, "config");
    assert.equal(at(configuration, "sequence"), "3");
    const group = at(configuration, "channel_group", "groups", "Application", "groups", "Org1MSP");
    const msp = at(group, "values", "MSP", "value", "config");
    assert.equal(at(msp, "root_certs", 0, "subject"), "CN=ca.Org1MSP");
    assert.equal(
      at(group, "policies", "Readers", "policy", "value", "identities", 0, "role"),
      "MEMBER",
    );
    assert.equal(at(decodeEnvelope(config), "signatures", 0, "orderer"), 1);

    const block = makeBlock({
      number: 7n,
      transactions: [transaction("ch1", "a"), transaction("ch1", "b")],
      signers: [{ identity: orderer.identity(key), key }],
      lastConfig: 4n,
      metadata: [new Uint8Array(0), Uint8Array.of(0, 11)],
    });
    const wanted = decodeEnvelope(block);
    assert.deepEqual(at(wanted, "block", "number"), "7");
    assert.deepEqual(at(wanted, "block", "last_config"), "4");
    assert.deepEqual(at(wanted, "block", "data_hash_matches"), true);
    assert.equal(at(wanted, "signatures", 0, "signature", "verified"), true);
    assert.equal(at(wanted, "signatures", 0, "creator", "mspid"), "OrdererMSP");
    assert.equal(at(wanted, "transactions", 0, "validation_code"), "VALID");
    assert.equal(at(wanted, "transactions", 1, "validation_code"), "MVCC_READ_CONFLICT");
    assert.deepEqual(decodeEnvelope(Buffer.from(Buffer.from(block).toString("base64"))), wanted);
    const alone = decodeEnvelope(transaction("ch1", "a"));
    assert.equal(at(alone, "transaction", "tx_id"), "a");

    const payloads = [{ seqNum: 7n, data: block }];
    const content = { type: "state-response", value: { payloads } } as const;
    const payload = encodeMessage({ tag: TAG.chanOrOrg, channel: Buffer.from("ch1"), content });
    const answer = decodeEnvelope(encodeEnvelope({ payload }).bytes);
    assert.deepEqual(at(answer, "message", "state_response", "payloads", 0, "data"), wanted);
  });

  test("says when a StateInfo changed, alone and in a snapshot", () => {
    const timestamp = { incNum: 1_795_331_685_376_064_482n, seqNum: 1_795_331_690_000_000_000n };
    const value = { timestamp, pkiId: new Uint8Array(32), properties: { ledgerHeight: 9n } };
    const info = encodeEnvelope({
      payload: encodeMessage({ content: { type: "state-info", value } }),
    }).bytes;
    const said = at(decodeEnvelope(info), "message", "state_info");
    assert.equal(at(said, "timestamp", "changed"), "2026-11-22T07:14:50.000Z");
    assert.equal(at(said, "properties", "ledger_height"), "9");
    const content = { type: "state-snapshot", value: { elements: [info] } } as const;
    const snapshot = decodeEnvelope(encodeEnvelope({ payload: encodeMessage({ content }) }).bytes);
    const element = at(
      snapshot,
      "message",
      "state_snapshot",
      "elements",
      0,
      "message",
      "state_info",
    );
    assert.deepEqual(element, said);
  });

  test("opens only so many, however deep they are nested", () => {
    const tag = TAG.empty;
    let { bytes } = encodeEnvelope({
      payload: encodeMessage({ tag, content: { type: "empty", value: {} } }),
    });
    for (let depth = 0; depth < 2_000; depth++) {
      const value = { nonce: 1n, data: [bytes], msgType: 2 };
      const payload = encodeMessage({ tag, content: { type: "update", value } });
      bytes = encodeEnvelope({ payload }).bytes;
    }
    const text = JSON.stringify(decodeEnvelope(bytes));
    assert.equal(text.split("data_update").length - 1, 7);
  });

  const none: readonly (readonly [string, string | Uint8Array])[] = [
    ["nothing", ""],
    ["a word", "hello"],
    ["a sentence", "this is no envelope"],
    ["hex of something else", "deadbeef"],
    ["an odd number of hex digits", "0a0"],
    ["an empty envelope", new Uint8Array([0x0a, 0])],
    ["an unknown field only", "0a02f80f"],
    ["a certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"],
    ["too much", new Uint8Array(70_000_000)],
  ];
  for (const [name, input] of none) {
    test(`${name} is told in one sentence`, () => {
      const bytes = typeof input === "string" ? Buffer.from(input) : input;
      assert.throws(
        () => decodeEnvelope(bytes),
        (error) => error instanceof GossipError && /^[A-Z][^\n]*\.$/.test(error.message),
      );
    });
  }

  test("parts of buffers and captures are called by their names", () => {
    for (const [input, want] of [
      ["<Buffer 0a 53 18 01 2a 4f 0a 3f 0a 1b ... 87 more bytes>", /the beginning of a buffer/],
      [
        "Uint8Array(137) [ 10, 83, 24, 1, 42, 79, 10, 63, 1, 1, ... 37 more items ]",
        /beginning of/,
      ],
      ["\xd4\xc3\xb2\xa1\x02\0\x04\0\n", /a capture of packets/],
    ] as const) {
      assert.throws(() => decodeEnvelope(Buffer.from(input, "latin1")), want);
    }
  });

  test("whatever it is given, it answers or throws a GossipError", () => {
    const known = fc.constantFrom(...vectors.map((vector) => vector.name));
    const mutated = fc.tuple(known, fc.nat(), fc.nat(255)).map(([name, place, byte]) => {
      const bytes = bytesOf(name);
      bytes[place % bytes.length] = byte;
      return bytes;
    });
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 200 })), (bytes) => {
        try {
          JSON.stringify(decodeEnvelope(bytes));
        } catch (error) {
          assert.ok(error instanceof GossipError, String(error));
        }
      }),
      { numRuns: 500 },
    );
  });
});
