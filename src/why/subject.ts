/** Who is meant by an endpoint or the beginning of a PKI-ID. */
import { parseHostPort } from "../config/host-port.ts";
import type { PkiId } from "../core/abilities.ts";
import { type Contact, contactPkiId } from "../core/contacts.ts";
import type { Core } from "../core/core.ts";
import type { KnownIdentity } from "../core/identities.ts";
import type { Member as CoreMember } from "../core/membership.ts";
import { parsePkiId } from "../core/pki-id.ts";
import { GossipError } from "../errors.ts";
import type { Failures, Trace } from "../failures.ts";
import { fromHex } from "../wire/bytes.ts";

/** Everything we have about the peer that is asked for. */
export interface Subject {
  readonly pkiId: PkiId | undefined;
  /** Where it is, was, or is looked for; those that are known. */
  readonly endpoints: readonly string[];
  readonly member: CoreMember | undefined;
  readonly identity: KnownIdentity | undefined;
  readonly contact: Contact | undefined;
  readonly trace: Trace | undefined;
  /** Its alive messages wait for its certificate. */
  readonly isAwaited: boolean;
}

/** At most so many are named when several are meant. */
const NAMED_MAX = 5;

/** Throws `config-invalid` if nobody, or more than one, can be meant. */
export function findSubject(core: Core, failures: Failures, peer: string): Subject {
  if (/^[0-9a-f]{1,64}$/i.test(peer)) {
    return describe(core, failures, findPkiId(core, failures, peer.toLowerCase()), undefined);
  }
  const address = parseHostPort(peer);
  if (address === undefined || address.host === "" || address.port === 0) {
    throw new GossipError(
      "config-invalid",
      `${JSON.stringify(peer.slice(0, 100))} names no peer: write its endpoint as host:port, or the ` +
        "first digits of its PKI-ID as the members table shows them.",
    );
  }
  return describe(core, failures, pkiIdAt(core, failures, peer), peer);
}

/** The only one that begins so; undefined if nobody does. */
function findPkiId(core: Core, failures: Failures, prefix: string): PkiId | undefined {
  const { members, identities, claims, pull, options } = core;
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
    look(claims.aside.keys());
    look(pull.shunned.keys());
    for (const { pkiId } of failures.traces()) look([pkiId]);
  }
  const [only] = found;
  if (found.size > 1) throw ambiguous(core, prefix, [...found]);
  return only === undefined && prefix.length < 64 ? undefined : toPkiId(only ?? prefix);
}

function toPkiId(hex: string): PkiId | undefined {
  return parsePkiId(fromHex(hex));
}

function ambiguous(core: Core, prefix: string, pkiIds: readonly string[]): GossipError {
  const names = pkiIds.slice(0, NAMED_MAX).map((pkiId) => {
    const id = toPkiId(pkiId);
    const subject = id && core.identities.table.get(id)?.identity.subject.split(",")[0];
    return `${pkiId.slice(0, Math.max(16, prefix.length + 2))}${subject ? ` (${subject})` : ""}`;
  });
  const more = pkiIds.length > NAMED_MAX ? `, and ${pkiIds.length - NAMED_MAX} more` : "";
  return new GossipError(
    "config-invalid",
    `The PKI-IDs of ${pkiIds.length} peers begin with ${prefix}: ${names.join(", ")}${more}; ` +
      "write more digits.",
  );
}

/** Who is at the endpoint: best an alive member, else whoever was there last. */
function pkiIdAt(core: Core, failures: Failures, peer: string): PkiId | undefined {
  const { members, contacts, claims } = core;
  if (ownOf(core).includes(peer)) return core.options.self.pkiId;
  const there = [...members.table.values()].filter((member) => endpointsOf(member).includes(peer));
  const [best] = there.toSorted((a, b) => rank(b) - rank(a) || b.lastSeenMs - a.lastSeenMs);
  if (best) return best.pkiId;
  const contact = contacts.find(({ endpoint }) => endpoint === peer);
  const contacted = contact && contactPkiId(contact);
  if (contacted) return contacted;
  const traces = [...failures.traces()].filter(({ endpoints }) => endpoints.includes(peer));
  const last = traces.at(-1);
  if (last) return toPkiId(last.pkiId);
  for (const [pkiId, { claim }] of claims.aside) {
    const { endpoint, internalEndpoint } = claim.alive;
    if (endpoint === peer || internalEndpoint === peer) return pkiId;
  }
  return undefined;
}

function rank({ status }: CoreMember): number {
  return status === "alive" ? 1 : 0;
}

function describe(
  core: Core,
  failures: Failures,
  pkiId: PkiId | undefined,
  asked: string | undefined,
): Subject {
  const member = pkiId && core.members.table.get(pkiId);
  const trace = pkiId && failures.trace(pkiId);
  const known = member ? endpointsOf(member) : (trace?.endpoints ?? []);
  const places = [asked ?? "", ...(pkiId === core.options.self.pkiId ? ownOf(core) : known)];
  const endpoints = new Set(places.filter((place) => place !== ""));
  const contact = core.contacts.find(
    (one) => endpoints.has(one.endpoint) || (pkiId && contactPkiId(one) === pkiId),
  );
  if (contact) endpoints.add(contact.endpoint);
  return {
    pkiId,
    endpoints: [...endpoints],
    member,
    identity: pkiId && core.identities.table.get(pkiId),
    contact,
    trace,
    isAwaited: pkiId !== undefined && core.claims.aside.has(pkiId),
  };
}

function ownOf({ options, self }: Core): readonly string[] {
  return [options.internalEndpoint, self.externalEndpoint];
}

function endpointsOf({ internalEndpoint, endpoint }: CoreMember): readonly string[] {
  return [internalEndpoint ?? "", endpoint].filter((known) => known !== "");
}
