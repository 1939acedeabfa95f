/**
 * Known causes of failure by code, each with its message and remedy. Log, `why`, doctor, probe, page,
 * API and health take their sentences from here. Failures travel as `{ code, detail }`; nothing
 * parses a sentence.
 */
import type { Fault } from "../../core/types/event.ts";
import type { ProblemCode } from "../events.ts";
import { CHANNEL_CAUSES } from "./channel-causes.ts";

/** What is wrong with this member itself. */
export interface Problem extends Fault {
  readonly code: ProblemCode;
}

/** One cause of failure. */
interface KnownCause {
  /** Builds the message. Absent if the detail is already a sentence, from the network or the other side. */
  readonly say?: (detail: string) => string;
  /** Absent if the detail contains the remedy, or if there is none. */
  readonly remedy?: string;
}

const LOOK_THERE =
  "Look into its log: the other side ended the connection. Most likely it does not trust our organisation or our certificate.";

const NO_GOSSIP_PORT =
  "Check that this is the gossip port of a peer, with no other proxy in front of it.";

const TRUST_US_THERE =
  "Have our MSP folder trusted there, and our certificate checked against it: the reason is the other side's own.";

const PASS_TLS_THROUGH =
  "Let TLS pass through to the peer: a proxy that ends TLS breaks the binding of identity and connection.";

const DIAL_ITS_NAME =
  "Dial a host that its TLS certificate names, or have the certificate issued for this one.";

const LIST_OUR_TLS_CA =
  "have the CA of our TLS certificate listed there: peer.tls.clientRootCAs.files, or the tlscacerts of our MSP folder.";

/** Appends the detail to a sentence, unless it is empty. */
const inBrackets = (detail: string): string => (detail === "" ? "" : ` (${detail})`);

const OF_THE_NETWORK: Readonly<Record<string, KnownCause>> = {
  denied: {
    remedy:
      "Correct the endpoint that it advertises, or narrow fabricGossip.dialDeny, which excludes its address.",
  },
  unreachable: {
    remedy: "Check that it runs, that its host name leads there, and that no firewall blocks it.",
  },
  timeout: {
    remedy:
      "Check that it runs, that it is not overloaded, and that no firewall drops its packets.",
  },
  protocol: { remedy: NO_GOSSIP_PORT },
  "message-too-large": {
    remedy:
      "Raise peer.maxRecvMsgSize on the receiving side; of a fabric-gossip member, fabricGossip.limits.messageBytesMax.",
  },
  closed: { remedy: "Check that it runs; the next message reopens the connection." },
};

const OF_TLS: Readonly<Record<string, KnownCause>> = {
  tls: {
    say: (detail) => `the TLS handshake failed${inBrackets(detail)}`,
    remedy:
      "Compare TLS on both sides: version 1.2 or 1.3, ECDHE with AES-GCM, and a client certificate where one is required.",
  },
  "tls-not-spoken": {
    say: () => "that port does not speak TLS",
    remedy: "Check the port: another service may be there, or a peer with peer.tls.enabled false.",
  },
  "tls-expected": {
    say: () => "that port speaks TLS, but peer.tls.enabled is false here",
    remedy: "Set peer.tls.enabled to true here, with the TLS files of this peer.",
  },
  "tls-name": {
    say: (detail) => `its TLS certificate is not for ${detail}`,
    remedy: DIAL_ITS_NAME,
  },
  "tls-unknown-name": {
    say: () => "it does not use the name under which we dial it",
    remedy: DIAL_ITS_NAME,
  },
  "tls-untrusted": {
    say: (detail) => `its TLS certificate is of a CA that we do not trust${inBrackets(detail)}`,
    remedy:
      "Add the CA of its TLS certificate to peer.tls.rootcert.file, or to the tlscacerts of its MSP folder under fabricGossip.trustedMsps.",
  },
  "tls-expired": {
    say: (detail) => `its TLS certificate has expired${inBrackets(detail)}`,
    remedy:
      "Have its TLS certificate, or that of its CA, renewed; if neither has expired, check the clock of this machine.",
  },
  "tls-not-yet-valid": {
    say: (detail) => `its TLS certificate is not yet valid${inBrackets(detail)}`,
    remedy: "Check the clocks here and there: its TLS certificate begins in the future.",
  },
  "tls-wrong-purpose": {
    say: (detail) => `its TLS certificate is not for servers${inBrackets(detail)}`,
    remedy: "Have its TLS certificate issued for both uses: serverAuth and clientAuth.",
  },
  "tls-bad-certificate": {
    say: (detail) => `its TLS certificate cannot be accepted${inBrackets(detail)}`,
    remedy: "Have its TLS certificate reissued; the brackets name its fault.",
  },
  "tls-refused-us": {
    say: (detail) => `it refused our TLS certificate${inBrackets(detail)}`,
    remedy: `H${LIST_OUR_TLS_CA.slice(1)}`,
  },
  "tls-refused-expired": {
    say: () => "it says that our TLS certificate has expired",
    remedy: "Renew our TLS certificate; if it is valid here, check the clock there.",
  },
  "tls-closed": {
    say: () => "the connection was closed during the TLS handshake",
    remedy: `Check that it runs; if it does, ${LIST_OUR_TLS_CA}`,
  },
  "tls-version": {
    say: () => "it speaks another version of TLS",
    remedy: "Allow TLS 1.2 or 1.3 there: older versions are broken.",
  },
  "tls-client-refused": {
    remedy:
      "Have the CA of its TLS certificate listed here: peer.tls.clientRootCAs.files, or the tlscacerts of its MSP folder under fabricGossip.trustedMsps.",
  },
  "tls-client-refuses-us": {
    remedy:
      "Have our TLS CA trusted there; check that our certificate names the host that is dialled, and that it has not expired: fabric-gossip doctor checks both.",
  },
};

const OF_THE_HANDSHAKE: Readonly<Record<string, KnownCause>> = {
  "no-tls-certificate": {
    remedy: "Give it a TLS client certificate, and let nothing end TLS between it and us.",
  },
  "signing-failed": { remedy: "Check the enrolment key or the external signer." },
  "handshake-timeout": {
    remedy: "Check that it is not overloaded and that nothing delays the connection.",
  },
  "handshake-closed": { remedy: LOOK_THERE },
  "refused-us": { remedy: TRUST_US_THERE },
  "refused-invalid": { remedy: TRUST_US_THERE },
  "refused-revoked": {
    remedy:
      "Our certificate is on a revocation list there: enrol this peer anew, or have the list corrected.",
  },
  "refused-expired": {
    remedy: "Renew our certificate; if it is valid here, check the clock there.",
  },
  "refused-tls-binding": { remedy: PASS_TLS_THROUGH },
  "refused-no-certificate": {
    remedy: "Let TLS pass through to the peer, and give us a TLS client certificate: it saw none.",
  },
  "refused-full": {
    remedy:
      "Raise fabricGossip.limits.connectionsMax there, or find out who opens so many connections.",
  },
  "refused-stopping": {
    remedy: "Nothing: it is stopping or restarting, and we dial it again.",
  },
  "identity-unknown-msp": {
    remedy: "To accept its organisation, list its MSP folder under fabricGossip.trustedMsps.",
  },
  "organisation-untrusted": {
    remedy:
      "To accept its organisation, list its MSP folder under fabricGossip.trustedMsps. Until then its peers see us come and go, and warn in their logs; if they are not to learn of us, leave peer.gossip.externalEndpoint empty.",
  },
  "identity-invalid": {
    remedy:
      "Check its certificate against its MSP folder as we have it: issuer, intermediate CAs and NodeOUs in config.yaml.",
  },
  "identity-revoked": {
    remedy: "Give it a new certificate: this one is on the revocation list of its CA.",
  },
  "identity-expired": { remedy: "Renew its certificate." },
  "identity-malformed": {
    remedy: "Check that its signcerts holds one clean PEM certificate, and nothing else.",
  },
  "pki-id-mismatch": {
    remedy: "Check that it is a Fabric peer or one of ours: its identity contradicts itself.",
  },
  "tls-binding-mismatch": { remedy: PASS_TLS_THROUGH },
  "signature-invalid": {
    remedy: "Check that its key in keystore belongs to the certificate in signcerts.",
  },
};

const OF_CONTACTS: Readonly<Record<string, KnownCause>> = {
  "no-membership-response": {
    say: () => "no membership response",
    remedy:
      "Look into its log: it accepts our connection, but does not answer. It may be overloaded, or take our messages for old because our clock was once ahead.",
  },
  "bootstrap-other-organisation": {
    say: (detail) => `${detail}, and a bootstrap peer must be of our own organisation`,
    remedy:
      "List it under fabricGossip.anchorPeers instead, or correct peer.localMspId if that is wrong.",
  },
  "bootstrap-untrusted": {
    say: (detail) => `${detail}, and a bootstrap peer must be of our own organisation`,
    remedy:
      "Correct peer.localMspId if that peer is of our own organisation; else list it under fabricGossip.anchorPeers, and its MSP folder under fabricGossip.trustedMsps.",
  },
  "name-unresolved": {
    say: (detail) => {
      if (detail === "pending") return "DNS has not answered yet";
      return detail === "ENOTFOUND" || detail === "ENODATA"
        ? `DNS knows nobody under that name (${detail})`
        : `DNS does not answer (${detail})`;
    },
    remedy:
      "Look the name up on this machine, with dig or nslookup. A Kubernetes Service must be headless, select the pods and set publishNotReadyAddresses. We resolve the name again regularly.",
  },
  "we-are-hidden": {
    say: (detail) => `${detail}, and we have no external endpoint to show it`,
    remedy: "Set peer.gossip.externalEndpoint.",
  },
  self: { remedy: "This endpoint is our own: remove or correct it." },
  "wrong-peer": {
    remedy: "Another peer answers there: check the endpoints that both advertise.",
  },
  "no-endpoint": {
    remedy: "Wait until it connects to us, or give it an endpoint that it advertises.",
  },
  "connections-full": {
    remedy: "Raise fabricGossip.limits.connectionsMax, or find out who opens so many.",
  },
  "handshakes-full": {
    remedy: "Raise fabricGossip.limits.handshakesMax, or find out who opens so many.",
  },
};

const OF_OURSELVES: Readonly<Record<string, KnownCause>> = {
  "same-identity": {
    say: (detail) =>
      `another process uses our certificate and key${detail === "" ? "" : `, at ${detail}`}`,
    remedy:
      "Give each peer its own certificate and key: enrol the copy anew, or stop one of the two.",
  },
  "endpoint-taken": {
    say: (detail) => `another peer answers at the endpoint that we advertise, ${detail}`,
    remedy:
      "Correct CORE_PEER_ADDRESS, peer.gossip.endpoint and peer.gossip.externalEndpoint: each peer has its own.",
  },
  "own-certificate-expired": {
    say: (detail) => `our own certificate expired at ${detail}, and other members refuse us`,
    remedy: "Renew it: the node loads a new one from signcerts within five seconds.",
  },
  "clock-was-ahead": {
    say: (detail) =>
      `other members hold messages of our previous run that are dated in the future, and would reject the present ones as old: we continue from there (${detail})`,
    remedy:
      "Set fabricGossip.stateDir, so that a restart continues from the last incarnation, and check the clock of this machine.",
  },
  "reload-failed": {
    say: (detail) => `not all files could be read again: ${detail}`,
  },
  "no-list": {
    say: () => "members are alive in our view, but none has sent its list of members yet",
    remedy: "Wait: we ask them every few seconds.",
  },
  alone: {
    say: (detail) => `no member is alive in our view, although we contact ${detail}`,
    remedy: 'Ask "fabric-gossip why HOST:PORT" about each of them, and run "fabric-gossip doctor".',
  },
};

/** Why a member is gone. */
const OF_DEPARTURES: Readonly<Record<string, KnownCause>> = {
  expired: { remedy: "Renew its certificate: it returns by itself with a valid one." },
  revoked: {
    remedy:
      "If this was intended, nothing; else remove it from the revocation list and have its node start with a valid certificate.",
  },
  invalid: {
    remedy:
      "Check its certificate against the MSP folder as it is now: CAs, revocation lists, NodeOUs.",
  },
  replaced: { remedy: "Nothing: look for the new one under the same endpoint." },
  unused: { remedy: "Nothing: we pull its certificate again when we hear from it." },
  silent: { remedy: "Check that it runs and that somebody who sees it can reach us." },
};

/** All known causes, in the order of docs/troubleshooting.md. */
export const CAUSES: ReadonlyMap<string, KnownCause> = new Map(
  [
    ...[OF_THE_NETWORK, OF_TLS, OF_THE_HANDSHAKE, OF_CONTACTS, OF_OURSELVES, OF_DEPARTURES],
    CHANNEL_CAUSES,
  ].flatMap((part) => Object.entries(part)),
);

/** The remedy for a code; undefined if there is none. */
export function remedyFor(code: string): string | undefined {
  return CAUSES.get(code)?.remedy;
}

/** The message for a fault. */
export function tellFault({ code, detail }: Fault): string {
  return CAUSES.get(code)?.say?.(detail) ?? (detail || code);
}
