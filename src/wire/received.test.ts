import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { PeerTime } from "./messages.ts";
import { isNewer, ownedAlive, parseAlive } from "./received.ts";
import { readEnvelopeVectors } from "./testing.ts";

/** Protobuf JSON of what can be compared by its time. */
interface JsonContent {
  readonly membership?: { readonly pki_id?: string };
  readonly pki_id?: string;
  readonly timestamp: { readonly inc_num?: string; readonly seq_num?: string };
}
type JsonMessage = Readonly<Record<string, JsonContent>>;

const { vectors } = JSON.parse(
  readFileSync(new URL("../../test/vectors/comparator.json", import.meta.url), "utf8"),
) as { vectors: { name: string; this: JsonMessage; that: JsonMessage; result: string }[] };

/** Kind, author and time, if the message has them. */
function read(message: JsonMessage): { subject: string; time: PeerTime } | undefined {
  const [kind, content] = Object.entries(message).find(([, value]) => value.timestamp) ?? [];
  if (content === undefined) return undefined;
  const { inc_num, seq_num } = content.timestamp;
  return {
    subject: `${kind} ${content.membership?.pki_id ?? content.pki_id}`,
    time: { incNum: BigInt(inc_num ?? 0), seqNum: BigInt(seq_num ?? 0) },
  };
}

const timed = vectors.flatMap(({ name, result, this: one, that: other }) => {
  const [message, stored] = [read(one), read(other)];
  return message && stored && message.subject === stored.subject
    ? [{ name, result, time: message.time, known: stored.time }]
    : [];
});

test("ownedAlive() keeps the texts that are known already, but no internal endpoint that nobody told", () => {
  for (const isTold of [true, false]) {
    const name = isTold ? "alive-with-secret" : "alive";
    const { bytes = [] } = readEnvelopeVectors().find((vector) => vector.name === name) ?? {};
    const alive = parseAlive(new Uint8Array([...bytes, 0]).subarray(0, -1));
    assert.ok(alive.ok);
    const { pkiId, endpoint } = alive.value;
    const owned = ownedAlive(alive.value, { pkiId, endpoint, internalEndpoint: "known:1" });
    assert.deepEqual([owned.pkiId, owned.endpoint], [pkiId, endpoint]);
    assert.equal(owned.internalEndpoint, isTold ? "known:1" : undefined);
    assert.deepEqual(owned.envelope.bytes, alive.value.envelope.bytes);
  }
});

describe("isNewer()", () => {
  for (const { name, result, time, known } of timed) {
    test(`${name}: Fabric's comparator says the same`, () => {
      assert.equal(isNewer(time, known) ? "invalidates" : "invalidated", result);
    });
  }

  test("is compared with every verdict on two messages of one author", () => {
    assert.equal(timed.length, 9);
  });

  const time = fc.record({ incNum: fc.bigInt(0n, 3n), seqNum: fc.bigInt(0n, 3n) });

  test("is a strict total order", () => {
    fc.assert(
      fc.property(time, time, time, (a, b, c) => {
        const isSame = a.incNum === b.incNum && a.seqNum === b.seqNum;
        assert.equal(Number(isNewer(a, b)) + Number(isNewer(b, a)), isSame ? 0 : 1);
        if (isNewer(a, b) && isNewer(b, c)) assert.ok(isNewer(a, c));
      }),
    );
  });

  test("tells numbers above 2^53 apart", () => {
    const base = 2n ** 60n;
    assert.ok(isNewer({ incNum: base + 1n, seqNum: 0n }, { incNum: base, seqNum: 9n }));
  });
});
