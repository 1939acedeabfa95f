/**
 * The list of what can go wrong, by code: how it is said and what can be done about it. Log, `why`,
 * doctor, page, API and health take their sentences from here; what happened travels as
 * `{ code, detail }` and is never read back out of a sentence.
 */
import type { Fault } from "../../core/types/event.ts";

const LOOK_THERE =
  "The other side ended it, so its log tells why: most likely it does not trust our organisation or our certificate.";

const NO_GOSSIP_PORT =
  "Check that this is the gossip port of a peer, with no other proxy in front of it.";

const TRUST_US_THERE =
  "Have our MSP folder trusted there, and our certificate checked against it: the reason is the other side's own.";

/** How what we found ourselves is said. What is not here came with a sentence as its detail. */
const SENTENCES: Readonly<Record<string, (detail: string) => string>> = {
  "no-membership-response": () => "no membership response",
  "bootstrap-other-organisation": (detail) =>
    `${detail}, and a bootstrap peer must be of our own organisation`,
  "bootstrap-untrusted": (detail) =>
    `${detail}, and a bootstrap peer must be of our own organisation`,
  "we-are-hidden": (detail) => `${detail}, and we have no external endpoint to show it`,
  "same-identity": (detail) =>
    `another process uses our certificate and key${detail === "" ? "" : `, at ${detail}`}`,
  "endpoint-taken": (detail) => `another peer answers at the endpoint that we advertise, ${detail}`,
  "own-certificate-expired": (detail) =>
    `our own certificate expired at ${detail}, and the others refuse us since then`,
  "clock-was-ahead": (detail) =>
    `others hold messages of our former life that are from the future, and would take the present ones for old: we go on from there (${detail})`,
  "reload-failed": (detail) => `not all files could be read again: ${detail}`,
  alone: (detail) => `no member is alive in our view, although we contact ${detail}`,
};

const REMEDIES: ReadonlyMap<string, string> = new Map([
  // The network.
  [
    "denied",
    "It is of an address that is not dialled on a member's word: correct its endpoint, or narrow fabricGossip.dialDeny.",
  ],
  [
    "unreachable",
    "Check that it runs, that its host name leads there, and that no firewall is in between.",
  ],
  ["timeout", "Check that it runs and that no firewall swallows packets in between."],
  [
    "tls",
    "Check that the CA of its TLS certificate is in peer.tls.rootcert.file, or in the tlscacerts of its MSP folder under fabricGossip.trustedMsps, and that the certificate names the host we dial.",
  ],
  ["protocol", NO_GOSSIP_PORT],
  ["message-too-large", "Raise peer.maxRecvMsgSize on the receiving side."],
  ["closed", "Check that it runs; the connection is made again with the next message."],
  // The handshake.
  [
    "no-tls-certificate",
    "Give it a TLS client certificate, and let nothing end TLS between it and us.",
  ],
  ["signing-failed", "Check the enrolment key, or the signer that stands for it."],
  [
    "handshake-timeout",
    "Check that it is not overloaded and that nothing holds up the connection.",
  ],
  ["handshake-closed", LOOK_THERE],
  ["refused-us", TRUST_US_THERE],
  ["refused-invalid", TRUST_US_THERE],
  [
    "refused-revoked",
    "Our certificate is on a revocation list there: enrol this peer anew, or have the list corrected.",
  ],
  ["refused-expired", "Renew our certificate; if it is valid here, check the clock there."],
  [
    "refused-tls-binding",
    "Let TLS pass through to the peer: a proxy that ends TLS breaks the binding of identity and connection.",
  ],
  [
    "refused-no-certificate",
    "Let TLS pass through to the peer, and give us a TLS client certificate: it saw none.",
  ],
  ["refused-full", "Raise fabricGossip.limits there, or ask who holds so many connections."],
  ["refused-stopping", "Nothing: it is being stopped or restarted, and is tried again."],
  ["tls-expected", "Set peer.tls.enabled to true here, with the TLS files of this peer."],
  [
    "tls-client-refused",
    "Have the CA of its TLS certificate listed here: peer.tls.clientRootCAs.files, or the tlscacerts of its MSP folder under fabricGossip.trustedMsps.",
  ],
  // Ourselves.
  [
    "same-identity",
    "Give each peer its own certificate and key: enrol the copy anew, or stop one of the two.",
  ],
  [
    "endpoint-taken",
    "Correct CORE_PEER_ADDRESS, peer.gossip.endpoint and peer.gossip.externalEndpoint: each peer has its own.",
  ],
  ["own-certificate-expired", "Renew it: a new one in signcerts is noticed within five seconds."],
  [
    "clock-was-ahead",
    "Set fabricGossip.stateDir, so that a restart goes on from there, and check the clock of this machine.",
  ],
  [
    "alone",
    'Ask "fabric-gossip why HOST:PORT" about each of them, and run "fabric-gossip doctor".',
  ],
  [
    "bootstrap-other-organisation",
    "List it under fabricGossip.anchorPeers instead, or correct peer.localMspId if that is wrong.",
  ],
  [
    "bootstrap-untrusted",
    "Correct peer.localMspId if that peer is of our own organisation; else list it under fabricGossip.anchorPeers, and its MSP folder under fabricGossip.trustedMsps.",
  ],
  ["we-are-hidden", "Set peer.gossip.externalEndpoint."],
  [
    "identity-unknown-msp",
    "To accept its organisation, list its MSP folder under fabricGossip.trustedMsps.",
  ],
  [
    "organisation-untrusted",
    "To accept its organisation, list its MSP folder under fabricGossip.trustedMsps. Until then its peers see us come and go, and warn in their logs; if they are not to learn of us, leave peer.gossip.externalEndpoint empty.",
  ],
  [
    "identity-invalid",
    "Check its certificate against its MSP folder as we have it: issuer, intermediate CAs and NodeOUs in config.yaml.",
  ],
  ["identity-revoked", "Give it a new certificate: this one is on the revocation list of its CA."],
  ["identity-expired", "Renew its certificate."],
  [
    "identity-malformed",
    "Check that its signcerts holds one clean PEM certificate, and nothing else.",
  ],
  [
    "pki-id-mismatch",
    "Check that it is a Fabric peer or one of ours: its identity contradicts itself.",
  ],
  [
    "tls-binding-mismatch",
    "Let TLS pass through to the peer: a proxy that ends TLS breaks the binding of identity and connection.",
  ],
  ["signature-invalid", "Check that its key in keystore belongs to the certificate in signcerts."],
  // Who is there.
  ["self", "That is this node itself: remove the endpoint, or correct it."],
  ["wrong-peer", "Another peer answers there: check the endpoints that both advertise."],
  ["no-endpoint", "Wait until it connects to us, or give it an endpoint that it advertises."],
  ["connections-full", "Raise fabricGossip.limits.connections, or ask who holds so many."],
  ["handshakes-full", "Raise fabricGossip.limits.handshakes, or ask who opens so many."],
  [
    "no-membership-response",
    "Check that we may be shown to it: it accepts us, but does not answer.",
  ],
  // How it left.
  ["expired", "Renew its certificate: it comes back by itself with a valid one."],
  [
    "revoked",
    "If that was meant, nothing; else remove it from the revocation list and have its node start with a valid certificate.",
  ],
  [
    "invalid",
    "Check its certificate against the MSP folder as it is now: CAs, revocation lists, NodeOUs.",
  ],
  ["replaced", "Nothing: look for the new one under the same endpoint."],
  ["unused", "Nothing: its certificate is pulled again when it shows life."],
  ["silent", "Check that it runs and that somebody who sees it can reach us."],
]);

/** TLS fails in many ways, which only the reason tells apart: the first that fits counts. */
const TLS_REMEDIES: readonly (readonly [RegExp, string])[] = [
  [
    /does not speak TLS/,
    "Check the port: another service may be there, or a peer with peer.tls.enabled false.",
  ],
  [
    /certificate is not for|alternative name|go by that name/i,
    "Dial a host that its TLS certificate names, or have the certificate issued for this one.",
  ],
  [
    /refused our TLS certificate/,
    "Have the CA of our TLS certificate listed there: peer.tls.clientRootCAs.files, or the tlscacerts of our MSP folder.",
  ],
  [
    /during the TLS handshake/,
    "Check that it runs; if it does, have the CA of our TLS certificate listed there: peer.tls.clientRootCAs.files, or the tlscacerts of our MSP folder.",
  ],
  [/another version of TLS/, "Allow TLS 1.2 or 1.3 there: older versions are broken."],
  [/does not speak HTTP\/2/, NO_GOSSIP_PORT],
  [/not yet valid/i, "Check the clocks here and there: its TLS certificate begins in the future."],
  [/expired/i, "Have its TLS certificate renewed."],
];

/** What to do about it; undefined if nothing sensible can be said. `reason`: as it was reported. */
export function remedyFor(code: string, reason = ""): string | undefined {
  const known = code === "tls" ? TLS_REMEDIES.find(([pattern]) => pattern.test(reason)) : undefined;
  return known?.[1] ?? REMEDIES.get(code);
}

/** What went wrong, in words. */
export function tellFault({ code, detail }: Fault): string {
  return SENTENCES[code]?.(detail) ?? (detail || code);
}
