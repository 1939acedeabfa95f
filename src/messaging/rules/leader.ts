/**
 * An advisory leader: the member that has run longest. Members with equal views name the same
 * leader, and joining members do not replace it.
 */
interface Runner {
  readonly pkiId: string;
  /** Start time of its process, by its own clock. */
  readonly incarnation: bigint;
}

export function leaderOf<M extends Runner>(members: Iterable<M>): M | undefined {
  let leader: M | undefined;
  for (const member of members) {
    if (leader === undefined || isBefore(member, leader)) leader = member;
  }
  return leader;
}

function isBefore(a: Runner, b: Runner): boolean {
  if (a.incarnation !== b.incarnation) return a.incarnation < b.incarnation;
  return a.pkiId < b.pkiId;
}
