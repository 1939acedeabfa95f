/** Which message makes another superfluous: the laws of an order, and the table of spec B 5.1. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { EMPTY_BYTES, toHex } from "../../wire/bytes.ts";
import { decode } from "../../wire/decode.ts";
import { encode } from "../../wire/encode.ts";
import { GOSSIP_MESSAGE, type GossipMessage, type GossipMessageInit } from "../../wire/messages.ts";
import { type Relation, relate } from "./message-order.ts";

const WINDOW = 2;

function read(content: GossipMessageInit["content"]): GossipMessage {
  const verdict = decode(GOSSIP_MESSAGE, encode(GOSSIP_MESSAGE, { content }));
  assert.ok(verdict.ok);
  return verdict.value;
}

const small = fc.bigInt({ min: 0n, max: 2n });
const timestamp = fc.option(fc.record({ incNum: small, seqNum: small }), { nil: undefined });
const pkiId = fc.constantFrom(EMPTY_BYTES, Uint8Array.of(1), Uint8Array.of(2));
const seqNum = fc.bigInt({ min: 0n, max: 9n });

const message: fc.Arbitrary<GossipMessage> = fc
  .oneof(
    fc.record({
      type: fc.constant("alive" as const),
      value: fc.record({ membership: fc.record({ pkiId }), timestamp }),
    }),
    fc.record({
      type: fc.constant("state-info" as const),
      value: fc.record({ pkiId, timestamp, channelMac: pkiId }),
    }),
    fc.record({
      type: fc.constant("leadership" as const),
      value: fc.record({ pkiId, timestamp, isDeclaration: fc.boolean() }),
    }),
    fc.record({ type: fc.constant("peer-identity" as const), value: fc.record({ pkiId }) }),
    fc.record({
      type: fc.constant("data" as const),
      value: fc.record({ payload: fc.record({ seqNum }) }),
    }),
    fc.constant({ type: "hello" as const, value: {} }),
  )
  .map(read);

/** The table, row by row, with times as one number. */
function tabled(a: GossipMessage, b: GossipMessage): Relation {
  const [x, y] = [a.content, b.content];
  if (x?.type === "data" && y?.type === "data") {
    const above = Number((x.value.payload?.seqNum ?? 0n) - (y.value.payload?.seqNum ?? 0n));
    if (above === 0) return "rejected";
    if (Math.abs(above) <= WINDOW) return "unrelated";
    return above > 0 ? "supersedes" : "rejected";
  }
  const [mine, its] = [keyOf(a), keyOf(b)];
  if (mine === undefined || mine !== its) return "unrelated";
  if (x?.type === "peer-identity") return "rejected";
  const [when, then] = [timeOf(a), timeOf(b)];
  return when !== undefined && then !== undefined && when > then ? "supersedes" : "rejected";
}

function keyOf({ content }: GossipMessage): string | undefined {
  switch (content?.type) {
    case "alive":
      return `alive ${toHex(content.value.membership?.pkiId ?? EMPTY_BYTES)}`;
    case "state-info": // Of one channel: Fabric leaves the channel out, we do not.
      return `state-info ${toHex(content.value.pkiId)} ${toHex(content.value.channelMac)}`;
    case "leadership":
    case "peer-identity":
      return `${content.type} ${toHex(content.value.pkiId)}`;
    default:
      return undefined;
  }
}

function timeOf({ content }: GossipMessage): number | undefined {
  if (content === undefined || !("timestamp" in content.value)) return undefined;
  const time = content.value.timestamp;
  return time && Number(time.incNum) * 100 + Number(time.seqNum);
}

describe("relate()", () => {
  const relation = (a: GossipMessage, b: GossipMessage): Relation => relate(a, b, WINDOW);

  test("is the table of the specification", () => {
    fc.assert(
      fc.property(message, message, (a, b) => assert.equal(relation(a, b), tabled(a, b))),
      { numRuns: 5_000 },
    );
  });

  test("what supersedes is rejected the other way round; what is unrelated is so both ways", () => {
    fc.assert(
      fc.property(message, message, (a, b) => {
        const [there, back] = [relation(a, b), relation(b, a)];
        if (there === "supersedes") assert.equal(back, "rejected");
        assert.equal(there === "unrelated", back === "unrelated");
      }),
      { numRuns: 5_000 },
    );
  });

  test("a copy is rejected, or has nothing to do with the order at all", () => {
    fc.assert(
      fc.property(message, (a) => {
        const isOrdered = a.content?.type !== "hello";
        assert.equal(relation(a, a), isOrdered ? "rejected" : "unrelated");
      }),
    );
  });

  test("what supersedes a message supersedes all that it supersedes", () => {
    const blocks = fc.array(message, { minLength: 3, maxLength: 12 });
    fc.assert(
      fc.property(blocks, (all) => {
        for (const a of all) {
          for (const b of all.filter((one) => relation(a, one) === "supersedes")) {
            for (const c of all.filter((one) => relation(b, one) === "supersedes")) {
              assert.equal(relation(a, c), "supersedes");
            }
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});
