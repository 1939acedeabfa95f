/** What a hostile member says: every kind of message that an honest one must see through. */
import { pkiIdBytes } from "../src/core/rules/pki-id.ts";
import {
  encodeEnvelope,
  encodeMessage,
  encodeUnsigned,
  parseEnvelope,
  withoutSecret,
} from "../src/wire/envelope.ts";
import { PULL_TYPE, type SecretEnvelope, TAG } from "../src/wire/messages.ts";
import {
  aliveHeard,
  aliveMessage,
  aliveOf,
  type Loot,
  list,
  ownAlive,
  pull,
} from "./lie-messages.ts";
import type { Member } from "./member.ts";

/** Messages for a victim. */
export type Lie = (loot: Loot, victim: Member) => readonly Uint8Array[];

const FLOOD = 500;
const LIST_ENTRIES = 2_000;
const NAMES = 20;
const OVERSIZED_BYTES = 300_000;
const DAY_NANOS = 86_400_000_000_000n;
const UINT64_MAX = 2n ** 64n - 1n;

/** Its own heartbeat, as an honest member would send it. */
const heartbeat: Lie = (loot) => [ownAlive(loot).bytes];

/** Signed by itself, in the name of somebody else, and newer than anything that one has said. */
const forged: Lie = (loot, victim) => {
  const other = loot.random.pick(loot.members);
  const isPlain = loot.random.chance(0.5);
  const endpoint = isPlain ? other.externalEndpoint : victim.externalEndpoint;
  const incarnation = loot.incarnation + DAY_NANOS;
  const envelope = aliveOf(loot, { pkiId: other.issued.identity, incarnation, endpoint });
  return [(isPlain ? envelope : withoutSecret(envelope)).bytes];
};

/** Somebody else's name with its own certificate beside it. */
const mismatched: Lie = (loot) => {
  const other = loot.random.pick(loot.members);
  return [aliveOf(loot, { pkiId: other.issued.identity, certificate: loot.identity }).bytes];
};

/** What others said before: news of the dead, and of the living as they once were. */
const replayed: Lie = ({ heard }) => [...heard].slice(0, 50);

/** Itself once more, under other PKI-IDs: gossiped, listed, in a request. */
const renamed: Lie = (loot) => {
  const asOther = (): Uint8Array => {
    loot.sequence += 1n;
    const alias = loot.alias();
    return aliveOf(loot, { pkiId: alias, certificate: alias }).bytes;
  };
  const many = Array.from({ length: NAMES }, asOther);
  const content = {
    type: "membership-request",
    value: { selfInformation: asOther() },
  } as const;
  return [
    ...many,
    list(0n, many, []),
    list(0n, [], many),
    encodeUnsigned({ tag: TAG.empty, content }),
  ];
};

/** Others' old messages in a list of its own. */
const replayedList: Lie = (loot) => {
  const alive = aliveHeard(loot);
  return [list(loot.lastNonce, alive, []), list(0n, [], alive)];
};

/** It says of everybody that they are dead. */
const obituaries: Lie = (loot) => aliveHeard(loot).map((envelope) => list(0n, [], [envelope]));

const oversized: Lie = (loot) => {
  const metadata = new Uint8Array(OVERSIZED_BYTES).fill(7);
  return [aliveOf(loot, { metadata }).bytes, new Uint8Array(OVERSIZED_BYTES).fill(0xff)];
};

/** Two messages of the same time that say different things. */
const contradictory: Lie = (loot) => {
  loot.sequence += 1n;
  const { sequence } = loot;
  return [
    aliveOf(loot, { sequence, endpoint: "here.example.com:1" }).bytes,
    aliveOf(loot, { sequence, endpoint: "there.example.com:1" }).bytes,
  ];
};

/** Nothing newer can ever be said. */
const final: Lie = (loot) => {
  const incarnation = loot.random.chance(0.1) ? UINT64_MAX : loot.incarnation;
  return [aliveOf(loot, { incarnation, sequence: UINT64_MAX }).bytes];
};

const flood: Lie = (loot) => Array.from({ length: FLOOD }, () => ownAlive(loot).bytes);

const floodOfHellos: Lie = ({ random }) =>
  Array.from({ length: FLOOD }, () => pull({ type: "hello", value: { nonce: random.uint64() } }));

/** Its own endpoint is said to be the victim's. */
const hijacked: Lie = (loot, victim) => [
  aliveOf(loot, {
    endpoint: victim.externalEndpoint,
    internalEndpoint: victim.internalEndpoint,
  }).bytes,
];

/** The secret of one member beside the message of another, if it has heard one. */
export function swapSecret(loot: Loot, bytes: Uint8Array): Uint8Array | undefined {
  const envelope = parseEnvelope(bytes);
  const secret = loot.heard.map(secretOf).find((found) => found !== undefined);
  if (!envelope.ok || secret === undefined) return undefined;
  const { payload, signature } = envelope.value;
  return encodeEnvelope({ payload, signature, secret }).bytes;
}

function secretOf(bytes: Uint8Array): SecretEnvelope | undefined {
  const envelope = parseEnvelope(bytes);
  return envelope.ok ? envelope.value.secret : undefined;
}

const swapped: Lie = (loot) => aliveHeard(loot).flatMap((bytes) => swapSecret(loot, bytes) ?? []);

const wrongTags: Lie = (loot) => {
  const payload = encodeMessage({ ...aliveMessage(loot, {}), tag: TAG.chanAndOrg });
  const signature = loot.sign(payload);
  return [
    encodeEnvelope({ payload, signature }).bytes,
    encodeUnsigned({ tag: TAG.undefined, content: { type: "empty", value: {} } }),
    encodeUnsigned({ tag: 99, content: { type: "hello", value: { msgType: PULL_TYPE.identity } } }),
  ];
};

const junkLists: Lie = (loot) => {
  const junk = Array.from({ length: LIST_ENTRIES }, (_, i) =>
    new Uint8Array(16).map((_byte, at) => (i * 31 + at * 7) & 0xff),
  );
  return [list(loot.lastNonce, junk, junk), list(0n, junk, [])];
};

/** Answers nobody asked for. */
const unsolicited: Lie = (loot) => {
  const ids = loot.members.map(({ issued }) => pkiIdBytes(issued.identity.pkiId));
  const nonce = loot.random.uint64();
  const fake = Array.from({ length: 100 }, (_, i) => new Uint8Array(32).fill(i));
  return [
    pull({ type: "digest", value: { nonce, digests: [...ids, ...fake] } }),
    pull({ type: "request", value: { nonce, digests: ids } }),
    pull({ type: "update", value: { nonce, data: loot.heard.slice(0, 20) } }),
  ];
};

/** A request in somebody else's name, and one with somebody else's old word for it. */
const spoofedRequests: Lie = (loot) => {
  const other = loot.random.pick(loot.members);
  const forgery = aliveOf(loot, { pkiId: other.issued.identity }).bytes;
  return [forgery, ...aliveHeard(loot).slice(0, 3)].map((selfInformation) =>
    encodeUnsigned({
      tag: TAG.empty,
      nonce: loot.random.uint64(),
      content: { type: "membership-request", value: { selfInformation } },
    }),
  );
};

const request: Lie = (loot) => [
  encodeUnsigned({
    tag: TAG.empty,
    nonce: loot.random.uint64(),
    content: {
      type: "membership-request",
      value: { selfInformation: ownAlive(loot).bytes },
    },
  }),
];

/** Messages cut short, and with bits turned over. */
const garbled: Lie = ({ heard, random }) =>
  heard.slice(0, 20).map((bytes) => {
    const copy = new Uint8Array(bytes).slice(0, random.between(0, bytes.length));
    for (let i = 0; i < 3 && copy.length > 0; i++)
      copy[random.below(copy.length)] = random.below(256);
    return copy;
  });

export const LIES: readonly Lie[] = [
  heartbeat,
  heartbeat,
  request,
  request,
  forged,
  mismatched,
  replayed,
  renamed,
  renamed,
  replayedList,
  obituaries,
  oversized,
  contradictory,
  final,
  flood,
  floodOfHellos,
  hijacked,
  swapped,
  wrongTags,
  junkLists,
  unsolicited,
  spoofedRequests,
  garbled,
];
