/**
 * Which of two messages makes the other one superfluous. The only place that knows it.
 * Source: spec B 1.6 and 5.1 (Fabric's `msgcomparator.go`).
 */
import { equalBytes } from "../wire/bytes.ts";
import type { GossipMessage, PeerTime } from "../wire/messages.ts";

/** What a new message means for a stored one. */
export type Relation =
  /** The new one takes the place of the stored one. */
  | "supersedes"
  /** The stored one is at least as new: the new one is worthless. */
  | "rejected"
  /** Both may stand side by side. */
  | "unrelated";

/** Whether `time` is strictly later than `known`: by incarnation, then by sequence. */
export function isNewer(time: PeerTime, known: PeerTime): boolean {
  return time.incNum > known.incNum || (time.incNum === known.incNum && time.seqNum > known.seqNum);
}

/** Relates a new message to a stored one. `blockWindow`: how far apart two blocks may be kept. */
export function relate(
  message: GossipMessage,
  stored: GossipMessage,
  blockWindow: number,
): Relation {
  const [a, b] = [message.content, stored.content];
  if (a?.type === "alive" && b?.type === "alive") {
    const [mine, its] = [a.value.membership, b.value.membership];
    return byTime(mine?.pkiId, its?.pkiId, a.value.timestamp, b.value.timestamp);
  }
  if (a?.type === "state-info" && b?.type === "state-info") {
    return byTime(a.value.pkiId, b.value.pkiId, a.value.timestamp, b.value.timestamp);
  }
  if (a?.type === "leadership" && b?.type === "leadership") {
    return byTime(a.value.pkiId, b.value.pkiId, a.value.timestamp, b.value.timestamp);
  }
  if (a?.type === "peer-identity" && b?.type === "peer-identity") {
    return equalBytes(a.value.pkiId, b.value.pkiId) ? "rejected" : "unrelated";
  }
  if (a?.type === "data" && b?.type === "data") {
    return byBlock(a.value.payload?.seqNum ?? 0n, b.value.payload?.seqNum ?? 0n, blockWindow);
  }
  return "unrelated";
}

function byTime(
  pkiId: Uint8Array | undefined,
  storedPkiId: Uint8Array | undefined,
  time: PeerTime | undefined,
  storedTime: PeerTime | undefined,
): Relation {
  if (!pkiId || !storedPkiId || !equalBytes(pkiId, storedPkiId)) return "unrelated";
  if (!time || !storedTime) return "rejected"; // Without a time nothing can be newer.
  return isNewer(time, storedTime) ? "supersedes" : "rejected";
}

function byBlock(seqNum: bigint, storedSeqNum: bigint, window: number): Relation {
  if (seqNum === storedSeqNum) return "rejected";
  const distance = seqNum > storedSeqNum ? seqNum - storedSeqNum : storedSeqNum - seqNum;
  if (distance <= BigInt(window)) return "unrelated";
  return seqNum > storedSeqNum ? "supersedes" : "rejected";
}
