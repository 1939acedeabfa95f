/** The events of one member as sentences. Pure. */
import { clip, visible } from "./format.js";

const LEVELS = {
  "member-joined": "good",
  "member-returned": "good",
  "member-dead": "bad",
  "identity-expiring": "warn",
  "tls-certificate-expiring": "warn",
  "handshake-failed": "warn",
  "send-failed": "warn",
  "message-rejected": "warn",
  "contact-failed": "warn",
  "same-identity": "bad",
  "channel-member-lagging": "bad",
  "channel-member-recovered": "good",
  "block-conflict": "dull",
  "channel-problem": "bad",
  "channel-problem-solved": "good",
  "block-rejected": "dull",
  "signing-failed": "bad",
  "subscriber-lagging": "warn",
  "answer-failed": "warn",
  problem: "bad",
  "problem-solved": "good",
};

/** Maximum length of a reason, which may quote a peer. */
const TEXT_MAX = 400;

/** `nameOf`: PKI-ID to the name that the page uses. */
export function describeEvent(event, nameOf) {
  const level = LEVELS[event.type] ?? "dull";
  const text = (SENTENCES[event.type] ?? other)(event, nameOf);
  return { text: clip(visible(text), TEXT_MAX), level, time: event.time };
}

const member = ({ member: { internalEndpoint, endpoint, pkiId } }) =>
  internalEndpoint || endpoint || pkiId.slice(0, 16);
const subject = ({ identity: { subject: text, self } }) => (self ? `our own (${text})` : text);
const other = ({ type }) => type;
const told = ({ reason, remedy, times = 1 }) =>
  `${[reason, remedy].filter(Boolean).join(". ")}${times > 1 ? ` (${times} times)` : ""}`;

const SENTENCES = {
  "member-joined": (event) => `${member(event)} joined`,
  "member-updated": (event) => `${member(event)} changed its metadata or endpoint`,
  "member-returned": (event) => `${member(event)} is back`,
  "member-dead": (event) => `${member(event)} is dead: ${event.reason}`,
  "member-forgotten": (event) => `${member(event)} is forgotten: ${event.reason}`,
  "identity-learnt": (event) =>
    `learnt the certificate of ${subject(event)} by ${event.learntFrom}`,
  "identity-expiring": (event) => `the certificate of ${subject(event)} expires soon`,
  "tls-certificate-expiring": (event) =>
    `our own TLS certificate (${event.use}) expires at ${event.notAfter}`,
  "identity-purged": (event) => `forgot the certificate of ${subject(event)}: ${event.reason}`,
  "connection-opened": (event, nameOf) =>
    `connected ${event.outbound ? "to" : "from"} ${nameOf(event.pkiId)}`,
  "connection-closed": (event, nameOf) =>
    `connection with ${nameOf(event.pkiId)} closed: ${event.reason}`,
  "message-rejected": (event, nameOf) =>
    `rejected ${event.times > 1 ? `${event.times} messages` : "a message"} of ${nameOf(event.pkiId)}: ${event.code}`,
  "handshake-failed": (event) => `a handshake with ${event.remote} failed: ${told(event)}`,
  "send-failed": (event, nameOf) => `could not send to ${nameOf(event.pkiId)}: ${told(event)}`,
  "contact-failed": (event) => `could not join ${event.endpoint}: ${told(event)}`,
  "same-identity": (event) => `another process uses our certificate and key, at ${event.endpoint}`,
  problem: (event) => told(event),
  "problem-solved": (event) => `over: ${event.code}`,
  "subscriber-lagging": (event) => `a subscriber of "${event.topic}" does not keep up`,
  "answer-failed": (event) => `could not answer a query of "${event.topic}": ${event.reason}`,
  "channel-height": (event, nameOf) =>
    `${nameOf(event.pkiId)} has ${event.height} blocks of ${event.channel}`,
  "channel-member-lagging": (event, nameOf) =>
    `${nameOf(event.pkiId)} lags on ${event.channel}: ${event.behind} blocks behind`,
  "channel-member-recovered": (event, nameOf) =>
    `${nameOf(event.pkiId)} has caught up on ${event.channel}`,
  "channel-problem": (event) => `${event.channel}: ${event.reason} ${event.remedy}`,
  "channel-problem-solved": (event) => `${event.channel}: over: ${event.reason}`,
  "channel-config-changed": (event) =>
    `configuration ${event.sequence} of ${event.channel} is in force since block ${event.number}`,
  block: (event) =>
    `block ${event.block.number} of ${event.channel}: ${event.block.transactions} transactions`,
  "block-rejected": (event, nameOf) =>
    `${nameOf(event.pkiId)} gave a block ${event.number} of ${event.channel} that is not believed: ${event.reason}`,
  "block-conflict": (event) => `${event.channel}: ${event.reason}`,
  "signing-failed": (event) => `could not sign: ${event.detail}`,
};
