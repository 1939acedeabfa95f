/**
 * The complete path of an alive message - decoded, judged, verified, applied, relayed - beside the
 * bare signature check by node:crypto, over the same messages, alternating.
 */
import { type KeyObject, verify, X509Certificate } from "node:crypto";
import { createSeededRandom } from "../simulation/random.ts";
import { type Core, createCore, step } from "../src/core/core.ts";
import { ROUTINE_WAIT } from "../src/core/handlers/audience.ts";
import { DEFAULT_CORE_LIMITS, DEFAULT_FANOUT, DEFAULT_TIMING } from "../src/core/types/options.ts";
import { decode } from "../src/wire/decode.ts";
import type { Envelope } from "../src/wire/envelope.ts";
import { SERIALIZED_IDENTITY } from "../src/wire/messages.ts";
import { aliveOf, type Fixture, type Fixtures, makeFixtures } from "./fixture-identities.ts";
import { inTemporaryFolder, median, round, sampleTurns } from "./measure.ts";

export interface VerifyResult {
  readonly members: number;
  /** Microseconds of one check by node:crypto alone. */
  readonly rawUs: number;
  /** Microseconds of our complete path, including the check. */
  readonly oursUs: number;
  /** Alive messages verified and applied per second on one core. */
  readonly alivePerSecond: number;
  /** The bare check relative to our path: the median of the ratios of all rounds, so that load does not bias it. */
  readonly ratio: number;
  /** Microseconds of a byte-identical copy, and copies recognised per second. */
  readonly copyUs: number;
  readonly copiesPerSecond: number;
}

/** Virtual milliseconds between two messages: more than a network of 1,000 members sends. */
const PAUSE_MS = 2;
/** How long heartbeats wait to be checked and passed on together. */
const GATHER_MS = DEFAULT_TIMING.aliveIntervalMs * ROUTINE_WAIT;

export async function benchVerify(members: number, rounds: number): Promise<VerifyResult> {
  const fixtures = await inTemporaryFolder((folder) => makeFixtures(folder, members + 1));
  const [, ...others] = fixtures.all;
  const receiver = new Receiver(fixtures);
  const keys = others.map(keyOf);
  let seqNum = 1n;
  let beats = others.map((fixture) => aliveOf(fixture, seqNum, true));
  receiver.receive(beats, 0);
  let received = beats;
  const ours = {
    times: members,
    prepare: () => {
      seqNum += 1n;
      beats = others.map((fixture) => aliveOf(fixture, seqNum));
    },
    run: () => {
      receiver.receive(beats, 0);
      received = beats;
    },
  };
  const raw = { times: members, run: () => checkAll(beats, keys) };
  const copies = { times: members, run: () => receiver.receive(received, 1) };
  const samples = await sampleTurns([ours, raw, copies], rounds);
  const [oursUs = 0, rawUs = 0, copyUs = 0] = samples.map(median);
  const [oursOf = [], rawOf = []] = samples;
  receiver.assertUpToDate(seqNum);
  return {
    members,
    rawUs: round(rawUs, 1),
    oursUs: round(oursUs, 1),
    alivePerSecond: Math.round(1e6 / oursUs),
    ratio: round(median(rawOf.map((us, index) => us / (oursOf[index] ?? us))), 3),
    copyUs: round(copyUs, 2),
    copiesPerSecond: Math.round(1e6 / copyUs),
  };
}

/** A core that gets one message after another; its effects are discarded. */
class Receiver {
  readonly #core: Core;
  readonly #fixtures: readonly Fixture[];
  #elapsedMs = 0;

  constructor({ all, crypto }: Fixtures) {
    const [self, ...others] = all;
    if (self === undefined) throw new RangeError("ask for at least one member");
    this.#fixtures = others;
    const options = {
      self: self.identity,
      internalEndpoint: self.endpoint,
      externalEndpoint: self.endpoint,
      metadata: new Uint8Array(0),
      bootstrap: [],
      anchorPeers: [],
      lastIncarnation: 0n,
      timing: DEFAULT_TIMING,
      fanout: DEFAULT_FANOUT,
      limits: DEFAULT_CORE_LIMITS,
      crypto,
      random: createSeededRandom(1),
    };
    this.#core = createCore(options, this.#now());
    step(this.#core, { type: "start" }, this.#now());
    for (const { identity } of others) {
      step(this.#core, { type: "connected", identity }, this.#now());
    }
  }

  /** Each message, from one of the members, until all are applied and passed on. */
  receive(beats: readonly Envelope[], from: number): void {
    const { identity } = this.#fixtures[from % this.#fixtures.length] ?? {};
    if (identity === undefined) return;
    for (const { bytes } of beats) {
      this.#pass(PAUSE_MS);
      step(this.#core, { type: "message", from: identity.pkiId, bytes }, this.#now());
    }
    this.#pass(GATHER_MS);
  }

  /** Time passes; the core is woken when it asks for it, as by the loop of a node. */
  #pass(ms: number): void {
    const untilMs = this.#elapsedMs + ms;
    while (this.#core.expectedAtMs <= untilMs) {
      this.#elapsedMs = Math.max(this.#elapsedMs, this.#core.expectedAtMs);
      step(this.#core, { type: "tick" }, this.#now());
    }
    this.#elapsedMs = untilMs;
  }

  /** Validates the measurement: nothing was refused. */
  assertUpToDate(seqNum: bigint): void {
    const behind = this.#fixtures.filter(
      ({ identity }) => this.#core.members.table.get(identity.pkiId)?.time.seqNum !== seqNum,
    );
    if (behind.length > 0) throw new Error(`${behind.length} members were not brought up to date`);
  }

  #now(): { elapsedMs: number; wallMs: number } {
    return { elapsedMs: this.#elapsedMs, wallMs: Date.now() };
  }
}

function keyOf({ identity }: Fixture): KeyObject {
  const decoded = decode(SERIALIZED_IDENTITY, identity.bytes);
  if (!decoded.ok) throw new Error("our own identity is well-formed");
  return new X509Certificate(decoded.value.idBytes).publicKey;
}

function checkAll(beats: readonly Envelope[], keys: readonly KeyObject[]): void {
  for (const [index, { payload, signature }] of beats.entries()) {
    const key = keys[index];
    if (!key || !verify("sha256", payload, key, signature)) throw new Error("it is well signed");
  }
}
