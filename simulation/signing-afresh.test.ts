/** A member that signs for each request, as others see it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Link, Network } from "../src/transport/network.ts";
import { fromHex } from "../src/wire/bytes.ts";
import { encodeEnvelope, encodeMessage, encodeUnsigned } from "../src/wire/envelope.ts";
import { TAG } from "../src/wire/messages.ts";
import { readAlive } from "./checkers/wire-reader.ts";
import { aliveMessagesIn } from "./habits.ts";
import { signingAfresh } from "./signing-afresh.ts";

const OWN = "11".repeat(32);
const SIGNATURE = Uint8Array.of(7);

function said(pkiId: string, seqNum: bigint): Uint8Array {
  const value = {
    membership: { endpoint: "a:1", pkiId: fromHex(pkiId) },
    timestamp: { incNum: 5n, seqNum },
  };
  const payload = encodeMessage({ tag: TAG.empty, content: { type: "alive", value } });
  return encodeEnvelope({ payload, signature: Uint8Array.of(1) }).bytes;
}

const request = (selfInformation: Uint8Array): Uint8Array =>
  encodeUnsigned({ content: { type: "membership-request", value: { selfInformation } } });
const answer = (...alive: readonly Uint8Array[]): Uint8Array =>
  encodeUnsigned({ content: { type: "membership-response", value: { alive, dead: [] } } });

/** What arrives of these messages. */
function passed(...messages: readonly Uint8Array[]): readonly Uint8Array[] {
  const arrived: Uint8Array[] = [];
  const link = { send: (bytes: Uint8Array) => arrived.push(bytes) } as unknown as Link;
  const network = {
    dial: (_: string, { opened }: { opened(link: Link): void }) => opened(link),
  } as unknown as Network;
  const signer = { pkiId: OWN, sign: () => SIGNATURE };
  const opened = (own: Link): void => {
    for (const bytes of messages) own.send(bytes);
  };
  signingAfresh(network, () => signer).dial("b:1", { opened, failed: assert.fail });
  return arrived;
}

const timesOf = (bytes: Uint8Array): unknown[] =>
  aliveMessagesIn(bytes).map((one) => readAlive(one)?.time);

test("each request is newer than all before; a heartbeat is the same for all, also in an answer", () => {
  const own = said(OWN, 1n);
  const arrived = passed(own, own, request(own), request(own), answer(own), said(OWN, 2n));
  const [first, again, asked, askedAgain, answered, second] = arrived.flatMap(timesOf) as bigint[];
  assert.deepEqual([again, answered], [first, first]);
  assert.ok(first !== undefined && asked !== undefined && askedAgain !== undefined);
  assert.ok(first < asked && asked < askedAgain && second !== undefined && askedAgain < second);
});

test("what others have signed stays as it is", () => {
  const other = said("22".repeat(32), 1n);
  assert.deepEqual(passed(other, answer(other)), [other, answer(other)]);
});
