/** Which of two messages of one author is the later one. Source: spec B 1.6 and 5.1. */
import type { PeerTime } from "../../wire/messages.ts";

/** Whether `time` is strictly later than `known`: by incarnation, then by sequence. */
export function isNewer(time: PeerTime, known: PeerTime): boolean {
  return time.incNum > known.incNum || (time.incNum === known.incNum && time.seqNum > known.seqNum);
}
