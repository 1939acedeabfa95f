import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeEnvelope, encodeMessage } from "../src/wire/envelope.ts";
import { TAG } from "../src/wire/messages.ts";
import { readMessage } from "../src/wire/received.ts";
import { createAuthority } from "./authority.ts";
import { createSharedReader } from "./shared-reader.ts";

const authority = createAuthority(1);
const { identity, sign } = authority.issue({
  mspId: "Org1MSP",
  name: "peer0",
  owner: 0,
  notAfterMs: 1e15,
});

function heartbeat(seqNum: bigint, number: number): Uint8Array {
  const pkiId = Uint8Array.from({ length: 32 }, (_, i) => i);
  const value = {
    membership: { endpoint: "peer0:7051", pkiId, metadata: new Uint8Array(3) },
    timestamp: { incNum: 1n, seqNum },
    identity: identity.bytes,
  };
  const payload = encodeMessage({ tag: TAG.empty, content: { type: "alive", value } });
  return encodeEnvelope({ payload, signature: sign(payload, number) }).bytes;
}

/** The parts of its envelope, which the shared reader makes once for all. */
function parts(verdict: ReturnType<typeof readMessage>): unknown {
  if (!verdict.ok || !verdict.value.alive.ok) return verdict;
  const { bytes, payload, signature, secret } = verdict.value.envelope;
  const envelope = { bytes, payload, signature, secret };
  const alive = { ok: true, value: { ...verdict.value.alive.value, envelope } };
  return { ok: true, value: { ...verdict.value, envelope, alive } };
}

test("what is read once is shared by all, as each would have read it", () => {
  const read = createSharedReader(authority);
  const bytes = heartbeat(5n, 1);
  const first = read(bytes);
  assert.deepEqual(first, parts(readMessage(bytes)));
  assert.equal(read(new Uint8Array(bytes)), first, "equal bytes in other memory");
  const { verify } = authority.crypto(() => true, new Map());
  const envelope = first.ok ? first.value.envelope : assert.fail();
  assert.equal(verify(identity, envelope.payload, envelope.signature), true);
  assert.equal(verify(identity, envelope.payload, envelope.signature), true, "from memory");
});

test("other bytes with the number of a message that was read are read anew, and are forged", () => {
  const read = createSharedReader(authority);
  const { verify } = authority.crypto(() => true, new Map());
  const bytes = heartbeat(5n, 1);
  const original = read(bytes);
  assert.ok(
    original.ok &&
      verify(identity, original.value.envelope.payload, original.value.envelope.signature),
  );
  for (let at = 0; at < bytes.length; at++) {
    const changed = Uint8Array.from(bytes, (byte, i) => (i === at ? byte ^ 1 : byte));
    const verdict = read(changed);
    assert.deepEqual(verdict, parts(readMessage(changed)), `byte ${at}`);
    if (!verdict.ok) continue;
    const { payload, signature } = verdict.value.envelope;
    assert.equal(verify(identity, payload, signature), false, `byte ${at}`);
  }
});

test("a later message takes the place of one whose number ends in the same bits", () => {
  const read = createSharedReader(authority);
  const [one, other] = [heartbeat(5n, 7), heartbeat(6n, 7 + 2 ** 16)];
  read(one);
  assert.deepEqual(read(other), parts(readMessage(other)));
  assert.deepEqual(read(one), parts(readMessage(one)));
});
