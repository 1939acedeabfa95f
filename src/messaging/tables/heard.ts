/**
 * Messages heard per author, so that none is delivered twice, however late it arrives. Each life of
 * an author numbers its messages; a window holds the newest numbers, and earlier ones count as
 * heard. Bounds: {@link WINDOW} numbers, {@link LIVES_MAX} lives, `authorsMax` authors.
 */
import type { PkiId } from "../../core/types/host.ts";

/** Size of the window; more than is kept of one author. */
const WINDOW = 4_096;
/** Lives per author: a message from before a restart may arrive after it. */
const LIVES_MAX = 3;

interface Life {
  readonly incarnation: bigint;
  /** The newest number heard; 0: none. */
  newest: bigint;
  /** One bit per number in the window, at its remainder. */
  readonly bits: Uint32Array;
}

export interface HeardTable {
  /** Newest life first. The author heard longest ago comes first in the map. */
  readonly lives: Map<PkiId, Life[]>;
  readonly authorsMax: number;
}

export function createHeard(authorsMax: number): HeardTable {
  return { lives: new Map(), authorsMax };
}

/** Whether it was heard, or is too old to tell. */
export function isHeard(
  { lives }: HeardTable,
  author: PkiId,
  incarnation: bigint,
  sequence: bigint,
): boolean {
  const known = lives.get(author) ?? [];
  const life = known.find((one) => one.incarnation === incarnation);
  if (life === undefined) {
    return known.length >= LIVES_MAX && known.every((one) => one.incarnation > incarnation);
  }
  if (sequence > life.newest) return false;
  if (life.newest - sequence >= BigInt(WINDOW)) return true;
  return hasBit(life, sequence);
}

/** Records it as heard. May be called again after `isHeard`. */
export function noteHeard(
  table: HeardTable,
  author: PkiId,
  incarnation: bigint,
  sequence: bigint,
): void {
  const life = lifeOf(table, author, incarnation);
  if (life === undefined) return;
  if (sequence > life.newest) {
    const steps = sequence - life.newest;
    if (steps >= BigInt(WINDOW)) life.bits.fill(0);
    else for (let i = 1n; i < steps; i++) setBit(life, life.newest + i, false);
    life.newest = sequence;
  } else if (life.newest - sequence >= BigInt(WINDOW)) return;
  setBit(life, sequence, true);
}

function lifeOf(
  { lives, authorsMax }: HeardTable,
  author: PkiId,
  incarnation: bigint,
): Life | undefined {
  const known = lives.get(author) ?? [];
  lives.delete(author);
  lives.set(author, known);
  if (lives.size > authorsMax) {
    for (const oldest of lives.keys()) {
      lives.delete(oldest);
      break;
    }
  }
  let life = known.find((one) => one.incarnation === incarnation);
  if (life === undefined) {
    life = { incarnation, newest: 0n, bits: new Uint32Array(WINDOW / 32) };
    known.push(life);
    known.sort((a, b) => (a.incarnation > b.incarnation ? -1 : 1));
    if (known.length > LIVES_MAX) known.pop();
  }
  return known.includes(life) ? life : undefined;
}

function hasBit({ bits }: Life, sequence: bigint): boolean {
  const at = Number(sequence % BigInt(WINDOW));
  return (((bits[at >>> 5] ?? 0) >>> (at & 31)) & 1) === 1;
}

function setBit({ bits }: Life, sequence: bigint, isOn: boolean): void {
  const at = Number(sequence % BigInt(WINDOW));
  const word = bits[at >>> 5] ?? 0;
  const bit = 1 << (at & 31);
  bits[at >>> 5] = isOn ? word | bit : word & ~bit;
}
