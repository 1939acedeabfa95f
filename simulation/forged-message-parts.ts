/** Building blocks of forged messages. */

import type { Identity } from "../src/core/types/host.ts";
import { encode } from "../src/wire/encode.ts";
import {
  type Envelope,
  encodeEnvelope,
  encodeMessage,
  encodeUnsigned,
  parseEnvelope,
  parseMessage,
} from "../src/wire/envelope.ts";
import { type GossipMessageInit, PULL_TYPE, SECRET, TAG } from "../src/wire/messages.ts";
import { pkiIdBytes } from "../src/wire/received.ts";
import type { SimulatedMember } from "./member.ts";
import type { SeededRandom } from "./random.ts";
import { glance } from "./wire-kind.ts";

/** State that a hostile member uses to forge messages. */
export interface Forger {
  readonly self: SimulatedMember;
  readonly identity: Identity;
  readonly sign: (payload: Uint8Array) => Uint8Array;
  /** Its own certificate under another PKI-ID. */
  readonly alias: () => Identity;
  readonly random: SeededRandom;
  /** Envelopes it received. */
  readonly heard: Uint8Array[];
  /** What it publishes of itself. */
  readonly metadata: Uint8Array;
  readonly members: readonly SimulatedMember[];
  readonly incarnation: bigint;
  sequence: bigint;
  /** Nonce of the last message received with one. */
  lastNonce: bigint;
}

interface AliveParts {
  readonly pkiId?: Identity;
  readonly certificate?: Identity;
  readonly incarnation?: bigint;
  readonly sequence?: bigint;
  readonly endpoint?: string;
  readonly internalEndpoint?: string;
  readonly metadata?: Uint8Array;
}

export function ownAlive(forger: Forger): Envelope {
  forger.sequence += 1n;
  return aliveOf(forger, { certificate: forger.identity });
}

/** An alive message with arbitrary content, signed by the hostile member. */
export function aliveOf(forger: Forger, parts: AliveParts): Envelope {
  const payload = encodeMessage(aliveMessage(forger, parts));
  const secret = encode(SECRET, {
    internalEndpoint: parts.internalEndpoint ?? forger.self.internalEndpoint,
  });
  return encodeEnvelope({
    payload,
    signature: forger.sign(payload),
    secret: { payload: secret, signature: forger.sign(secret) },
  });
}

export function aliveMessage(forger: Forger, parts: AliveParts): GossipMessageInit {
  return {
    tag: TAG.empty,
    content: {
      type: "alive",
      value: {
        membership: {
          endpoint: parts.endpoint ?? forger.self.externalEndpoint,
          metadata: parts.metadata ?? forger.metadata,
          pkiId: pkiIdBytes((parts.pkiId ?? forger.identity).pkiId),
        },
        timestamp: {
          incNum: parts.incarnation ?? forger.incarnation,
          seqNum: parts.sequence ?? forger.sequence,
        },
        ...(parts.certificate === undefined ? {} : { identity: parts.certificate.bytes }),
      },
    },
  };
}

export function list(
  nonce: bigint,
  alive: readonly Uint8Array[],
  dead: readonly Uint8Array[],
): Uint8Array {
  return encodeUnsigned({
    tag: TAG.empty,
    nonce,
    content: { type: "membership-response", value: { alive: [...alive], dead: [...dead] } },
  });
}

type PullContent = Extract<
  NonNullable<GossipMessageInit["content"]>,
  { type: "hello" | "digest" | "request" | "update" }
>;

export function pull(content: PullContent): Uint8Array {
  const value = { ...content.value, msgType: PULL_TYPE.identity };
  return encodeUnsigned({ tag: TAG.empty, content: { ...content, value } });
}

/** Alive messages it received, gossiped or in lists. */
export function aliveHeard({ heard }: Forger): readonly Uint8Array[] {
  const found: Uint8Array[] = [];
  for (const bytes of heard.slice(-100)) {
    const { kind } = glance(bytes);
    if (kind === "alive") found.push(bytes);
    if (kind === "membership-response") found.push(...entriesOf(bytes));
  }
  return found.slice(0, 60);
}

function entriesOf(bytes: Uint8Array): readonly Uint8Array[] {
  const envelope = parseEnvelope(bytes);
  const message = envelope.ok ? parseMessage(envelope.value.payload) : envelope;
  if (!message.ok || message.value.content?.type !== "membership-response") return [];
  const { alive, dead } = message.value.content.value;
  return [...alive, ...dead];
}
