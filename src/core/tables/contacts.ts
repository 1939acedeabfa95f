/**
 * The peers we were told to contact: bootstrap peers and anchor peers. Each is identified by a probe
 * first, then asked for its membership; one that fails or goes away is tried again for ever. While
 * nobody is alive, members of our last life are contacts too.
 * Source: spec B 1.4 and 2.6 (Fabric's `Connect`, `connect2BootstrapPeers`, `learnAnchorPeers`).
 */

import { shuffled } from "../rules/shuffle.ts";
import { type Effect, notify } from "../types/effect.ts";
import type { Fault } from "../types/event.ts";
import type { Identity, Now, PkiId } from "../types/host.ts";
import type { Member } from "../types/member.ts";
import type { Context, CoreOptions } from "../types/options.ts";
import { type Members, memberAt } from "./members.ts";

type ContactState =
  /** Due to be identified at this time. */
  | { readonly type: "waiting"; readonly atMs: number }
  | { readonly type: "identifying" }
  /** Asked for its membership; the answer carries the nonce. */
  | {
      readonly type: "asking";
      readonly pkiId: PkiId;
      readonly nonce: bigint;
      readonly untilMs: number;
    }
  /** It answered; `pkiId` is watched from now on. */
  | { readonly type: "connected"; readonly pkiId: PkiId };

/** A configuration may name thousands of anchor peers. */
const CONTACTS_MAX = 1_000;

export interface Contact {
  readonly endpoint: string;
  /** Bootstrap peers must be of our own organisation; anchor peers may be of any we trust. */
  readonly isBootstrap: boolean;
  /** A DNS name currently resolves to it. */
  readonly isResolved: boolean;
  /** Nobody has named it: it was a member in our last life. */
  readonly isFormer: boolean;
  /** The channel whose configuration names it as an anchor peer; undefined: our user has named it. */
  readonly channel?: string | undefined;
  state: ContactState;
  /** Failed attempts since it was last alive. */
  failures: number;
  /** We ourselves answered last: a name may resolve to several peers, including us. */
  isSelf: boolean;
}

/** Contacts, and what decides about them. */
interface ContactTables extends Context {
  readonly contacts: Contact[];
  readonly members: Members;
}

export function createContacts(options: CoreOptions, now: Now): Contact[] {
  const endpoints = new Map<string, boolean>();
  for (const endpoint of options.anchorPeers) endpoints.set(endpoint, false);
  for (const endpoint of options.bootstrap) endpoints.set(endpoint, true);
  const named = [...endpoints].map(([endpoint, isBootstrap]) =>
    newContact({ endpoint, isBootstrap }, now),
  );
  // Those that our user named come first, and are normally enough.
  const later = { ...now, elapsedMs: now.elapsedMs + 2 * options.timing.firstRetryMs };
  const former = (options.formerPeers ?? [])
    .filter((endpoint) => !endpoints.has(endpoint))
    .map((endpoint) => newContact({ endpoint, isBootstrap: false, isFormer: true }, later));
  return [...named, ...former].filter(({ endpoint }) => !isOwnEndpoint(endpoint, options));
}

/** Members of our last life have done their part once anybody is alive. */
function leaveFormer({ contacts, members }: ContactTables): void {
  if (members.aliveCount > 0) dropFormer(contacts, () => true);
}

function dropFormer(contacts: Contact[], isDropped: (contact: Contact) => boolean): void {
  const kept = contacts.filter((contact) => !contact.isFormer || !isDropped(contact));
  if (kept.length < contacts.length) contacts.splice(0, contacts.length, ...kept);
}

function newContact(
  about: Pick<Contact, "endpoint" | "isBootstrap"> & Partial<Contact>,
  { elapsedMs }: Now,
): Contact {
  const state: ContactState = { type: "waiting", atMs: elapsedMs };
  return { isResolved: false, isFormer: false, ...about, state, failures: 0, isSelf: false };
}

/**
 * Maximum contacts from names at a time: names may resolve to thousands, and one is enough to join.
 */
export const RESOLVED_CONTACTS_MAX = 8;
/** Number of failures after which another address of the names replaces it. */
const TRIES = 2;

/**
 * The names of bootstrap peers lead to these endpoints now. Contacts that they lead to no longer are
 * given up; of those that are new some are drawn by lot, so that not all members ask the same.
 */
export function resolveContacts(
  { contacts, now, options }: Omit<ContactTables, "members">,
  endpoints: readonly string[],
): void {
  dropFormer(contacts, ({ endpoint }) => endpoints.includes(endpoint));
  const configured = contacts.filter(({ isResolved }) => !isResolved);
  const wanted = new Set(endpoints.filter((endpoint) => !isOwnEndpoint(endpoint, options)));
  for (const { endpoint } of configured) wanted.delete(endpoint);
  const known = contacts.filter(({ isResolved, endpoint }) => isResolved && wanted.has(endpoint));
  for (const { endpoint } of known) wanted.delete(endpoint);
  const steady = known.filter(({ failures }) => failures < TRIES);
  const fresh = [...shuffled([...wanted], options.random)]
    .slice(0, Math.max(0, RESOLVED_CONTACTS_MAX - steady.length))
    .map((endpoint) => newContact({ endpoint, isBootstrap: true, isResolved: true }, now));
  const failing = known.filter(({ failures }) => failures >= TRIES);
  const chosen = [...steady, ...fresh, ...failing].slice(0, RESOLVED_CONTACTS_MAX);
  contacts.splice(0, contacts.length, ...configured, ...chosen);
}

/**
 * The anchor peers of a channel are these now. Those that were before are contacts no longer, but
 * members all the same.
 */
export function replaceAnchors(
  { contacts, now, options }: Omit<ContactTables, "members">,
  channel: string,
  endpoints: readonly string[],
): void {
  dropFormer(contacts, ({ endpoint }) => endpoints.includes(endpoint));
  const kept = contacts.filter(
    (one) => one.channel !== channel || endpoints.includes(one.endpoint),
  );
  contacts.splice(0, contacts.length, ...kept);
  for (const endpoint of endpoints) {
    if (contacts.length >= CONTACTS_MAX || isOwnEndpoint(endpoint, options)) continue;
    if (contacts.some((contact) => contact.endpoint === endpoint)) continue;
    contacts.push(newContact({ endpoint, isBootstrap: false, channel }, now));
  }
}

/** By Fabric's rule, which knows that the default configuration bootstraps from 127.0.0.1. */
export function isOwnEndpoint(
  endpoint: string,
  options: Pick<CoreOptions, "internalEndpoint" | "externalEndpoint">,
): boolean {
  const port = options.internalEndpoint.slice(options.internalEndpoint.lastIndexOf(":") + 1);
  return (
    endpoint === options.internalEndpoint ||
    endpoint === options.externalEndpoint ||
    endpoint === `127.0.0.1:${port}` ||
    endpoint === `localhost:${port}`
  );
}

/** Starts the attempts that are due and gives up waiting for answers that are overdue. */
export function attendContacts(tables: ContactTables): readonly Effect[] {
  leaveFormer(tables);
  const { elapsedMs } = tables.now;
  const overdue = { code: "no-membership-response", detail: "" };
  return tables.contacts.flatMap((contact) => {
    const { state } = contact;
    if (state.type === "waiting" && state.atMs <= elapsedMs) return attend(tables, contact);
    const isOverdue = state.type === "asking" && state.untilMs <= elapsedMs;
    return isOverdue ? failContact(tables, contact, overdue) : [];
  });
}

function attend({ members, options }: ContactTables, contact: Contact): readonly Effect[] {
  const member = memberAt(members, contact.endpoint);
  if (member?.status === "alive" && isAt(contact, options.self.mspId, member)) {
    contact.state = { type: "connected", pkiId: member.pkiId };
    return [];
  }
  contact.state = { type: "identifying" };
  return [{ type: "identify", endpoint: contact.endpoint }];
}

/** We know who is there, and ask it for its members. */
export function contactAsked(
  contact: Contact,
  asked: { readonly pkiId: PkiId; readonly nonce: bigint; readonly untilMs: number },
): void {
  contact.state = { type: "asking", ...asked };
}

/** A member of another organisation may say that it is at the endpoint of a bootstrap peer of ours. */
function isAt(contact: Contact, ownMspId: string, member: Member): boolean {
  if (contact.isBootstrap && member.mspId !== ownMspId) return false;
  return member.internalEndpoint === contact.endpoint || member.endpoint === contact.endpoint;
}

/** Whether the member is one of those that are never forgotten because we were told to contact them. */
export function isContact(contacts: readonly Contact[], ownMspId: string, member: Member): boolean {
  return contacts.some(
    (contact) => isAt(contact, ownMspId, member) || contactPkiId(contact) === member.pkiId,
  );
}

export function contactPkiId({ state }: Contact): PkiId | undefined {
  return state.type === "connected" || state.type === "asking" ? state.pkiId : undefined;
}

/** Contacts that answered once but are not alive any more are tried again. */
export function superviseContacts(tables: ContactTables): void {
  leaveFormer(tables);
  for (const contact of tables.contacts) {
    if (contact.state.type !== "connected") continue;
    const member = tables.members.table.get(contact.state.pkiId);
    if (member?.status === "alive") contact.failures = 0;
    else retryLater(tables, contact);
  }
}

/** The probe of a contact failed, or showed somebody we must not join. */
export function failContact(
  tables: Context<"random" | "timing">,
  contact: Contact,
  fault: Fault,
): Effect {
  retryLater(tables, contact);
  return notify({ type: "contact-failed", endpoint: contact.endpoint, ...fault });
}

/** Translates a probe's fault for a contact: a bootstrap peer must be of our own organisation. */
export function contactFault(
  { isBootstrap }: Pick<Contact, "isBootstrap">,
  fault: Fault,
  ownMspId: string,
): Fault {
  if (!isBootstrap || fault.code !== "identity-unknown-msp") return fault;
  return { code: "bootstrap-untrusted", detail: fault.detail, ours: ownMspId };
}

/** A peer refused our request, so its contact stops waiting for the answer. */
export function refuseContacts(
  tables: ContactTables,
  pkiId: PkiId,
  fault: Fault,
): readonly Effect[] {
  return tables.contacts
    .filter(({ state }) => state.type === "asking" && state.pkiId === pkiId)
    .map((contact) => failContact(tables, contact, fault));
}

/** 0.5 s, 1 s, 2 s ... up to the reconnect interval, each with up to a quarter less. */
export function retryLater(
  { now, options: { random, timing } }: Context<"random" | "timing">,
  contact: Contact,
): void {
  const doubled = timing.firstRetryMs * 2 ** Math.min(contact.failures, 20);
  const delayMs = Math.min(doubled, timing.reconnectIntervalMs);
  const jitterMs = random.below(Math.max(1, Math.trunc(delayMs / 4)));
  contact.failures += 1;
  contact.state = { type: "waiting", atMs: now.elapsedMs + delayMs - jitterMs };
}

/** Why the identity that a contact showed must not be joined; undefined = it may. */
export function refuseContact(
  { isBootstrap }: Pick<Contact, "isBootstrap">,
  { mspId }: Pick<Identity, "mspId">,
  ownMspId: string,
  externalEndpoint: string,
): Fault | undefined {
  if (mspId === ownMspId) return undefined;
  if (isBootstrap) {
    return { code: "bootstrap-other-organisation", detail: mspId, ours: ownMspId };
  }
  if (externalEndpoint === "") return { code: "we-are-hidden", detail: mspId };
  return undefined;
}

/** Contacts that wait for a membership response with this nonce have it now. */
export function contactAnswered(contacts: readonly Contact[], from: PkiId, nonce: bigint): void {
  for (const contact of contacts) {
    const { state } = contact;
    if (state.type === "asking" && state.nonce === nonce && state.pkiId === from) {
      contact.state = { type: "connected", pkiId: from };
    }
  }
}
