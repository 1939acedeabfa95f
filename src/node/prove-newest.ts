/** Proves the newest height of a channel: members are asked for the blocks that they claim, the highest claim first. */
import type { ChannelHost } from "../channel/types/host.ts";
import type { FollowedChannel } from "../core/tables/channels.ts";
import type { PkiId } from "../core/types/host.ts";
import { proveHeight } from "../following/prove-height.ts";
import type { Trust } from "../following/trust.ts";
import type { Rejection } from "../observe/diagnosis/channel-faults.ts";
import type { Clock } from "../transport/network.ts";
import type { Candidate } from "./candidates.ts";

interface ProofEvents {
  /** Nobody claims more blocks than are proven. */
  current(): void;
  /** This many blocks exist; `trust` is the configuration in force after them. */
  proven(height: bigint, trust: Trust): void;
  disproved(pkiId: PkiId, height: bigint): void;
  /** A member gave an invalid block as its newest. */
  rejected(rejection: Rejection): void;
  /** The orderers have signed a configuration that we cannot use. */
  ended(reason: string): void;
}

/** After this time no further candidate is asked; the next call begins with the highest again. */
const TRIED_MS = 10_000;

/** `candidates`: the highest claim first. One that is silent or lies does not keep the others from being asked. */
export async function proveNewest(
  host: ChannelHost,
  channel: FollowedChannel,
  trust: Trust,
  candidates: readonly Candidate[],
  clock: Clock,
  events: ProofEvents,
): Promise<void> {
  const sinceMs = clock.now().elapsedMs;
  const open = candidates.filter(
    ({ height, identity }) => channel.disproved.get(identity.pkiId) !== height,
  );
  const [best] = open;
  if (best !== undefined && best.height <= channel.provenHeight) events.current();
  for (const { height, identity, peer } of open) {
    if (height <= channel.provenHeight || clock.now().elapsedMs - sinceMs > TRIED_MS) return;
    const proof = await proveHeight(host, peer, trust, height);
    if (proof.ok) return events.proven(height, proof.value);
    if (proof.isUnusable) return events.ended(proof.reason);
    if (!proof.isLie) continue;
    events.disproved(identity.pkiId, height);
    const { code, reason } = proof;
    const { pkiId, mspId } = identity;
    if (code !== "absent") events.rejected({ number: height - 1n, pkiId, mspId, code, reason });
  }
}
