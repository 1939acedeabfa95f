/** The stream below the messages: gRPC frames, status texts, the handshake. */
import assert from "node:assert/strict";
import { encodeFrame, FrameReader } from "../../src/transport/grpc-link.ts";
import { decodeStatusMessage, encodeStatusMessage } from "../../src/transport/grpc-status.ts";
import { type Handshake, shakeHands } from "../../src/transport/handshake.ts";
import type { HandshakeFault } from "../../src/transport/handshake-fault.ts";
import { createMemoryHub } from "../../src/transport/memory.ts";
import type { Link, NetworkFault } from "../../src/transport/network.ts";
import { createVirtualClock } from "../../src/transport/testing.ts";
import { equalBytes } from "../../src/wire/bytes.ts";
import { decode } from "../../src/wire/decode.ts";
import { encode } from "../../src/wire/encode.ts";
import { encodeEnvelope, encodeMessage, encodeUnsigned } from "../../src/wire/envelope.ts";
import { ENVELOPE, GOSSIP_MESSAGE, TAG } from "../../src/wire/messages.ts";
import { pkiIdBytes } from "../../src/wire/received.ts";
import {
  bytes,
  embedded,
  message,
  repeated,
  table,
  uint64,
  type Value,
} from "../../src/wire/schema.ts";
import { createToyIdentity, type ToyIdentity, toyCrypto } from "../transport/toy-identities.ts";
import { bytesOf, readCorpus } from "./corpus.ts";
import type { Target } from "./fuzz.ts";
import { LINES, PROTOBUF } from "./tree.ts";

const FIRST_BYTES_MAX = 64;
const MESSAGE_BYTES_MAX = 256;

/** Everything a reader makes of a stream that arrives in such pieces. */
function readFrames(stream: Uint8Array, piece: number): { messages: Uint8Array[]; fault: string } {
  const reader = new FrameReader(FIRST_BYTES_MAX, MESSAGE_BYTES_MAX);
  const messages: Uint8Array[] = [];
  for (let at = 0; at < stream.length; at += piece) {
    reader.push(stream.slice(at, at + piece));
    for (let next = reader.next(); next !== undefined; next = reader.next()) {
      messages.push(next.slice());
    }
  }
  return { messages, fault: reader.fault?.reason ?? "" };
}

/** How a stream is cut into pieces makes no difference; what was read is what was sent. */
function checkFraming(input: Uint8Array): string {
  const { messages, fault } = readFrames(input, input.length);
  const frames = new Uint8Array(Buffer.concat(messages.map(encodeFrame)));
  assert.ok(equalBytes(frames, input.subarray(0, frames.length)), "read what was not sent");
  messages.forEach((one, i) => {
    assert.ok(one.length <= (i === 0 ? FIRST_BYTES_MAX : MESSAGE_BYTES_MAX), "above the limit");
  });
  for (const piece of [1, 2, 3, 7, 64]) {
    assert.deepEqual(readFrames(input, piece), { messages, fault }, `in pieces of ${piece}`);
  }
  return fault === "" ? `${Math.min(messages.length, 3)} messages` : "fault";
}

function checkStatus(input: Uint8Array): string {
  const text = new TextDecoder("latin1").decode(input);
  const decoded = decodeStatusMessage(text);
  assert.ok(decoded.length <= 300 && !/\p{Cc}/u.test(decoded), "not for a log");
  const encoded = encodeStatusMessage(decoded);
  assert.equal(decodeStatusMessage(encoded), decoded);
  return decoded === text ? "plain" : "decoded";
}

/**
 * What the other side of a handshake sends. A signed payload is signed by it as it stands: somebody
 * who owns a key may say anything with it.
 */
const HANDSHAKE_SCRIPT = table({
  parcels: repeated(
    message(
      1,
      table({
        envelope: embedded(1, ENVELOPE),
        signed: embedded(2, GOSSIP_MESSAGE),
        raw: bytes(3),
      }),
    ),
    16,
  ),
  /** Milliseconds before the first parcel. */
  delayMs: uint64(2),
});

const alice = createToyIdentity("Org1", "alice");
const bob = createToyIdentity("Org2", "bob");
const carol = createToyIdentity("Org2", "carol");

function signedBy({ signer }: ToyIdentity, payload: Uint8Array): Uint8Array {
  const signature = signer(payload);
  assert.ok(signature instanceof Uint8Array);
  return encodeEnvelope({ payload, signature }).bytes;
}

interface Meeting {
  readonly clock: ReturnType<typeof createVirtualClock>;
  readonly inbound: Link;
  readonly outbound: Link;
  readonly links: () => number;
}

/** Bob has dialled alice. */
async function meet(): Promise<Meeting> {
  const clock = createVirtualClock();
  const hub = createMemoryHub({ clock });
  const ofAlice = hub.network({ endpoints: ["alice:1"], certificate: bytesOf("alice") });
  const ofBob = hub.network({ endpoints: ["bob:1"], certificate: bytesOf("bob") });
  const links: Link[] = [];
  await ofAlice.listen((link) => links.push(link));
  ofBob.dial("alice:1", { opened: (link) => links.push(link), failed: assert.fail });
  clock.advance(0);
  const inbound = links.find(({ outbound }) => !outbound);
  const outbound = links.find((link) => link.outbound);
  assert.ok(inbound && outbound);
  return { clock, inbound, outbound, links: () => hub.links };
}

/** What alice made of it. */
interface Outcome {
  handshake?: Handshake;
  fault?: HandshakeFault | NetworkFault;
  verdicts: number;
  readonly heard: Uint8Array[];
}

function shake({ clock, inbound }: Meeting): Outcome {
  const outcome: Outcome = { verdicts: 0, heard: [] };
  const listener = {
    message: (bytes: Uint8Array) => outcome.heard.push(bytes),
    drain: () => {},
    closed: () => {},
  };
  const options = { link: inbound, clock, crypto: toyCrypto, signer: alice.signer };
  shakeHands(
    { ...options, self: alice.identity, probe: false, timeoutMs: 2_000 },
    {
      accepted(handshake) {
        outcome.verdicts += 1;
        outcome.handshake = handshake;
        return listener;
      },
      refused(fault) {
        outcome.verdicts += 1;
        outcome.fault = fault;
      },
    },
  );
  return outcome;
}

/** One verdict; only bob is believed to be bob; what follows is heard by the next, in order. */
async function checkHandshake(input: Uint8Array): Promise<string> {
  const script = decode(HANDSHAKE_SCRIPT, input);
  const { parcels: written, delayMs } = script.ok ? script.value : rubbish(input);
  const meeting = await meet();
  const outcome = shake(meeting);
  const { clock, outbound } = meeting;
  outbound.start({ message: () => {}, drain: () => {}, closed: () => {} });
  clock.advance(Number(delayMs % 4_000n));
  const parcels = written.map(parcelBytes);
  for (const parcel of parcels) outbound.send(parcel);
  clock.advance(0);
  const { handshake } = outcome;
  if (outcome.verdicts > 0 && handshake !== undefined) {
    assert.equal(clock.waiting, 0, "a timer is left although all is said");
  }
  if (handshake !== undefined) {
    assert.equal(handshake.identity.pkiId, bob.identity.pkiId, "believed to be somebody else");
    assert.deepEqual(outcome.heard, parcels.slice(1), "what followed was not heard as it was sent");
  } else {
    assert.deepEqual(outcome.heard, []);
  }
  clock.advance(2_000);
  assert.equal(outcome.verdicts, 1, "not one verdict");
  outbound.close();
  clock.advance(10);
  assert.equal(meeting.links(), 0, "the link is still there");
  assert.equal(clock.waiting, 0, "a timer is left");
  return outcome.fault ?? (handshake?.probe ? "accepted probe" : "accepted");
}

type HandshakeScript = Value<typeof HANDSHAKE_SCRIPT>;

/** What is no script is sent as it is. */
function rubbish(raw: Uint8Array): HandshakeScript {
  return {
    parcels: [{ envelope: new Uint8Array(0), signed: new Uint8Array(0), raw }],
    delayMs: 0n,
  };
}

function parcelBytes(parcel: HandshakeScript["parcels"][number]): Uint8Array {
  if (parcel.signed.length > 0) return signedBy(bob, parcel.signed);
  return parcel.envelope.length > 0 ? parcel.envelope : parcel.raw;
}

/** Bob's handshakes, good and bad, with something before or after them. */
async function handshakeSeeds(): Promise<readonly Uint8Array[]> {
  const { outbound } = await meet();
  const claim = (who: ToyIdentity, tlsCertHash: Uint8Array, probe = false): Uint8Array =>
    encodeMessage({
      tag: TAG.empty,
      content: {
        type: "conn-establish",
        value: {
          pkiId: pkiIdBytes(who.identity.pkiId),
          identity: who.identity.bytes,
          tlsCertHash,
          probe,
        },
      },
    });
  const { localCertHash, remoteCertHash = new Uint8Array(0) } = outbound;
  const good = { signed: claim(bob, localCertHash) };
  const hello = {
    envelope: encodeUnsigned({ tag: TAG.empty, content: { type: "empty", value: {} } }),
  };
  const revoked = createToyIdentity("Org2", "revoked");
  const expired = createToyIdentity("Org2", "bob", 5);
  return [
    { parcels: [good] },
    { parcels: [good, hello, { raw: bytesOf("rubbish") }] },
    { parcels: [{ signed: claim(bob, localCertHash, true) }] },
    { parcels: [{ envelope: signedBy(bob, claim(bob, localCertHash)) }, good] },
    { parcels: [hello, good] },
    { parcels: [good], delayMs: 1_999n },
    { parcels: [good], delayMs: 2_000n },
    { parcels: [{ envelope: signedBy(revoked, claim(revoked, localCertHash)) }] },
    { parcels: [{ envelope: signedBy(expired, claim(expired, localCertHash)) }] },
    { parcels: [{ signed: claim(bob, new Uint8Array(32)) }] },
    // Alice's own handshake comes back to her; she signs for her own certificate only.
    { parcels: [{ envelope: signedBy(alice, claim(alice, remoteCertHash)) }] },
    // Bob signs, but for somebody else.
    { parcels: [{ signed: claim(carol, localCertHash) }] },
    { parcels: [] },
  ].map((script) => encode(HANDSHAKE_SCRIPT, script));
}

const frames = new Uint8Array(
  Buffer.concat(["first", "", "x".repeat(200), "last"].map((text) => encodeFrame(bytesOf(text)))),
);

export const transportTargets: readonly Target[] = [
  {
    name: "framing",
    grammar: LINES,
    corpus: [frames, frames.slice(0, 12), ...readCorpus("framing")],
    dictionary: [
      Uint8Array.of(0, 0, 0, 0, 0),
      Uint8Array.of(0, 0, 0, 0, 64),
      Uint8Array.of(0, 0, 0, 0, 65),
      Uint8Array.of(0, 0, 0, 1, 0),
      Uint8Array.of(0, 255, 255, 255, 255),
      Uint8Array.of(1, 0, 0, 0, 1, 7),
    ],
    bytesMax: 2_048,
    check: checkFraming,
  },
  {
    name: "status",
    grammar: LINES,
    corpus: [bytesOf("the%20identity%20has%20expired"), ...readCorpus("status")],
    dictionary: ["%", "%C3%BC", "%ff", "%0A", "%ED%A0%80", "%F0%9F%98%80"].map(bytesOf),
    bytesMax: 4_096,
    check: checkStatus,
  },
  {
    name: "handshake",
    grammar: PROTOBUF,
    corpus: [...(await handshakeSeeds()), ...readCorpus("handshake")],
    dictionary: [alice, bob].flatMap(({ identity }) => [
      identity.bytes,
      pkiIdBytes(identity.pkiId),
    ]),
    bytesMax: 300_000,
    check: checkHandshake,
  },
];
