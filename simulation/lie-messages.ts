/** What a hostile member's messages are made of. */

import { pkiIdBytes } from "../src/core/rules/pki-id.ts";
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
import type { Member } from "./member.ts";
import type { SeededRandom } from "./random.ts";
import { createGlance } from "./wire-kind.ts";

/** What a liar has to work with. */
export interface Loot {
  readonly self: Member;
  readonly identity: Identity;
  readonly sign: (payload: Uint8Array) => Uint8Array;
  /** Its own certificate under another PKI-ID. */
  readonly alias: () => Identity;
  readonly random: SeededRandom;
  /** Envelopes it was sent. */
  readonly heard: Uint8Array[];
  readonly members: readonly Member[];
  readonly incarnation: bigint;
  sequence: bigint;
  /** Of the last message with a nonce that it heard. */
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

export function ownAlive(loot: Loot): Envelope {
  loot.sequence += 1n;
  return aliveOf(loot, { certificate: loot.identity });
}

/** An alive message with its own signature, whatever it says. */
export function aliveOf(loot: Loot, parts: AliveParts): Envelope {
  const payload = encodeMessage(aliveMessage(loot, parts));
  const secret = encode(SECRET, {
    internalEndpoint: parts.internalEndpoint ?? loot.self.internalEndpoint,
  });
  return encodeEnvelope({
    payload,
    signature: loot.sign(payload),
    secret: { payload: secret, signature: loot.sign(secret) },
  });
}

export function aliveMessage(loot: Loot, parts: AliveParts): GossipMessageInit {
  return {
    tag: TAG.empty,
    content: {
      type: "alive",
      value: {
        membership: {
          endpoint: parts.endpoint ?? loot.self.externalEndpoint,
          metadata: parts.metadata ?? new Uint8Array(0),
          pkiId: pkiIdBytes((parts.pkiId ?? loot.identity).pkiId),
        },
        timestamp: {
          incNum: parts.incarnation ?? loot.incarnation,
          seqNum: parts.sequence ?? loot.sequence,
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

/** The alive messages among what it heard: gossiped ones, and those in lists. */
export function aliveHeard({ heard }: Loot): readonly Uint8Array[] {
  const glance = createGlance();
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
