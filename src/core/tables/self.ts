/**
 * What we say of ourselves: alive messages and the identity message. Signing may be slow, so it is
 * asked for, and what the signature is for waits here. Source: spec B 1.2, C1 5.1.
 */

import { encode } from "../../wire/encode.ts";
import { type Envelope, encodeEnvelope } from "../../wire/envelope.ts";
import {
  GOSSIP_MESSAGE,
  type PeerTime,
  SECRET,
  type SecretEnvelope,
  TAG,
} from "../../wire/messages.ts";
import { pkiIdBytes } from "../../wire/received.ts";
import type { Party } from "../rules/disclosure.ts";
import type { Effect } from "../types/effect.ts";
import type { Now, PkiId } from "../types/host.ts";
import type { Context, CoreOptions, Timing } from "../types/options.ts";

/** Purpose of a new alive message. */
export type AlivePurpose =
  | { readonly type: "heartbeat" }
  | ({ readonly type: "membership-request" } & Recipient)
  | ({ readonly type: "membership-response" } & Recipient);

/** Recipient of a request or response with our alive message. */
export interface Recipient {
  readonly to: PkiId;
  readonly endpoint: string;
  readonly party: Party;
  readonly nonce: bigint;
}

/** Beyond this many, what waits for one signature is dropped: the signer evidently does not work. */
const PURPOSES_MAX = 1_000;

interface PendingAlive {
  readonly type: "alive";
  readonly payload: Uint8Array;
  readonly secretPayload: Uint8Array;
  readonly time: PeerTime;
  /** What was published when the payload was built. */
  readonly metadata: Uint8Array;
  readonly externalEndpoint: string;
  readonly purposes: AlivePurpose[];
}

type Pending =
  | PendingAlive
  | { readonly type: "identity"; readonly payload: Uint8Array }
  | { readonly type: "state-info"; readonly payload: Uint8Array; readonly channel: string };

/** Our last signed alive message. */
export interface OwnAlive {
  readonly envelope: Envelope;
  readonly time: PeerTime;
  readonly signedMs: number;
}

export interface Self {
  incarnation: bigint;
  sequence: bigint;
  externalEndpoint: string;
  metadata: Uint8Array;
  /** PKI-IDs of certificates of ours that were renewed since we started: still us. */
  readonly formerIds: Set<PkiId>;
  /** Endpoints at which somebody else uses our identity; told once each. */
  readonly impostors: Set<string>;
  /** Until when our alive messages carry our certificate: we are new. */
  publishCertUntilMs: number;
  /** Until when the network counts as forming unless somebody else arrives, in elapsed milliseconds. */
  formingUntilMs: number;
  alive: OwnAlive | undefined;
  /**
   * Our internal endpoint, signed once: it stays the same, and who has checked it before need not
   * check it again.
   */
  secret: SecretEnvelope | undefined;
  /** Pending signatures by token. */
  readonly pending: Map<number, Pending>;
  nextToken: number;
}

export function createSelf(options: CoreOptions, now: Now): Self {
  const clock = BigInt(Math.trunc(now.wallMs)) * 1_000_000n;
  const afterLast = options.lastIncarnation + 1n;
  return {
    incarnation: clock > afterLast ? clock : afterLast,
    sequence: 0n,
    externalEndpoint: options.externalEndpoint,
    metadata: options.metadata,
    formerIds: new Set(),
    impostors: new Set(),
    publishCertUntilMs: now.elapsedMs + options.timing.publishCertPeriodMs,
    formingUntilMs: Number.NEGATIVE_INFINITY,
    alive: undefined,
    secret: undefined,
    pending: new Map(),
    nextToken: 1,
  };
}

/** Begins a life after this incarnation. */
export function outlive(self: Self, incarnation: bigint): void {
  self.incarnation = incarnation + 1n;
  self.sequence = 0n;
  self.alive = undefined;
}

/** We meet our first member, however late that is: to those whom we meet we are new. */
export function beNew(self: Self, { timing }: CoreOptions, { elapsedMs }: Now): void {
  const untilMs = elapsedMs + timing.publishCertPeriodMs;
  self.publishCertUntilMs = Math.max(self.publishCertUntilMs, untilMs);
}

/** Maximum members of a network that forms; in larger ones a bootstrap peer would relay too much. */
const FORMING_MEMBERS_MAX = 128;
/**
 * After so long without an arrival the network has its shape; where members are slow to arrive, after
 * as long as they took.
 */
const CALM_MS = 2_000;
/** In a network in which somebody arrives again and again, its first minute counts. */
const FORMING_MS_MAX = 60_000;

/**
 * Somebody has become alive. Where we, who are new, see a network form, it goes on doing so: on a
 * machine with too much to do, members may arrive for longer than we are new.
 */
export function noteArrival(
  self: Self,
  { publishCertPeriodMs }: Pick<Timing, "publishCertPeriodMs">,
  { elapsedMs }: Now,
): void {
  const untilMs = self.publishCertUntilMs;
  if (elapsedMs >= Math.max(untilMs, self.formingUntilMs)) return;
  const fromMs = untilMs - publishCertPeriodMs;
  const calmMs = Math.min(Math.max(CALM_MS, elapsedMs - fromMs), publishCertPeriodMs);
  self.formingUntilMs = Math.min(elapsedMs + calmMs, fromMs + FORMING_MS_MAX);
}

/** Whether we see a small network that is forming still. */
export function isForming(
  { formingUntilMs }: Pick<Self, "formingUntilMs">,
  aliveCount: number,
  { elapsedMs }: Now,
): boolean {
  return aliveCount <= FORMING_MEMBERS_MAX && elapsedMs < formingUntilMs;
}

interface SelfContext extends Context {
  readonly self: Self;
  readonly members: { readonly aliveCount: number };
}

/** Asks for a fresh signed alive message. Requests of the same moment share one signature. */
export function requestAlive(
  { members, now, options, self }: SelfContext,
  purpose: AlivePurpose,
): readonly Effect[] {
  for (const pending of self.pending.values()) {
    if (pending.type === "alive" && isUpToDate(self, pending)) {
      if (pending.purposes.length < PURPOSES_MAX) pending.purposes.push(purpose);
      return [];
    }
  }
  self.sequence += 1n;
  const time: PeerTime = { incNum: self.incarnation, seqNum: self.sequence };
  const pending: PendingAlive = {
    type: "alive",
    payload: encodeAlive(self, options, time, isNew(self, members.aliveCount, now)),
    secretPayload: encode(SECRET, { internalEndpoint: options.internalEndpoint }),
    time,
    metadata: self.metadata,
    externalEndpoint: self.externalEndpoint,
    purposes: [purpose],
  };
  return [askForSignature(self, pending, self.secret ? undefined : pending.secretPayload)];
}

function isUpToDate(self: Self, pending: PendingAlive): boolean {
  const { metadata, externalEndpoint, time } = pending;
  if (time.incNum !== self.incarnation) return false;
  return metadata === self.metadata && externalEndpoint === self.externalEndpoint;
}

/** Whether others may not know our certificate yet. */
function isNew(self: Self, aliveCount: number, now: Now): boolean {
  return now.elapsedMs < self.publishCertUntilMs || isForming(self, aliveCount, now);
}

function encodeAlive(
  self: Self,
  options: CoreOptions,
  time: PeerTime,
  carriesIdentity: boolean,
): Uint8Array {
  return encode(GOSSIP_MESSAGE, {
    tag: TAG.empty,
    content: {
      type: "alive",
      value: {
        membership: {
          endpoint: self.externalEndpoint,
          metadata: self.metadata,
          pkiId: pkiIdBytes(options.self.pkiId),
        },
        timestamp: time,
        ...(carriesIdentity ? { identity: options.self.bytes } : {}),
      },
    },
  });
}

/** Asks for the signature under our identity message, which others pull. Once, at start. */
export function requestIdentityMessage(self: Self, options: CoreOptions): Effect {
  const payload = encode(GOSSIP_MESSAGE, {
    tag: TAG.empty, // Not ORG_ONLY, although a top-level message would need that (spec C 2.2).
    content: {
      type: "peer-identity",
      value: { pkiId: pkiIdBytes(options.self.pkiId), cert: options.self.bytes },
    },
  });
  return askForSignature(self, { type: "identity", payload }, undefined);
}

/** Asks for the signature under what we say in a channel. */
export function requestStateInfo(self: Self, channel: string, payload: Uint8Array): Effect {
  return askForSignature(self, { type: "state-info", channel, payload }, undefined);
}

function askForSignature(
  self: Self,
  pending: Pending,
  secretBytes: Uint8Array | undefined,
): Effect {
  const token = self.nextToken;
  self.nextToken += 1;
  self.pending.set(token, pending);
  return { type: "sign", token, payload: pending.payload, secret: secretBytes };
}

/** Removes and returns what the signature is for; undefined: nothing. */
export function takePending({ pending }: Self, token: number): Pending | undefined {
  const found = pending.get(token);
  pending.delete(token);
  return found;
}

/** Our new alive message. `secretSignature`: if the secret was signed with it. */
export function keepAlive(
  self: Self,
  { payload, secretPayload, time }: PendingAlive,
  signature: Uint8Array,
  secretSignature: Uint8Array | undefined,
  now: Now,
): OwnAlive {
  if (secretSignature !== undefined) {
    self.secret = { payload: secretPayload, signature: secretSignature };
  }
  const envelope = encodeEnvelope({ payload, signature, secret: self.secret });
  self.alive = { envelope, time, signedMs: now.elapsedMs };
  return self.alive;
}
