/** Who is meant by an endpoint or the beginning of a PKI-ID. */

import type { Core } from "../../../core/core.ts";
import { type Contact, contactPkiId, isOwnEndpoint } from "../../../core/tables/contacts.ts";
import type { KnownIdentity } from "../../../core/tables/identities.ts";
import { shunnedItems } from "../../../core/tables/pull.ts";
import type { PkiId } from "../../../core/types/host.ts";
import type { Member as CoreMember } from "../../../core/types/member.ts";
import { parseResolved } from "../../../lib/bootstrap-name.ts";
import { GossipError } from "../../../lib/errors.ts";
import { formatHostPort, parseHostPort } from "../../../lib/host-port.ts";
import { fromHex } from "../../../wire/bytes.ts";
import { parsePkiId } from "../../../wire/received.ts";
import type { Trace } from "../failures.ts";
import type { RefusedIdentity } from "../refused-certificates.ts";
import type { Known } from "./explanation.ts";

/** Everything we have about the peer that is asked for. */
export interface Subject {
  readonly pkiId: PkiId | undefined;
  /** Where it is, was, or is looked for; those that are known. */
  readonly endpoints: readonly string[];
  readonly member: CoreMember | undefined;
  readonly identity: KnownIdentity | undefined;
  /** Its certificate, if we did not believe it. */
  readonly refused: RefusedIdentity | undefined;
  readonly contact: Contact | undefined;
  readonly trace: Trace | undefined;
  /** Its alive messages wait for its certificate. */
  readonly isAwaited: boolean;
}

/** At most so many are named when several are meant. */
const NAMED_MAX = 5;

/** Throws `config-invalid` if nobody, or more than one, can be meant. */
export function findSubject(known: Known, peer: string): Subject {
  if (/^[0-9a-f]{1,64}$/i.test(peer)) {
    return describe(known, findPkiId(known, peer.toLowerCase()), undefined);
  }
  const address = parseResolved(peer)?.address ?? parseHostPort(peer);
  if (address === undefined || address.host === "" || address.port === 0) {
    const named = findName(known, peer);
    if (named) return describe(known, named, undefined);
    const fault =
      peer === ""
        ? "No peer is named"
        : `${JSON.stringify(peer.slice(0, 100))} names no peer that is known`;
    throw new GossipError(
      "config-invalid",
      `${fault}: write its endpoint as host:port, or the first digits of its PKI-ID, or its name, as the tables show them.`,
    );
  }
  return describe(known, pkiIdAt(known, peer), peer);
}

/** The only one that begins so; undefined if nobody does. */
function findPkiId({ core, failures, refusals }: Known, prefix: string): PkiId | undefined {
  const { members, identities, verificationQueue, pull, options } = core;
  const found = new Set<string>();
  const look = (pkiIds: Iterable<string>): void => {
    for (const pkiId of pkiIds) if (pkiId.startsWith(prefix)) found.add(pkiId);
  };
  look([options.self.pkiId]);
  look(members.table.keys());
  look(identities.table.keys());
  // Of those who are gone, only if nobody present is meant.
  if (found.size === 0) {
    look(members.tombstones.keys());
    look(verificationQueue.aside.keys());
    look(shunnedItems(pull).keys());
    for (const { pkiId } of failures.traces()) look([pkiId]);
    for (const { pkiId } of refusals.all()) look([pkiId]);
  }
  const [only] = found;
  if (found.size > 1) throw ambiguous(core, prefix, [...found]);
  return only === undefined && prefix.length < 64 ? undefined : toPkiId(only ?? prefix);
}

/** The only one whose certificate has this name, or begins with it up to a dot. */
function findName({ core, failures }: Known, name: string): PkiId | undefined {
  const wanted = `cn=${name.toLowerCase()}`;
  const isIt = ({ subject }: { readonly subject: string | null }): boolean => {
    const [first = ""] = subject?.toLowerCase().split(",") ?? [];
    return first === wanted || first.startsWith(`${wanted}.`);
  };
  const present = [...core.identities.table.values()].map(({ identity }) => identity).filter(isIt);
  // Of those who are gone, only if nobody present is meant.
  const found = present.length > 0 ? present : [...failures.traces()].filter(isIt);
  const [only] = found;
  if (found.length > 1) {
    const pkiIds = found.map(({ pkiId }) => pkiId);
    throw ambiguous(core, name, pkiIds);
  }
  return only && toPkiId(only.pkiId);
}

function toPkiId(hex: string): PkiId | undefined {
  return parsePkiId(fromHex(hex));
}

function ambiguous({ identities }: Core, prefix: string, pkiIds: readonly string[]): GossipError {
  const names = pkiIds.slice(0, NAMED_MAX).map((pkiId) => {
    const id = toPkiId(pkiId);
    const subject = id && identities.table.get(id)?.identity.subject.split(",")[0];
    return `${pkiId.slice(0, Math.max(16, prefix.length + 2))}${subject ? ` (${subject})` : ""}`;
  });
  const more = pkiIds.length > NAMED_MAX ? `, and ${pkiIds.length - NAMED_MAX} more` : "";
  return new GossipError(
    "config-invalid",
    `${pkiIds.length} peers begin with ${prefix}: ${names.join(", ")}${more}; write more of it.`,
  );
}

/** Who is at the endpoint: best an alive member, else whoever was there last. */
function pkiIdAt({ core, failures }: Known, peer: string): PkiId | undefined {
  const { members, contacts, verificationQueue } = core;
  const { internalEndpoint } = core.options;
  const { externalEndpoint } = core.self;
  if (isOwnEndpoint(peer, { internalEndpoint, externalEndpoint })) return core.options.self.pkiId;
  const there = [...members.table.values()].filter((member) => endpointsOf(member).includes(peer));
  const [best] = there.toSorted((a, b) => rank(b) - rank(a) || b.lastSeenMs - a.lastSeenMs);
  if (best) return best.pkiId;
  const contact = contacts.find((one) => isContactAt(one, peer));
  const contacted = contact && contactPkiId(contact);
  if (contacted) return contacted;
  const traces = [...failures.traces()].filter(({ endpoints }) => endpoints.includes(peer));
  const last = traces.at(-1);
  if (last) return toPkiId(last.pkiId);
  for (const [pkiId, { claim }] of verificationQueue.aside) {
    const { endpoint, internalEndpoint } = claim.alive;
    if (endpoint === peer || internalEndpoint === peer) return pkiId;
  }
  return undefined;
}

/** Also by the name that led to it, and by its address. */
function isContactAt({ endpoint }: Contact, peer: string): boolean {
  const resolved = parseResolved(endpoint);
  if (endpoint === peer || resolved === undefined) return endpoint === peer;
  const { host, address } = resolved;
  return peer === formatHostPort(address) || peer === `${host}:${address.port}`;
}

function rank({ status }: CoreMember): number {
  return status === "alive" ? 1 : 0;
}

function describe(
  { core, failures, refusals }: Known,
  pkiId: PkiId | undefined,
  asked: string | undefined,
): Subject {
  const member = pkiId && core.members.table.get(pkiId);
  const trace = pkiId && failures.trace(pkiId);
  const known = member ? endpointsOf(member) : (trace?.endpoints ?? []);
  const places = [asked ?? "", ...(pkiId === core.options.self.pkiId ? ownOf(core) : known)];
  const endpoints = new Set(places.filter((place) => place !== ""));
  const contact = core.contacts.find(
    (one) =>
      [...endpoints].some((endpoint) => isContactAt(one, endpoint)) ||
      (pkiId && contactPkiId(one) === pkiId),
  );
  if (contact) endpoints.add(contact.endpoint);
  const identity = pkiId && core.identities.table.get(pkiId);
  return {
    pkiId,
    endpoints: [...endpoints],
    member,
    identity,
    refused: pkiId && !identity ? refusals.of(pkiId) : undefined,
    contact,
    trace,
    isAwaited: pkiId !== undefined && core.verificationQueue.aside.has(pkiId),
  };
}

export function ownOf({ options, self }: Core): readonly string[] {
  return [options.internalEndpoint, self.externalEndpoint].filter((known) => known !== "");
}

export function endpointsOf({ internalEndpoint, endpoint }: CoreMember): readonly string[] {
  return [internalEndpoint ?? "", endpoint].filter((known) => known !== "");
}
