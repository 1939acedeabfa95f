/**
 * One certificate under many PKI-IDs, through every message that carries an identity and every way
 * in which the core meets somebody: it stays one member. Our own certificate is among them, and one
 * of an honest member.
 */

import { testIdentity } from "../../src/core/testing-identities.ts";
import {
  aliveOf,
  digest,
  hello,
  identityItemOf,
  request,
  stateInfoOf,
  unsigned,
  update,
} from "../../src/core/testing-messages.ts";
import type { Identity } from "../../src/core/types/host.ts";
import { pkiIdBytes } from "../../src/wire/received.ts";
import type { Init } from "../../src/wire/schema.ts";
import { SELF, type STEP } from "./core-host.ts";
import { bytesOf, readCorpus } from "./corpus.ts";
import type { Target } from "./fuzz.ts";
import { checkScript, Recorder } from "./targets-core.ts";
import { PROTOBUF } from "./tree.ts";

const NAMES = 8;
const EXPIRES_MS = 4_000_000_000_000;
const named = (name: string): Identity => testIdentity("A", name, EXPIRES_MS);
/** What stands behind a "#" is text around the certificate. */
const ground = Array.from({ length: NAMES }, (_, i) => named(`grinder#${i}`));
const friend = testIdentity("A", "friend");
const CAST: readonly Identity[] = [
  friend,
  testIdentity("B", "foreigner"),
  testIdentity("A", "mate"),
  ...ground,
  testIdentity("A", "friend#again"),
  testIdentity("A", "self#again"),
  testIdentity("B", "neighbour"),
  SELF,
];
const names = CAST.slice(3, -1);
const personOf = (identity: Identity): bigint => BigInt(CAST.indexOf(identity));

type Step = Init<typeof STEP>;

function alive(identity: Identity, seqNum: bigint, endpoint = "grinder:1"): Uint8Array {
  return aliveOf(identity, { seqNum, endpoint, identity: true, internalEndpoint: "in:1" });
}

const aliveOfEach = (seqNum: (index: number) => bigint): Uint8Array[] =>
  names.map((name, i) => alive(name, seqNum(i)));
const said = (messages: readonly Uint8Array[], waitMs = 0n): Step[] =>
  messages.map((message, i) => ({ who: BigInt(i % 3), waitMs, message }));
const metAs = (event: bigint): Step[] =>
  names.map((name) => ({ who: personOf(name), event, waitMs: 3_000n }));

function asked(selfInformation: Uint8Array): Uint8Array {
  return unsigned({ type: "membership-request", value: { selfInformation } }, { nonce: 9n });
}

function pulled(): Uint8Array {
  const script = new Recorder(CAST).add({ waitMs: 5_000n });
  const nonce = script.nonceTo(0);
  return script.add(
    { message: digest(nonce, names) },
    {
      waitMs: 1_200n,
      message: update(
        nonce,
        names.map((name) => identityItemOf(name)),
      ),
    },
    ...said(aliveOfEach(() => 2n)),
  ).bytes;
}

function seeds(): readonly Uint8Array[] {
  const script = (...steps: Step[]): Uint8Array => new Recorder(CAST).add(...steps).bytes;
  const [rising, equal, falling] = [
    aliveOfEach((i) => BigInt(i + 1)),
    aliveOfEach(() => 5n),
    aliveOfEach((i) => BigInt(99 - i)),
  ];
  const response = (living: Uint8Array[], dead: Uint8Array[]): Uint8Array =>
    unsigned({ type: "membership-response", value: { alive: living, dead } });
  const withoutIdentity = names.map((name, i) => aliveOf(name, { seqNum: BigInt(i + 1) }));
  const first = ground[0] ?? friend;
  return [
    script(...said(rising)),
    script(...said(rising, 12_000n)),
    script(...said(equal)),
    script(...said(falling, 11_000n)),
    script({ message: response(rising, falling) }, { who: 2n, message: response(falling, rising) }),
    script(...said(rising.map(asked))),
    script(...metAs(1n), ...said(withoutIdentity)),
    script(...metAs(6n), ...said(rising, 11_000n)),
    script(...said(rising, 12_000n), ...metAs(8n)),
    // Forgotten, purged or silent, and then heard of again under another name.
    script(...said(rising.slice(0, 1)), { waitMs: 29_000n }, { event: 11n }, ...said(falling)),
    script(...said(rising.slice(0, 2), 12_000n), ...metAs(9n), ...metAs(9n), ...said(falling)),
    script(...said(withoutIdentity), ...said(rising, 11_000n)),
    script(
      ...names.map((name, i) => ({ message: stateInfoOf(name, { seqNum: BigInt(i) }) })),
      ...said(rising, 11_000n),
    ),
    script(
      { who: personOf(first), event: 1n },
      { who: personOf(first), message: hello(4n) },
      { who: personOf(first), waitMs: 800n, message: request(4n, names) },
    ),
    pulled(),
  ];
}

export const oneCertificateTargets: readonly Target[] = [
  {
    name: "one-certificate",
    grammar: PROTOBUF,
    corpus: [...seeds(), ...readCorpus("one-certificate")],
    dictionary: [
      ...CAST.flatMap(({ pkiId, bytes }) => [pkiIdBytes(pkiId), bytes]),
      ...["grinder:1", "friend:1", "self:1"].map(bytesOf),
    ],
    bytesMax: 16_384,
    // Room for all the names, so that it is not for want of it that some are refused.
    check: (input) => checkScript(input, CAST, { identitiesMax: 2 * CAST.length }),
  },
];
