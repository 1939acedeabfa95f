/** The whole protocol: what peers whose handshake was good may say, in any order. */

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
import { decode } from "../../src/wire/decode.ts";
import { encode } from "../../src/wire/encode.ts";
import { parseEnvelope, parseMessage } from "../../src/wire/envelope.ts";
import { pkiIdBytes } from "../../src/wire/received.ts";
import type { Init } from "../../src/wire/schema.ts";
import { readEnvelopeVectors } from "../../src/wire/testing.ts";
import { CoreHost, IDENTITIES, SCRIPT, type STEP } from "./core-host.ts";
import { bytesOf, readCorpus } from "./corpus.ts";
import type { Target } from "./fuzz.ts";
import { PROTOBUF } from "./tree.ts";

type HostOptions = ConstructorParameters<typeof CoreHost>;

/** Performs the input among these; what came of it is the last thing that was not used. */
export function checkScript(input: Uint8Array, ...[cast, limits]: HostOptions): string {
  const script = decode(SCRIPT, input);
  const host = new CoreHost(cast, limits);
  // What is no script is said by the first peer as it is.
  const steps = script.ok
    ? script.value.steps
    : [{ who: 0n, event: 0n, waitMs: 0n, message: input }];
  for (const scripted of steps) host.perform(scripted);
  host.finish();
  return [...host.drops].at(-1) ?? "nothing dropped";
}

/** Writes a script down, and performs it when it has to answer what the core said. */
export class Recorder {
  readonly #steps: Init<typeof STEP>[] = [];
  readonly #cast: readonly Identity[];

  constructor(cast = IDENTITIES) {
    this.#cast = cast;
  }

  add(...steps: readonly Init<typeof STEP>[]): this {
    this.#steps.push(...steps);
    return this;
  }

  /** The nonce of the last hello that the core said to this person. */
  nonceTo(who: number): bigint {
    const host = new CoreHost(this.#cast);
    const script = decode(SCRIPT, this.bytes);
    for (const scripted of script.ok ? script.value.steps : []) host.perform(scripted);
    for (const { to, messages } of host.sent.toReversed()) {
      const envelope = parseEnvelope(messages[0]?.bytes ?? new Uint8Array(0));
      const message = envelope.ok ? parseMessage(envelope.value.payload) : envelope;
      const content = message.ok ? message.value.content : undefined;
      if (to === this.#cast[who]?.pkiId && content?.type === "hello") return content.value.nonce;
    }
    return 0n;
  }

  get bytes(): Uint8Array {
    return encode(SCRIPT, { steps: this.#steps });
  }
}

const [friend, foreigner, mate, third, stranger, neighbour, untrusted, expired, soonOver, another] =
  IDENTITIES.map((identity) => ({ identity, alive: (seqNum: bigint) => alive(identity, seqNum) }));

function alive(identity: (typeof IDENTITIES)[number], seqNum: bigint): Uint8Array {
  const endpoint = `${identity.subject.slice(3).replace(" ", "-")}:1`;
  return aliveOf(identity, {
    seqNum,
    endpoint,
    identity: true,
    internalEndpoint: `in-${endpoint}`,
  });
}

function seeds(): readonly Uint8Array[] {
  const all = [friend, foreigner, mate, third, stranger, neighbour, untrusted, expired, soonOver];
  const known = all.flatMap((one) => one ?? []);
  const lists = known.map((one) => one.alive(2n));
  const ourselves = IDENTITIES.slice(-1).map((self) => alive(self, 9n));
  const response = unsigned({
    type: "membership-response",
    value: { alive: [...lists.slice(0, 5), ...ourselves], dead: lists.slice(5) },
  });
  const identities = [friend, stranger, another, neighbour, soonOver].map((one) => one?.identity);
  const [one, other, late, far, short] = identities;
  if (!one || !other || !late || !far || !short) return [];
  const ask = (selfInformation: Uint8Array): Uint8Array =>
    unsigned({ type: "membership-request", value: { selfInformation } }, { nonce: 9n });
  const asked = ask(alive(one, 5n));
  const askedFromAfar = [foreigner, third].flatMap((person) => person?.alive(6n) ?? []).map(ask);
  const crowded = [alive(late, 1n), ask(alive(late, 1n))];
  const withoutIdentity = aliveOf(other, { seqNum: 3n, endpoint: "stranger:1" });
  const pulling = new Recorder().add({ waitMs: 5_000n });
  const nonce = pulling.nonceTo(0);
  pulling.add(
    { message: digest(nonce, [other, late, far]) },
    {
      waitMs: 1_200n,
      message: update(
        nonce,
        [other, late, far].map((item) => identityItemOf(item)),
      ),
    },
  );
  return [
    new Recorder().add(...lists.map((message, i) => ({ who: BigInt(i), message }))).bytes,
    new Recorder().add({ message: response }, { who: 1n, message: response }).bytes,
    new Recorder().add({ message: asked }, { who: 1n, message: asked }).bytes,
    new Recorder().add(
      ...lists.slice(0, 4).map((message, i) => ({ who: BigInt(i), message })),
      ...askedFromAfar.map((message, i) => ({ who: BigInt(1 + 2 * i), message })),
    ).bytes,
    new Recorder().add(...[1n, 2n, 3n, 4n].map((nonce) => ({ message: hello(nonce) }))).bytes,
    new Recorder().add({ message: withoutIdentity, waitMs: 100n }, { waitMs: 400n }).bytes,
    new Recorder().add(
      { who: 1n, message: hello(4n) },
      { who: 1n, waitMs: 800n, message: request(4n, [one, other]) },
    ).bytes,
    pulling.bytes,
    new Recorder().add(
      ...[1, 2, 3, 4].map((channel) => ({ message: stateInfoOf(one, { channel }) })),
      { who: 1n, message: stateInfoOf(one, { seqNum: 2n }) },
    ).bytes,
    new Recorder().add(...Array.from({ length: 12 }, (_, i) => ({ who: 4n, event: BigInt(i) })))
      .bytes,
    ...crowded.map(
      (message) =>
        // More people than there is room for, met one after the other, then one more that speaks.
        new Recorder().add(...[3n, 4n, 5n].map((who) => ({ who, event: 1n })), { who: 9n, message })
          .bytes,
    ),
    new Recorder().add({ message: alive(short, 1n) }, { waitMs: 25_000n }).bytes,
    new Recorder().add({ waitMs: 26_000n }, { event: 4n }, { message: alive(one, 9n) }).bytes,
  ];
}

/** What Fabric recorded, said by the first peer. */
const recorded = readEnvelopeVectors().map(({ bytes }) =>
  encode(SCRIPT, { steps: [{ message: bytes }] }),
);

export const coreTargets: readonly Target[] = [
  {
    name: "core",
    grammar: PROTOBUF,
    corpus: [...seeds(), ...seeds(), ...recorded, ...readCorpus("core")],
    dictionary: [
      ...IDENTITIES.flatMap(({ pkiId, bytes }) => [pkiIdBytes(pkiId), bytes]),
      ...["friend:1", "self:1", "boot:1", "anchor:1"].map(bytesOf),
    ],
    bytesMax: 16_384,
    check: (input) => checkScript(input),
  },
];
