/** Turns events into log lines, under the names of the parts of Fabric that would log them. */
import type { Log, Logger } from "./log.ts";
import type { GossipEvent, Member } from "./view.ts";

/** Lines about mistakes of others that are written in a minute; the rest is counted only. */
const REJECTIONS_PER_MINUTE = 20;

const STRANGERS_MAX = 100;

/** Writes each event as one line. */
export function createEventLog(log: Log): (event: GossipEvent) => void {
  const discovery = log.logger("gossip.discovery");
  const gossip = log.logger("gossip.gossip");
  const comm = log.logger("gossip.comm");
  const isFrequent = limitPerMinute(REJECTIONS_PER_MINUTE);
  const strangers = new Set<string>();
  return (event) => {
    switch (event.type) {
      case "member-joined":
      case "member-returned":
      case "member-updated":
      case "member-dead":
      case "member-forgotten":
        logMember(discovery, event);
        return;
      case "identity-learnt":
      case "identity-expiring":
      case "identity-purged":
        logIdentity(gossip, event);
        return;
      case "connection-opened":
        comm.debug(`connected ${event.outbound ? "to" : "from"} ${event.remote}`, {
          peer: short(event.pkiId),
          mspId: event.mspId,
        });
        return;
      case "connection-closed":
        comm.debug(`connection closed: ${event.reason}`, { peer: short(event.pkiId) });
        return;
      case "message-rejected":
        if (!isFrequent(event.time)) {
          gossip.warn(`rejected a message: ${event.code}`, { peer: short(event.pkiId) });
        }
        return;
      case "handshake-failed":
        if (event.code === "identity-unknown-msp") logStranger(comm, event.reason, strangers);
        else if (!isFrequent(event.time)) {
          comm.warn(`refused a handshake from ${event.remote}: ${event.reason}`, {
            code: event.code,
          });
        }
        return;
      case "contact-failed":
        discovery.warn(`could not join ${event.endpoint}, trying again: ${event.reason}`);
        return;
      case "same-identity":
        discovery.error(
          `another peer at "${event.endpoint}" uses our identity: give each peer its own certificate`,
        );
        return;
      case "signing-failed":
        gossip.error(`could not sign our ${event.detail}, trying again`);
    }
  };
}

function logMember(discovery: Logger, event: Extract<GossipEvent, { member: Member }>): void {
  const { member } = event;
  const fields = { peer: short(member.pkiId), mspId: member.mspId };
  const name = member.internalEndpoint || member.endpoint || short(member.pkiId);
  switch (event.type) {
    case "member-updated":
      discovery.debug(`${name} updated`, fields);
      return;
    case "member-joined":
      discovery.info(`${name} joined`, fields);
      return;
    case "member-returned":
      discovery.info(`${name} is back`, fields);
      return;
    case "member-dead":
      discovery.warn(`${name} is dead: ${event.reason}`, fields);
      return;
    case "member-forgotten":
      discovery.info(`${name} forgotten: ${event.reason}`, fields);
  }
}

function logIdentity(
  gossip: Logger,
  event: Extract<GossipEvent, { identity: { subject: string } }>,
): void {
  const { subject, pkiId, mspId, notAfter, self } = event.identity;
  const fields = { peer: short(pkiId), mspId };
  switch (event.type) {
    case "identity-learnt":
      gossip.debug(`learnt the identity of ${subject}`, fields);
      return;
    case "identity-expiring":
      gossip.warn(
        `${self ? "our own" : "the"} certificate of ${subject} expires at ${notAfter}`,
        fields,
      );
      return;
    case "identity-purged":
      gossip.info(`forgot the identity of ${subject}: ${event.reason}`, fields);
  }
}

/** Members of organisations we do not trust try for ever: once a reason is enough. */
function logStranger(comm: Logger, reason: string, told: Set<string>): void {
  if (told.has(reason) || told.size >= STRANGERS_MAX) return;
  told.add(reason);
  comm.warn(`refused a handshake: ${reason}; to accept it, list it under fabricGossip.trustedMsps`);
}

function short(pkiId: string): string {
  return pkiId.slice(0, 16);
}

/** True for everything above `max` within one minute of the event times. */
function limitPerMinute(max: number): (time: string) => boolean {
  let minute = "";
  let count = 0;
  return (time) => {
    const current = time.slice(0, 16);
    if (current !== minute) [minute, count] = [current, 0];
    count += 1;
    return count > max;
  };
}
