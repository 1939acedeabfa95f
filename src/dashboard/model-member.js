/** Derives the page model from one member's answers. Pure: no DOM, clock or network. */
import { clip, shortNames, visible } from "./format.js";

const ORDER = new Intl.Collator("en", { numeric: true });

/** From these answers, at this time; `limitMs` is the age from which a heartbeat is overdue. */
export function memberModel({ members, connections }, nowMs, limitMs) {
  const self = members.find((member) => member.self);
  members.sort((a, b) => ORDER.compare(addressOf(a), addressOf(b)));
  const labels = shortNames(members.map(addressOf));
  const described = members.map((member, at) => ({
    ...describe(member, connections, nowMs, limitMs),
    label: labels[at] === ":" ? member.pkiId.slice(0, 8) : labels[at],
  }));
  const links = connections
    .filter(({ pkiId }) => members.some((member) => member.pkiId === pkiId))
    .map(({ pkiId }) => ({ from: self.pkiId, to: pkiId, isCut: false }));
  const isUnique = new Map(links.map((link) => [link.to, link]));
  return {
    members: described,
    links: [...isUnique.values()],
    groups: [],
    summary: summary(described),
  };
}

/** A host name has at most 253 characters; a peer may claim to have any. */
const ADDRESS_MAX = 253;

function addressOf({ internalEndpoint, endpoint }) {
  return clip(visible(internalEndpoint || endpoint), ADDRESS_MAX);
}

/** Of so many intervals of a member the longest counts: Fabric's peers also sign a heartbeat for each request. */
const GAPS = 5;

/**
 * Measures how often heartbeats come, because the page is not told the interval. Call the returned
 * function with each answer: it returns the age in milliseconds from which a heartbeat is overdue, long
 * before its member counts as dead: twice the usual interval and a second more. Infinity until an interval
 * has been seen: one look at a few members does not tell a long pause from a short interval. A further copy
 * of a heartbeat is seen later, and begins no interval.
 */
export function createRhythm() {
  let known = new Map();
  return (members) => {
    known = new Map(members.filter(({ self }) => !self).map((each) => [each.pkiId, gapOf(each)]));
    const usual = [...known.values()]
      .flatMap(({ gapsMs }) => longest(gapsMs))
      .sort((a, b) => a - b);
    return 1_000 + 2 * (usual[Math.floor(usual.length / 2)] ?? Number.POSITIVE_INFINITY);
  };

  function gapOf(member) {
    const seenMs = Date.parse(member.lastSeen);
    const beat = beatOf(member);
    const before = known.get(member.pkiId);
    if (before === undefined) return { beat, seenMs, gapsMs: [] };
    if (before.beat === beat) return before;
    const gapsMs = [...before.gapsMs, seenMs - before.seenMs].slice(-GAPS);
    return { beat, seenMs, gapsMs };
  }
}

function longest(gapsMs) {
  return gapsMs.length === 0 ? [] : [Math.max(...gapsMs)];
}

/** Tells one heartbeat from others. */
function beatOf({ incarnation, sequence }) {
  return `${incarnation} ${sequence}`;
}

function describe(member, connections, nowMs, limitMs) {
  const { pkiId, mspId, identityExpires, status } = member;
  const address = addressOf(member);
  const links = connections.filter((connection) => connection.pkiId === pkiId);
  const ageMs = nowMs - Date.parse(member.lastSeen);
  const isQuiet = !member.self && status === "alive" && ageMs > limitMs;
  return {
    ...member,
    key: pkiId,
    name: address || pkiId.slice(0, 16),
    organisation: mspId ?? "unknown",
    address,
    expires: identityExpires,
    state: isQuiet ? "quiet" : status,
    stateText: isQuiet ? "overdue" : status,
    beat: beatOf(member),
    connected: member.self ? connections.length : links.length,
  };
}

function summary(members) {
  const others = members.filter((member) => !member.self);
  const alive = others.filter(({ status }) => status === "alive").length;
  const quiet = others.filter(({ state }) => state === "quiet").length;
  const dead = others.length - alive;
  const parts = [`sees ${alive} alive`];
  if (quiet > 0) parts.push(`${quiet} overdue`);
  if (dead > 0) parts.push(`${dead} dead`);
  return { text: parts.join(", "), level: dead + quiet > 0 ? "warn" : "good" };
}
