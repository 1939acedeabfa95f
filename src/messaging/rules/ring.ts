/**
 * Owners of keys: consistent hashing by highest random weight. Each member draws a weight per key;
 * the highest own it. When one of N members leaves, only its keys move, 1 in N on average, spread
 * over all others.
 */

import { mix } from "../../wire/bytes.ts";

/** A member as far as weights are concerned: any hash of it in hex. */
interface Weighed {
  readonly pkiId: string;
}

/** The members of a ring with what their weights are computed from. */
interface Ring<M extends Weighed> {
  readonly places: readonly { readonly member: M; readonly high: number; readonly low: number }[];
}

/** A PKI-ID is a SHA-256: any 64 bits of it are as good as random. */
export function createRing<M extends Weighed>(members: Iterable<M>): Ring<M> {
  const places = [...members].map((member) => ({
    member,
    high: Number.parseInt(member.pkiId.slice(0, 8), 16),
    low: Number.parseInt(member.pkiId.slice(8, 16), 16),
  }));
  return { places };
}

/** The `count` owners of the key, the first owner first; all members if there are fewer. */
export function ownersOf<M extends Weighed>(
  { places }: Ring<M>,
  key: string,
  count: number,
): readonly M[] {
  const seed = hashText(key);
  const best: { member: M; weight: number }[] = [];
  for (const { member, high, low } of places) {
    const weight = mix(mix(seed ^ high) ^ low);
    const last = best[count - 1];
    if (last !== undefined && !isHigher(weight, member, last)) continue;
    const at = best.findIndex((other) => isHigher(weight, member, other));
    best.splice(at < 0 ? best.length : at, 0, { member, weight });
    best.length = Math.min(best.length, count);
  }
  return best.map(({ member }) => member);
}

function isHigher<M extends Weighed>(
  weight: number,
  { pkiId }: M,
  other: { readonly member: M; readonly weight: number },
): boolean {
  return weight > other.weight || (weight === other.weight && pkiId > other.member.pkiId);
}

/** FNV-1a over UTF-16 code units, with a finalizer. */
function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ (text.charCodeAt(i) & 0xff), 0x01000193);
    hash = Math.imul(hash ^ (text.charCodeAt(i) >>> 8), 0x01000193);
  }
  return mix(hash);
}
