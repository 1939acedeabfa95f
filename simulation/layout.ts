/** The members of a simulated network and their configured contacts. */
import type { SimulatedMemberPlan } from "./member.ts";
import type { SeededRandom } from "./random.ts";

export interface Seat extends SimulatedMemberPlan {
  readonly startMs: number;
  /** The organisation, counted from 0, and the place in it. */
  readonly org: number;
  readonly place: number;
}

export interface LayoutOptions {
  readonly nodes: number;
  readonly orgs: number;
  /** All members start within this many milliseconds. */
  readonly startsWithinMs: number;
  /** Share of members without an external endpoint, contacts excluded. */
  readonly hiddenShare: number;
  /** Share of members that read slowly or send messages twice. */
  readonly oddShare: number;
}

/** Contacts per organisation: always visible outside, never removed permanently. */
export const CONTACTS = 2;
const WINDOW_BYTES = 65_536;
const SMALL_WINDOW_BYTES = 2_048;
const SLOW_READ_MS = 20;
const DUPLICATES = 0.2;

/** Assigns members to organisations round robin. */
export function layOut(options: LayoutOptions, random: SeededRandom): readonly Seat[] {
  const { nodes, orgs, startsWithinMs, hiddenShare, oddShare } = options;
  const seats: Seat[] = [];
  const mspIds = Array.from({ length: orgs }, (_, org) => `Org${org + 1}MSP`);
  for (let i = 0; i < nodes; i++) {
    const [org, place] = [i % orgs, Math.floor(i / orgs)];
    const name = nameOf(org, place);
    const isContact = place < CONTACTS;
    const isHidden = orgs === 1 || (!isContact && random.chance(hiddenShare));
    const isSlow = random.chance(oddShare);
    seats.push({
      name,
      mspId: mspIds[org] ?? "",
      org,
      place,
      internalEndpoint: internal(org, place),
      externalEndpoint: isHidden ? "" : external(org, place),
      bootstrap: contactsOf(org, nodes, orgs).map((contact) => internal(org, contact)),
      anchorPeers: isHidden ? [] : anchors(org, nodes, orgs),
      startMs: Math.floor(random.fraction() * startsWithinMs),
      readMs: isSlow ? SLOW_READ_MS : 0,
      windowBytes: isSlow ? SMALL_WINDOW_BYTES : WINDOW_BYTES,
      duplicates: random.chance(oddShare) ? DUPLICATES : 0,
      signsAfresh: false,
      channels: [],
    });
  }
  return seats;
}

/** The contacts of an organisation, limited by its number of members. */
function contactsOf(org: number, nodes: number, orgs: number): readonly number[] {
  const size = Math.floor((nodes - org - 1) / orgs) + 1;
  return Array.from({ length: Math.min(CONTACTS, size) }, (_, place) => place);
}

function anchors(own: number, nodes: number, orgs: number): readonly string[] {
  const others = Array.from({ length: orgs }, (_, org) => org).filter((org) => org !== own);
  return others.flatMap((org) => contactsOf(org, nodes, orgs).map((place) => external(org, place)));
}

function nameOf(org: number, place: number): string {
  return `peer${place}.org${org + 1}`;
}

function internal(org: number, place: number): string {
  return `${nameOf(org, place)}:7051`;
}

function external(org: number, place: number): string {
  return `${nameOf(org, place)}.example.com:7051`;
}
