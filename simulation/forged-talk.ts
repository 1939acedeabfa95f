/** Forged messages among members: what nobody may hear, repeat or answer. */

import { encodeEnvelope, parseEnvelope, parseMessage } from "../src/wire/envelope.ts";
import {
  encodeMemberEnvelope,
  encodeMemberMessage,
  type MemberEvent,
  memberDataOf,
  parseMemberMessage,
} from "../src/wire/member-messages.ts";
import { parsePkiId, pkiIdBytes } from "../src/wire/received.ts";
import type { Forger } from "./forged-message-parts.ts";
import type { Forgery } from "./forged-messages.ts";
import { TOPIC } from "./talk.ts";

const FLOOD = 300;
const RANGE_END = 2n ** 40n;
const TOO_LARGE_BYTES = 20_000;
const GUESSES = 20;

function event(forger: Forger, parts: Partial<MemberEvent> = {}): Uint8Array {
  forger.sequence += 1n;
  const value = {
    author: pkiIdBytes(forger.identity.pkiId),
    time: { incNum: forger.incarnation, seqNum: forger.sequence },
    topic: TOPIC,
    payload: new TextEncoder().encode("forged"),
    sentAt: BigInt(Math.trunc(Number(forger.incarnation / 1_000_000n))),
    organisations: [],
    tags: [],
    ...parts,
  };
  const payload = encodeMemberMessage({ type: "event", value });
  return encodeEnvelope({ payload, signature: forger.sign(payload) }).bytes;
}

/** In the name of another member, with numbers that it has used, will use, or never uses. */
const spoken: Forgery = (forger) => {
  const { issued, life } = forger.random.pick(forger.members);
  const author = pkiIdBytes(issued.identity.pkiId);
  const incNum = life?.node.self().incarnation ?? forger.incarnation;
  return Array.from({ length: GUESSES }, (_, i) =>
    event(forger, { author, time: { incNum, seqNum: BigInt(i * i) } }),
  );
};

/** Genuine messages of others again, also those of former lives. */
const repeated: Forgery = (forger) => talkHeard(forger).slice(0, 50);

/** Genuine messages with another signature, or none. */
const resigned: Forgery = (forger) =>
  talkHeard(forger).flatMap((bytes) => {
    const envelope = parseEnvelope(bytes);
    if (!envelope.ok) return [];
    const { payload } = envelope.value;
    return [
      encodeEnvelope({ payload, signature: forger.sign(payload) }).bytes,
      encodeEnvelope({ payload }).bytes,
    ];
  });

const flood: Forgery = (forger) => Array.from({ length: FLOOD }, () => event(forger));

const malformed: Forgery = (forger) => [
  event(forger, { payload: new Uint8Array(TOO_LARGE_BYTES) }),
  event(forger, { topic: "" }),
  event(forger, { author: new Uint8Array(5) }),
  event(forger, { sentAt: 0n }),
  event(forger, { sentAt: 2n ** 64n - 1n }),
  event(forger, { time: { incNum: 0n, seqNum: 0n } }),
];

/** Digests and requests of what there is not. */
const endless: Forgery = ({ members, random }) => {
  const held = members.map(({ issued }) => ({
    author: pkiIdBytes(issued.identity.pkiId),
    incarnation: random.uint64(),
    ranges: [{ first: 1n, last: RANGE_END }],
  }));
  return [
    encodeMemberEnvelope({ type: "digest", value: { held } }),
    encodeMemberEnvelope({ type: "request", value: { wanted: held } }),
  ];
};

/** To queries of the victim that were meant for others, and to those it has not asked. */
const answers: Forgery = (forger, victim) => {
  const { incarnation } = victim.life?.node.self() ?? forger;
  return Array.from({ length: GUESSES }, (_, i) => {
    const query = { incNum: incarnation, seqNum: BigInt(i) };
    const payload = new TextEncoder().encode(`${i} ${victim.name}`);
    return encodeMemberEnvelope({ type: "answer", value: { query, payload, failure: "" } });
  });
};

export const FORGED_TALK: readonly Forgery[] = [
  spoken,
  repeated,
  resigned,
  flood,
  malformed,
  endless,
  answers,
];

/** Signed messages among members that it has received of others. */
function talkHeard({ heard, identity }: Forger): readonly Uint8Array[] {
  return heard.filter((bytes) => {
    const envelope = parseEnvelope(bytes);
    const message = envelope.ok ? parseMessage(envelope.value.payload) : envelope;
    const data = message.ok ? memberDataOf(message.value) : undefined;
    const content = data && parseMemberMessage(data);
    if (!content?.ok || content.value === undefined || !("author" in content.value.value)) {
      return false;
    }
    return parsePkiId(content.value.value.author) !== identity.pkiId;
  });
}
