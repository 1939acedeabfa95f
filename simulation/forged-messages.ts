/** Forged messages: every kind that an honest member must reject. */

import {
  encodeEnvelope,
  encodeMessage,
  encodeUnsigned,
  parseEnvelope,
  withoutSecret,
} from "../src/wire/envelope.ts";
import { PULL_TYPE, type SecretEnvelope, TAG } from "../src/wire/messages.ts";
import { pkiIdBytes } from "../src/wire/received.ts";
import {
  aliveHeard,
  aliveMessage,
  aliveOf,
  type Forger,
  list,
  ownAlive,
  pull,
} from "./forged-message-parts.ts";
import type { SimulatedMember } from "./member.ts";

/** Produces messages for a victim. */
export type Forgery = (forger: Forger, victim: SimulatedMember) => readonly Uint8Array[];

const FLOOD = 500;
const LIST_ENTRIES = 2_000;
const NAMES = 20;
const OVERSIZED_BYTES = 300_000;
const DAY_NANOS = 86_400_000_000_000n;
const UINT64_MAX = 2n ** 64n - 1n;

/** A genuine heartbeat, as an honest member would send it. */
export const heartbeat: Forgery = (forger) => [ownAlive(forger).bytes];

/** An alive message in another member's name, newer than any genuine one, self-signed. */
const forged: Forgery = (forger, victim) => {
  const other = forger.random.pick(forger.members);
  const isPlain = forger.random.chance(0.5);
  const endpoint = isPlain ? other.externalEndpoint : victim.externalEndpoint;
  const incarnation = forger.incarnation + DAY_NANOS;
  const envelope = aliveOf(forger, { pkiId: other.issued.identity, incarnation, endpoint });
  return [(isPlain ? envelope : withoutSecret(envelope)).bytes];
};

/** Another member's PKI-ID with the attacker's certificate. */
const mismatched: Forgery = (forger) => {
  const other = forger.random.pick(forger.members);
  return [aliveOf(forger, { pkiId: other.issued.identity, certificate: forger.identity }).bytes];
};

/** Replays old messages of dead and live members. */
const replayed: Forgery = ({ heard }) => [...heard].slice(0, 50);

/** The attacker under other PKI-IDs: gossiped, listed and in a request. */
const renamed: Forgery = (forger) => {
  const asOther = (): Uint8Array => {
    forger.sequence += 1n;
    const alias = forger.alias();
    return aliveOf(forger, { pkiId: alias, certificate: alias }).bytes;
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

/** Replays old messages inside a membership response. */
const replayedList: Forgery = (forger) => {
  const alive = aliveHeard(forger);
  return [list(forger.lastNonce, alive, []), list(0n, [], alive)];
};

/** Declares every member dead. */
const obituaries: Forgery = (forger) =>
  aliveHeard(forger).map((envelope) => list(0n, [], [envelope]));

const oversized: Forgery = (forger) => {
  const metadata = new Uint8Array(OVERSIZED_BYTES).fill(7);
  return [aliveOf(forger, { metadata }).bytes, new Uint8Array(OVERSIZED_BYTES).fill(0xff)];
};

/** Two messages with equal times and different content. */
const contradictory: Forgery = (forger) => {
  forger.sequence += 1n;
  const { sequence } = forger;
  return [
    aliveOf(forger, { sequence, endpoint: "here.example.com:1" }).bytes,
    aliveOf(forger, { sequence, endpoint: "there.example.com:1" }).bytes,
  ];
};

/** The highest possible time: nothing newer can follow. */
const final: Forgery = (forger) => {
  const incarnation = forger.random.chance(0.1) ? UINT64_MAX : forger.incarnation;
  return [aliveOf(forger, { incarnation, sequence: UINT64_MAX }).bytes];
};

const flood: Forgery = (forger) => Array.from({ length: FLOOD }, () => ownAlive(forger).bytes);

const floodOfHellos: Forgery = ({ random }) =>
  Array.from({ length: FLOOD }, () => pull({ type: "hello", value: { nonce: random.uint64() } }));

/** Claims the victim's endpoint as its own. */
const hijacked: Forgery = (forger, victim) => [
  aliveOf(forger, {
    endpoint: victim.externalEndpoint,
    internalEndpoint: victim.internalEndpoint,
  }).bytes,
];

/** Attaches one member's secret to another's message, if it has received one. */
export function swapSecret(forger: Forger, bytes: Uint8Array): Uint8Array | undefined {
  const envelope = parseEnvelope(bytes);
  const secret = forger.heard.map(secretOf).find((found) => found !== undefined);
  if (!envelope.ok || secret === undefined) return undefined;
  const { payload, signature } = envelope.value;
  return encodeEnvelope({ payload, signature, secret }).bytes;
}

function secretOf(bytes: Uint8Array): SecretEnvelope | undefined {
  const envelope = parseEnvelope(bytes);
  return envelope.ok ? envelope.value.secret : undefined;
}

const swapped: Forgery = (forger) =>
  aliveHeard(forger).flatMap((bytes) => swapSecret(forger, bytes) ?? []);

const wrongTags: Forgery = (forger) => {
  const payload = encodeMessage({ ...aliveMessage(forger, {}), tag: TAG.chanAndOrg });
  const signature = forger.sign(payload);
  return [
    encodeEnvelope({ payload, signature }).bytes,
    encodeUnsigned({ tag: TAG.undefined, content: { type: "empty", value: {} } }),
    encodeUnsigned({ tag: 99, content: { type: "hello", value: { msgType: PULL_TYPE.identity } } }),
  ];
};

const junkLists: Forgery = (forger) => {
  const junk = Array.from({ length: LIST_ENTRIES }, (_, i) =>
    new Uint8Array(16).map((_byte, at) => (i * 31 + at * 7) & 0xff),
  );
  return [list(forger.lastNonce, junk, junk), list(0n, junk, [])];
};

/** Unsolicited answers. */
const unsolicited: Forgery = (forger) => {
  const ids = forger.members.map(({ issued }) => pkiIdBytes(issued.identity.pkiId));
  const nonce = forger.random.uint64();
  const fake = Array.from({ length: 100 }, (_, i) => new Uint8Array(32).fill(i));
  return [
    pull({ type: "digest", value: { nonce, digests: [...ids, ...fake] } }),
    pull({ type: "request", value: { nonce, digests: ids } }),
    pull({ type: "update", value: { nonce, data: forger.heard.slice(0, 20) } }),
  ];
};

/** Requests in another member's name, forged or with a replayed alive message. */
const spoofedRequests: Forgery = (forger) => {
  const other = forger.random.pick(forger.members);
  const forgery = aliveOf(forger, { pkiId: other.issued.identity }).bytes;
  return [forgery, ...aliveHeard(forger).slice(0, 3)].map((selfInformation) =>
    encodeUnsigned({
      tag: TAG.empty,
      nonce: forger.random.uint64(),
      content: { type: "membership-request", value: { selfInformation } },
    }),
  );
};

export const request: Forgery = (forger) => [
  encodeUnsigned({
    tag: TAG.empty,
    nonce: forger.random.uint64(),
    content: {
      type: "membership-request",
      value: { selfInformation: ownAlive(forger).bytes },
    },
  }),
];

/** Truncated messages with corrupted bytes. */
const garbled: Forgery = ({ heard, random }) =>
  heard.slice(0, 20).map((bytes) => {
    const copy = new Uint8Array(bytes).slice(0, random.between(0, bytes.length));
    for (let i = 0; i < 3 && copy.length > 0; i++)
      copy[random.below(copy.length)] = random.below(256);
    return copy;
  });

export const FORGED_MESSAGES: readonly Forgery[] = [
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
