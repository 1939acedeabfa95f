/**
 * Our neighbours: the few members to whom we pass messages on and whom we ask. Everybody computes
 * them from the certificates alone, so both ends of a link agree on it without a word, whoever joins or
 * leaves moves a few links only, and the number of links does not grow with the network.
 *
 * Within the organisation, members stand on two rings, each in an order of its own that looks
 * random; the neighbours are those next to us on each. Between two organisations, a few members of
 * each, their gateways, are linked in pairs. Decision 7 tells why.
 */
import { firstWord, mix } from "../../wire/bytes.ts";
import type { PkiId } from "../types/host.ts";
import type { Party } from "./disclosure.ts";

/** Properties of a member that determine its neighbours. */
export interface Resident extends Party {
  readonly pkiId: PkiId;
  /** Decides where it stands: nobody can choose that without a CA that issues many certificates. */
  readonly certificate: string;
}

/** For each ring who stands before and after us; on both rings it may be the same. */
export type Rings = readonly (readonly PkiId[])[];

/** For each ring how far it is to those next to us. */
export type Spans = readonly { readonly ahead: number; readonly behind: number }[];

export interface Neighbours {
  /** Of our organisation, for messages that all of it may see: those next to us on each ring. */
  readonly home: Rings;
  /** The same among those with an external endpoint: only they may see foreign members. */
  readonly homeExternal: Rings;
  /** Of each other organisation, by MSP-ID. */
  readonly abroad: ReadonlyMap<string, readonly PkiId[]>;
  /** Of `home` and `homeExternal`. */
  readonly spans: { readonly home: Spans; readonly homeExternal: Spans };
}

export const NO_NEIGHBOURS: Neighbours = {
  home: [],
  homeExternal: [],
  abroad: new Map(),
  spans: { home: [], homeExternal: [] },
};

export const RINGS = 2;
/** Links between two organisations: one may break, and one be broken unnoticed. */
const GATEWAYS_MAX = 3;
/** Links of one member to other organisations on average, unless each needs its one link. */
const LINKS_ABROAD_MAX = 8;
/** Places on a ring. */
export const CIRCLE = 2 ** 32;

/**
 * The neighbours of `self`. `epochs` has a number for each ring: another number is another order.
 */
export function findNeighbours(
  self: Resident,
  others: Iterable<Resident>,
  epochs: readonly number[],
): Neighbours {
  const all = [...others];
  const home = all.filter(({ mspId }) => mspId === self.mspId);
  const isVisible = (other: Resident): boolean => other.mspId !== self.mspId && other.isExternal;
  const visible = self.isExternal ? all.filter(isVisible) : [];
  const foreign = Map.groupBy(visible, ({ mspId }) => mspId);
  const homeExternal = home.filter(({ isExternal }) => isExternal);
  const ours = [self, ...homeExternal];
  const abroad = new Map<string, readonly PkiId[]>();
  for (const [mspId, theirs] of foreign) {
    const links = countLinks(ours.length, theirs.length, foreign.size);
    const salt = mix(hashPair(self.mspId, mspId), epochs[0] ?? 0);
    abroad.set(mspId, findPartners(self, ours, theirs, links, salt));
  }
  const next = nextOnRings(self, home, epochs);
  const external = nextOnRings(self, self.isExternal ? homeExternal : [], epochs);
  return {
    home: next.rings,
    homeExternal: self.isExternal ? external.rings : [],
    abroad,
    spans: { home: next.spans, homeExternal: external.spans },
  };
}

/**
 * Whether somebody leaves our neighbours as they are by coming, going or changing, as most do in a large
 * network. A no may be wrong. `other`: undefined if it is gone.
 */
export function isElsewhere(
  self: Resident,
  pkiId: PkiId,
  other: Resident | undefined,
  { abroad, home, homeExternal, spans }: Neighbours,
  epochs: readonly number[],
): boolean {
  const isOurs = (ring: readonly PkiId[]): boolean => ring.includes(pkiId);
  if (abroad.size > 0 || home.some(isOurs) || homeExternal.some(isOurs)) return false;
  if (other === undefined) return true;
  const isVisible = self.isExternal && other.isExternal;
  if (other.mspId !== self.mspId) return !isVisible;
  if (isNext(self, other, spans.home, epochs)) return false;
  return !isVisible || !isNext(self, other, spans.homeExternal, epochs);
}

/** Whether it would stand next to us on one of the rings. */
function isNext(self: Resident, other: Resident, spans: Spans, epochs: readonly number[]): boolean {
  return spans.some((span, ring) => {
    const salt = mix(epochs[ring] ?? 0, ring + 1);
    const ahead = (place(other, salt) - place(self, salt)) >>> 0;
    return ahead <= span.ahead || CIRCLE - ahead <= span.behind;
  });
}

/** Our predecessor and successor on each ring. */
function nextOnRings(
  self: Resident,
  others: readonly Resident[],
  epochs: readonly number[],
): { readonly rings: Rings; readonly spans: Spans } {
  const words = others.map(({ certificate }) => firstWord(certificate));
  const rings: PkiId[][] = [];
  const spans: { ahead: number; behind: number }[] = [];
  for (let ring = 0; ring < RINGS; ring++) {
    const salt = mix(epochs[ring] ?? 0, ring + 1);
    const here = place(self, salt);
    let [after, before] = [-1, -1];
    let [leastAfter, leastBefore] = [CIRCLE, CIRCLE];
    for (let i = 0; i < words.length; i++) {
      const ahead = (mix(words[i] ?? 0, salt) - here) >>> 0; // Modulo the circle.
      const behind = CIRCLE - ahead;
      if (ahead < leastAfter) [leastAfter, after] = [ahead, i];
      if (behind < leastBefore) [leastBefore, before] = [behind, i];
    }
    rings.push([others[after]?.pkiId, others[before]?.pkiId].filter((one) => one !== undefined));
    spans.push({ ahead: leastAfter, behind: leastBefore });
  }
  return { rings, spans };
}

/** Those of another organisation that are linked with us, if we are a gateway to it. */
function findPartners(
  self: Resident,
  ours: readonly Resident[],
  theirs: readonly Resident[],
  links: number,
  salt: number,
): readonly PkiId[] {
  const [here, there] = [ranked(ours, salt), ranked(theirs, salt)];
  const partners = new Set<PkiId>();
  for (let i = 0; i < links; i++) {
    const partner = there[i % there.length];
    if (here[i % here.length] === self.pkiId && partner !== undefined) partners.add(partner);
  }
  return [...partners];
}

/** How many links two organisations have. Small ones among many others can afford one each only. */
function countLinks(ours: number, theirs: number, foreignOrganisations: number): number {
  const affordable = Math.floor((LINKS_ABROAD_MAX * Math.min(ours, theirs)) / foreignOrganisations);
  return Math.max(1, Math.min(GATEWAYS_MAX, affordable));
}

function ranked(residents: readonly Resident[], salt: number): readonly PkiId[] {
  return residents
    .map((resident) => ({ pkiId: resident.pkiId, rank: place(resident, salt) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ pkiId }) => pkiId);
}

/** A member's position in the order of this salt. */
function place({ certificate }: Resident, salt: number): number {
  return mix(firstWord(certificate), salt);
}

/** Symmetric: equal for both organisations. */
function hashPair(a: string, b: string): number {
  let hash = 0x811c9dc5;
  for (const character of a < b ? `${a}\n${b}` : `${b}\n${a}`) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  }
  return hash >>> 0;
}
