/** Until the configuration of a channel is known, members of our own organisation are asked for it. */
import type { ChannelHost } from "../channel/types/host.ts";
import type { Identity } from "../core/types/host.ts";
import { fetchBlock } from "../following/fetch.ts";
import { askTrust } from "../following/find-trust.ts";
import { makeTrust, type Trust } from "../following/trust.ts";
import { turnsOf } from "../lib/slices.ts";
import { equalBytes } from "../wire/bytes.ts";
import type { Candidate } from "./candidates.ts";

/** Members whose answers are enough. Silent ones take the place of none, but their time is limited. */
const ANSWERS_MAX = 3;
const ASKED_MS = 10_000;
const NO_ANSWERS: ReadonlySet<string> = new Set(["silent", "unreachable"]);
const isAnswer = (outcome: { readonly ok: boolean; readonly code?: string }): boolean =>
  outcome.code === undefined || !NO_ANSWERS.has(outcome.code);

interface FoundConfiguration {
  readonly newest: Trust | undefined;
  /** Why others gave none, one sentence each. */
  readonly notes: readonly string[];
  /** Two that contradict each other. */
  readonly rivals: readonly [Trust, Trust] | undefined;
}

export async function findConfiguration(
  host: ChannelHost,
  channel: string,
  self: Identity,
  candidates: readonly Candidate[],
): Promise<FoundConfiguration> {
  let newest: Trust | undefined;
  let rivals: FoundConfiguration["rivals"];
  let [asked, answers] = [0, 0];
  const notes: string[] = [];
  for (const { peer, height } of inTime(candidates, self)) {
    // Once there is one, nobody waits for more who may be silent.
    if ((newest === undefined ? answers : asked) >= ANSWERS_MAX) break;
    asked++;
    const remedy = `name a configBlock for ${channel}`;
    const found = await askTrust(peer, host, { channel, height, self, remedy });
    if (isAnswer(found)) answers++;
    if (!found.ok) {
      notes.push(`${peer.name}: ${found.reason}.`);
      continue;
    }
    const { value } = found;
    if (newest !== undefined && isRival(value, newest)) rivals = [newest, value];
    newest = newerOf(newest, value);
  }
  return { newest, notes: notes.slice(0, ANSWERS_MAX), rivals };
}

/** When each member was last asked for a first block: whoever began with a snapshot has none. */
const turns = new WeakMap<Candidate["peer"], number>();
let turn = 0;
const turnOf = ({ peer }: Candidate): number => turns.get(peer) ?? 0;

/**
 * The first block as a member of our own organisation has it, whose word it is: a listed member must have
 * every block. That the newest configuration follows from it is seen when the blocks come.
 */
export async function findFirstBlock(
  host: ChannelHost,
  channel: string,
  self: Identity,
  candidates: readonly Candidate[],
): Promise<Trust | undefined> {
  let answers = 0;
  const inTurn = candidates.toSorted((a, b) => turnOf(a) - turnOf(b));
  for (const { peer } of inTime(inTurn, self)) {
    if (answers === ANSWERS_MAX) break;
    turns.set(peer, ++turn);
    const block = await fetchBlock(peer, channel, 0n);
    if (isAnswer(block)) answers++;
    if (!block.ok) continue;
    const origin = `taken from ${peer.name} of ${self.mspId}, whose word it is`;
    const trust = await turnsOf(makeTrust(host, block.value.bytes, origin), peer.clock);
    if (trust.ok && trust.value.configuration.channel === channel) return trust.value;
  }
  return undefined;
}

/** Those of our organisation, as long as there is time. */
function* inTime(candidates: readonly Candidate[], self: Identity): Generator<Candidate> {
  let sinceMs: number | undefined;
  for (const candidate of candidates) {
    if (candidate.identity.mspId !== self.mspId) continue;
    const { elapsedMs } = candidate.peer.clock.now();
    sinceMs ??= elapsedMs;
    if (elapsedMs - sinceMs > ASKED_MS) return;
    yield candidate;
  }
}

export function isMoreRecent(a: Trust, b: Trust): boolean {
  return a.configuration.blockNumber > b.configuration.blockNumber;
}

function newerOf(known: Trust | undefined, found: Trust): Trust {
  return known === undefined || isMoreRecent(found, known) ? found : known;
}

function isRival(a: Trust, b: Trust): boolean {
  const isSameNumber = a.configuration.blockNumber === b.configuration.blockNumber;
  return isSameNumber && !equalBytes(a.hash, b.hash);
}
