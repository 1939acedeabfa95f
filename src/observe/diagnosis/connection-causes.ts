/** Why a connection fails, or ends: network, TLS, handshake. */
import { behind, inBrackets, type KnownCause, name, noMsp } from "./known-cause.ts";

const LOOK_BETWEEN =
  "Look into its log, and into that of a proxy in between: a peer that does not trust us says so. Most likely its process ended, or something cut the connection. We dial it again.";

const NO_GOSSIP_PORT =
  "Check that this is the gossip port of a peer, with no other proxy in front of it.";

const NO_PEER = "Find out who that is: no Fabric peer and no member of ours begins like that.";

const TRUST_US_THERE =
  "Have our organisation trusted there: a Fabric peer trusts those of the channels that it has joined, a fabric-gossip member those under fabricGossip.trustedMsps. If ours is, our certificate does not fit its MSP there: CAs, NodeOUs, revocation lists.";

const PASS_TLS_THROUGH =
  "Let TLS pass through to the peer: a proxy that ends TLS breaks the binding of identity and connection.";

const LIST_OUR_TLS_CA =
  "have the CA of our TLS certificate listed there: peer.tls.clientRootCAs.files, or the tlscacerts of our MSP folder.";

const LET_US_THROUGH =
  "Have us let through there: such rules are those of a proxy, firewall or service mesh in front of it; a Fabric peer has none.";

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
  "no-gossip": {
    say: (detail) => `it offers no gossip on that port${inBrackets(detail)}`,
    remedy:
      "Dial the port of a peer (peer.listenAddress): orderers and chaincode servers have no gossip, and a proxy in front of a peer must pass on /gossip.Gossip.",
  },
  unavailable: {
    say: (detail) => `nobody is available there at present${inBrackets(detail)}`,
    remedy:
      "Check that the peer runs: a proxy or load balancer in front of it answers so while it reaches no peer. We dial it again.",
  },
  overloaded: {
    say: (detail) => `a limit was reached there${inBrackets(detail)}`,
    remedy: "Look for a rate limit of a proxy in front of it, and at its load. We dial it again.",
  },
  deadline: {
    say: (detail) => `the stream was ended there for having lasted too long${inBrackets(detail)}`,
    remedy:
      "Take the time limit off streams of gossip in the proxy in front of it, such as a route timeout: they last as long as both sides run.",
  },
  "access-denied": {
    say: (detail) => `access was denied there${inBrackets(detail)}`,
    remedy: LET_US_THROUGH,
  },
  "failed-there": {
    say: (detail) => `it failed on the other side${inBrackets(detail)}`,
    remedy: "Look into its log, and into that of a proxy in front of it. We dial it again.",
  },
  "message-too-large": {
    remedy:
      "Raise peer.maxSendMsgSize on the sending side if it says that its own message is too large; else peer.maxRecvMsgSize on the receiving side, and of a fabric-gossip member also fabricGossip.limits.messageBytesMax.",
  },
  closed: {
    remedy:
      "Check that it runs and that this is the gossip port of a peer: its log, or that of a proxy in front of it, says why it closes connections. We dial it again.",
  },
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
    remedy:
      "Dial a host that its TLS certificate names, or have this one added to its subject alternative names: a common name does not count, nor an address as a DNS name.",
  },
  "tls-own": {
    say: (detail) =>
      `it leads to this member itself, or to one with the same TLS certificate, which is not for ${detail}`,
    remedy:
      "Name another peer there, unless this is the first one; if one has the same certificate, have this host added to its subject alternative names.",
  },
  "tls-unknown-name": {
    say: () => "it serves nobody under the name that we dial",
    remedy:
      "Dial a host name that it serves, not an address, or have this one added there: who refuses names is a proxy that chooses by them.",
  },
  "tls-untrusted": {
    say: (detail) => `its TLS certificate is of a CA that we do not trust${inBrackets(detail)}`,
    remedy:
      "Check that it is the gossip port of a peer: its chaincode port has a CA of its own. Then add the CA of its TLS certificate to peer.tls.rootcert.file, or to the tlscacerts of its MSP folder under fabricGossip.trustedMsps.",
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
    remedy: `H${LIST_OUR_TLS_CA.slice(1)} One of the same name with another key is not it.`,
  },
  "tls-refused-unsaid": {
    say: (detail) => `it refused our TLS certificate, and does not say why${inBrackets(detail)}`,
    remedy: `Look into its log. Most likely our TLS certificate is not for clients (clientAuth), which fabric-gossip doctor checks, or its CA is unknown there: ${LIST_OUR_TLS_CA}`,
  },
  "tls-refused-expired": {
    say: () => "it says that our TLS certificate has expired",
    remedy:
      "Renew our TLS certificate, or that of its CA; if both are valid here, check the clock there.",
  },
  "tls-refused-revoked": {
    say: () => "it says that our TLS certificate has been revoked",
    remedy:
      "Have a new TLS certificate issued for us, or the revocation list corrected that is used there.",
  },
  "tls-refused-kind": {
    say: (detail) => `it takes no TLS certificate of the kind of ours${inBrackets(detail)}`,
    remedy:
      "Have our TLS certificate issued for an ECDSA P-256 key and for both uses: serverAuth and clientAuth.",
  },
  "tls-refused-signature": {
    say: (detail) =>
      `a signature of our TLS certificate does not verify there${inBrackets(detail)}`,
    remedy:
      "Have the very CA certificate that issued our TLS certificate listed there: a CA that was set up anew has another key under the same name.",
  },
  "tls-refused-access": {
    say: (detail) => `it gives our TLS certificate no access${inBrackets(detail)}`,
    remedy: LET_US_THROUGH,
  },
  "tls-certificate-required": {
    say: (detail) =>
      `it requires a TLS client certificate and got none from us${inBrackets(detail)}`,
    remedy:
      "Have our TLS client certificate issued for an ECDSA P-256 key, by a CA listed there: it takes none of the kind that we have, so none was shown.",
  },
  "tls-fault-there": {
    say: (detail) => `the TLS handshake failed on the other side${inBrackets(detail)}`,
    remedy:
      "Look into its log: the fault is there, such as a key that it cannot use. We dial it again.",
  },
  "tls-misread": {
    say: (detail) => `our TLS handshake arrived there as something unreadable${inBrackets(detail)}`,
    remedy:
      "Look for a proxy or firewall between us that takes part in TLS, and let TLS pass through it.",
  },
  "tls-closed": {
    say: () => "the connection was closed during the TLS handshake",
    remedy: `Check that it runs; if it does, its log says why it refuses our TLS certificate: it has expired or is not for clients (clientAuth), which fabric-gossip doctor checks, or its CA is unknown there: ${LIST_OUR_TLS_CA}`,
  },
  "tls-version": {
    say: () => "it speaks another version of TLS",
    remedy: "Allow TLS 1.2 or 1.3 there: older versions are broken.",
  },
  "tls-client-refused": {
    say: (detail) => `we do not accept its TLS certificate${inBrackets(detail)}`,
    remedy:
      "If its CA is unknown, have that listed here: peer.tls.clientRootCAs.files, or the tlscacerts of its MSP folder under fabricGossip.trustedMsps; else have its TLS certificate issued anew without the fault in the brackets.",
  },
  "tls-client-refuses-us": {
    say: (detail) => `it refuses our TLS certificate${inBrackets(detail)}`,
    remedy:
      "Have our TLS CA trusted there; check that our certificate names the host that is dialled, and that it is valid by the clocks here and there: fabric-gossip doctor checks both.",
  },
};

/** In its words, which speak of us as the other side. */
function refusedUs(detail: string): string {
  return `it refused us: ${detail}`;
}

const CHECK_SIGNER = "Check the enrolment key or the external signer.";

const OF_THE_HANDSHAKE: Readonly<Record<string, KnownCause>> = {
  malformed: {
    say: (detail) => `the first message is not a gossip message${behind(detail)}`,
    remedy: NO_PEER,
  },
  "wrong-first-message": { say: () => "the first message is not a handshake", remedy: NO_PEER },
  "pki-id-missing": { say: () => "the handshake has no PKI-ID", remedy: NO_PEER },
  "identity-missing": { say: () => "the handshake has no identity", remedy: NO_PEER },
  "no-tls-certificate": {
    say: () => "the other side showed no TLS certificate",
    remedy: "Give it a TLS client certificate, and let nothing end TLS between it and us.",
  },
  "signing-failed": {
    say: (detail) => `our own handshake could not be signed${behind(detail)}`,
    remedy: CHECK_SIGNER,
  },
  "refused-signature": { say: refusedUs, remedy: CHECK_SIGNER },
  "handshake-timeout": {
    say: () => "no handshake arrived in time",
    remedy: "Check that it is not overloaded and that nothing delays the connection.",
  },
  "handshake-closed": {
    say: (detail) => `the link ended before the handshake was complete${behind(detail)}`,
    remedy: LOOK_BETWEEN,
  },
  "refused-us": { say: refusedUs, remedy: TRUST_US_THERE },
  "refused-invalid": { say: refusedUs, remedy: TRUST_US_THERE },
  "refused-revoked": {
    say: refusedUs,
    remedy:
      "Our certificate is on a revocation list there: enrol this peer anew, or have the list corrected.",
  },
  "refused-expired": {
    say: refusedUs,
    remedy: "Renew our certificate; if it is valid here, check the clock there.",
  },
  "refused-tls-binding": { say: refusedUs, remedy: PASS_TLS_THROUGH },
  "refused-timeout": {
    say: refusedUs,
    remedy:
      "Check that neither side, nor an external signer here, is overloaded, and that nothing delays the connection.",
  },
  "refused-signing": {
    say: refusedUs,
    remedy: "Look into its log: its enrolment key or external signer fails. We dial it again.",
  },
  "refused-no-certificate": {
    say: refusedUs,
    remedy: "Let TLS pass through to the peer, and give us a TLS client certificate: it saw none.",
  },
  "refused-full": {
    say: refusedUs,
    remedy:
      "Raise the limit there that it names, fabricGossip.limits.connectionsMax or handshakesMax, or find out who opens so many connections.",
  },
  "refused-stopping": {
    say: refusedUs,
    remedy: "Nothing: it is stopping or restarting, and we dial it again.",
  },
  "identity-unknown-msp": {
    say: noMsp,
    remedy: "To accept its organisation, list its MSP folder under fabricGossip.trustedMsps.",
  },
  "organisation-untrusted": {
    say: noMsp,
    remedy:
      "To accept its organisation, list its MSP folder under fabricGossip.trustedMsps. Until then its peers see us come and go, and warn in their logs; if they are not to learn of us, leave peer.gossip.externalEndpoint empty.",
  },
  "identity-invalid": {
    say: (detail) => `the identity is not valid in its organisation${behind(detail)}`,
    remedy:
      "Check its certificate against its MSP folder as we have it: issuer, intermediate CAs and NodeOUs in config.yaml.",
  },
  "identity-revoked": {
    say: (detail) => `the identity has been revoked${behind(detail)}`,
    remedy: "Give it a new certificate: this one is on the revocation list of its CA.",
  },
  "identity-expired": {
    say: (detail) => `the identity has expired${behind(detail)}`,
    remedy: "Renew its certificate, unless the clock of this machine is wrong.",
  },
  "identity-malformed": {
    say: (detail) => `the identity cannot be read${behind(detail)}`,
    remedy: "Check that its signcerts holds one clean PEM certificate, and nothing else.",
  },
  "pki-id-mismatch": {
    say: () => "the PKI-ID is not the one of the identity",
    remedy: "Check that it is a Fabric peer or one of ours: its identity contradicts itself.",
  },
  "tls-binding-mismatch": {
    say: () => "the handshake names another TLS certificate than the connection's",
    remedy: PASS_TLS_THROUGH,
  },
  "signature-invalid": {
    say: () => "the handshake is not signed by its identity",
    remedy: "Check that its key in keystore belongs to the certificate in signcerts.",
  },
};

/** Why we ended a connection. */
const OF_ENDS: Readonly<Record<string, KnownCause>> = {
  idle: { say: () => "not used any more" },
  "member-dead": { say: (detail) => `the member is dead${inBrackets(detail)}` },
  "identity-purged": { say: (detail) => `its identity was dropped${inBrackets(detail)}` },
  "own-identity-renewed": { say: () => "our own identity was renewed" },
  "not-disclosed": {
    say: (detail) => `${name(detail)} may not see us: one side has no external endpoint`,
  },
  "place-needed": { say: () => "its place was needed for somebody else" },
  "certificate-elsewhere": { say: () => "its certificate has connected under another PKI-ID" },
};

/** In the order of docs/troubleshooting.md. */
export const CONNECTION_CAUSES = { ...OF_THE_NETWORK, ...OF_TLS, ...OF_THE_HANDSHAKE, ...OF_ENDS };
