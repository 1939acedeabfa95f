/**
 * Which of two messages makes the other one superfluous. The only place that knows it.
 * Source: spec B 1.6 and 5.1 (Fabric's `msgcomparator.go`).
 */
import { EMPTY_BYTES, equalBytes } from "../../wire/bytes.ts";
import type { Content, GossipMessage, PeerTime } from "../../wire/messages.ts";

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
  if (a?.type === "peer-identity" && b?.type === "peer-identity") {
    return equalBytes(a.value.pkiId, b.value.pkiId) ? "rejected" : "unrelated";
  }
  if (a?.type === "data" && b?.type === "data") {
    return byBlock(a.value.payload?.seqNum ?? 0n, b.value.payload?.seqNum ?? 0n, blockWindow);
  }
  const [mine, its] = [newsOf(a), newsOf(b)];
  return mine && its && a?.type === b?.type ? byTime(mine, its) : "unrelated";
}

/** What its author says now, and says anew later. */
interface News {
  readonly pkiId: Uint8Array | undefined;
  readonly channel: Uint8Array;
  readonly time: PeerTime | undefined;
}

function newsOf(content: Content | undefined): News | undefined {
  switch (content?.type) {
    case "alive": {
      const { membership, timestamp } = content.value;
      return { pkiId: membership?.pkiId, channel: EMPTY_BYTES, time: timestamp };
    }
    case "state-info": {
      // Fabric looks at the PKI-ID only, so that news of two channels push each other out.
      const { pkiId, channelMac, timestamp } = content.value;
      return { pkiId, channel: channelMac, time: timestamp };
    }
    case "leadership": {
      const { pkiId, timestamp } = content.value;
      return { pkiId, channel: EMPTY_BYTES, time: timestamp };
    }
    default:
      return undefined;
  }
}

function byTime(mine: News, its: News): Relation {
  const isSame =
    mine.pkiId &&
    its.pkiId &&
    equalBytes(mine.pkiId, its.pkiId) &&
    equalBytes(mine.channel, its.channel);
  if (!isSame) return "unrelated";
  if (!mine.time || !its.time) return "rejected"; // Without a time nothing can be newer.
  return isNewer(mine.time, its.time) ? "supersedes" : "rejected";
}

function byBlock(seqNum: bigint, storedSeqNum: bigint, window: number): Relation {
  if (seqNum === storedSeqNum) return "rejected";
  const distance = seqNum > storedSeqNum ? seqNum - storedSeqNum : storedSeqNum - seqNum;
  if (distance <= BigInt(window)) return "unrelated";
  return seqNum > storedSeqNum ? "supersedes" : "rejected";
}
