/** What peers tell of a channel, joined: identities and StateInfo, nothing of them believed yet. */

import { readSnapshot, type StateInfoClaim } from "../channel/rules/state-info.ts";
import type { ChannelHost } from "../channel/types/host.ts";
import { parsePkiId } from "../core/rules/pki-id.ts";
import type { Identity } from "../core/types/host.ts";
import { parseEnvelope, parseMessage } from "../wire/envelope.ts";
import type { PeerStream } from "./peer-stream.ts";
import { pullIdentities, pullStateInfo } from "./questions.ts";
import { ReadError } from "./read-error.ts";
import { tellFailure } from "./remedies.ts";
import type { Session } from "./session.ts";
import { createUnjudgedCrypto } from "./unjudged.ts";

/** What one peer said. */
export interface Told {
  readonly stream: PeerStream;
  readonly claims: readonly StateInfoClaim[];
  /** Elements of its answer that cannot be read, or are of another channel. */
  readonly faults: number;
  /** Height that it has published of itself; undefined if it has not, or is not known to itself. */
  readonly height: bigint | undefined;
}

export interface Observation {
  readonly told: readonly Told[];
  /** By PKI-ID; which organisation accepts them is not judged yet. */
  readonly identities: ReadonlyMap<string, Identity>;
  /** Why some peers told nothing. */
  readonly notes: readonly string[];
}

const UNJUDGED = createUnjudgedCrypto();

/** Identities of one channel that are kept; more are not looked at. */
const IDENTITIES_MAX = 20_000;

/**
 * Asks every peer of the session. Identities are pulled only from peers that speak of somebody whose
 * identity is not known yet. Throws if nobody tells anything.
 */
export async function observe(
  session: Session,
  host: ChannelHost,
  known: Map<string, Identity>,
): Promise<Observation> {
  await session.connect();
  const streams = session.requireStreams();
  const notes: string[] = [];
  const told: Told[] = [];
  await Promise.all(
    streams.map(async (stream) => {
      const answer = await pullStateInfo(
        stream,
        host,
        session.asker.identity.pkiId,
        session.channel,
      );
      if (!answer.ok) {
        session.fail(stream, answer);
        notes.push(tellFailure(stream.target, answer));
        return;
      }
      const { claims, faults } = readSnapshot(host, answer.value, session.channel);
      if (claims.some(({ pkiId }) => !known.has(pkiId))) await learn(stream, known);
      const own = claims.find(({ pkiId }) => pkiId === stream.identity.pkiId);
      told.push({ stream, claims, faults: faults.length, height: own?.height });
    }),
  );
  if (told.length === 0) throw new ReadError("refused", notes);
  // In the order in which our user has named them.
  told.sort((a, b) => streams.indexOf(a.stream) - streams.indexOf(b.stream));
  return { told, identities: known, notes: [...session.notes()] };
}

async function learn(stream: PeerStream, known: Map<string, Identity>): Promise<void> {
  known.set(stream.identity.pkiId, stream.identity);
  const answer = await pullIdentities(stream);
  for (const bytes of answer.ok ? answer.value : []) {
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
