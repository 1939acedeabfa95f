/** Merges peers' answers about a channel: identities and StateInfo, not verified yet. */

import { readSnapshot, type StateInfoClaim } from "../channel/rules/state-info.ts";
import type { ChannelHost } from "../channel/types/host.ts";
import type { Identity } from "../core/types/host.ts";
import { startSlices, turnsOf } from "../lib/slices.ts";
import { parseEnvelope, parseMessage } from "../wire/envelope.ts";
import { parsePkiId } from "../wire/received.ts";
import type { PeerStream } from "./peer-stream.ts";
import { pullIdentities, pullStateInfo } from "./questions.ts";
import { ReadError } from "./read-error.ts";
import type { Session } from "./session.ts";
import { createUnjudgedCrypto } from "./unjudged.ts";

/** The answer of one peer. */
export interface Told {
  readonly stream: PeerStream;
  readonly claims: readonly StateInfoClaim[];
  /** Elements that are unreadable or of another channel. */
  readonly faults: number;
  /** Its own published height; undefined if it has not published one, or does not know itself. */
  readonly height: bigint | undefined;
}

interface Observation {
  readonly told: readonly Told[];
  /** By PKI-ID; not judged yet. */
  readonly identities: ReadonlyMap<string, Identity>;
  /** Why some peers did not answer. */
  readonly notes: readonly string[];
}

const UNJUDGED = createUnjudgedCrypto();

/** Maximum identities kept per channel; further ones are ignored. */
const IDENTITIES_MAX = 20_000;

/**
 * Queries every peer of the session. Pulls identities only from peers that mention an unknown one.
 * Throws if no peer answers.
 */
export async function observe(
  session: Session,
  host: ChannelHost,
  known: Map<string, Identity>,
): Promise<Observation> {
  await session.connect();
  const streams = session.requireStreams();
  const told: Told[] = [];
  const ask = async (stream: PeerStream): Promise<void> => {
    const answer = await pullStateInfo(stream, host, session.asker.identity.pkiId, session.channel);
    if (!answer.ok) {
      session.fail(stream, answer);
      return;
    }
    const { claims, faults } = await turnsOf(readSnapshot(host, answer.value, session.channel));
    if (claims.some(({ pkiId }) => !known.has(pkiId))) await learn(stream, known);
    const own = claims.find(({ pkiId }) => pkiId === stream.identity.pkiId);
    told.push({ stream, claims, faults: faults.length, height: own?.height });
  };
  await Promise.all(streams.map((stream) => stream.using(() => ask(stream))));
  if (told.length === 0) throw new ReadError("refused", session.notes());
  // In the order that the user gave.
  told.sort((a, b) => streams.indexOf(a.stream) - streams.indexOf(b.stream));
  return { told, identities: known, notes: session.notes() };
}

async function learn(stream: PeerStream, known: Map<string, Identity>): Promise<void> {
  known.set(stream.identity.pkiId, stream.identity);
  const answer = await pullIdentities(stream);
  const slices = startSlices();
  for (const bytes of answer.ok ? answer.value : []) {
    await slices.breathe();
    const envelope = parseEnvelope(bytes);
    const message = envelope.ok ? parseMessage(envelope.value.payload) : envelope;
    if (!message.ok || message.value.content?.type !== "peer-identity") continue;
    const { pkiId: raw, cert } = message.value.content.value;
    const pkiId = parsePkiId(raw);
    if (pkiId === undefined || known.has(pkiId) || known.size >= IDENTITIES_MAX) continue;
    const identity = UNJUDGED.identify(cert);
    if (identity.ok && identity.value.pkiId === pkiId) known.set(pkiId, identity.value);
  }
}
