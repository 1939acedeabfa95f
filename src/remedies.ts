/** What to do about a failure, by its code: for `why` and `doctor`. One sentence each. */

const LOOK_THERE =
  "The other side ended it, so its log tells why: most likely it does not trust our organisation or our certificate.";

const NO_GOSSIP_PORT =
  "Check that this is the gossip port of a peer, with no other proxy in front of it.";

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
  [
    "refused-us",
    "Have our MSP folder trusted there, and our certificate checked against it: the reason is the other side's own.",
  ],
  [
    "identity-unknown-msp",
    "To accept its organisation, list its MSP folder under fabricGossip.trustedMsps.",
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
