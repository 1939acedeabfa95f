/** Why we refuse others, and what we tell them. */

import type { PresentedIdentityFault } from "../core/types/drop.ts";

/** Why a handshake failed. */
export type HandshakeFault =
  /** The other side showed no TLS certificate, to which its identity could be bound. */
  | "no-tls-certificate"
  /** Our own signature could not be made. */
  | "signing-failed"
  | "handshake-timeout"
  /** The link ended first. */
  | "handshake-closed"
  /** The first message is not a gossip message, or longer than any handshake. */
  | "malformed"
  /** The first message is something else than a handshake. */
  | "wrong-first-message"
  | "pki-id-missing"
  | "identity-missing"
  | PresentedIdentityFault
  /** The handshake speaks of another TLS certificate than the one that was shown. */
  | "tls-binding-mismatch"
  /** The signature, or the one of a secret that comes along, is missing or wrong. */
  | "signature-invalid";

/** Why we refuse others. */
type OurRefusal =
  | HandshakeFault
  | "same-identity"
  | "connections-full"
  | "handshakes-full"
  | "stopped";

/** As it goes over the wire; `readRefusal` of the other side knows these. */
const OUR_WORDS: Readonly<Record<OurRefusal, string>> = {
  "no-tls-certificate": "the other side showed no TLS certificate",
  "signing-failed": "our own handshake could not be signed",
  "handshake-timeout": "no handshake arrived in time",
  "handshake-closed": "the link ended before the handshake was complete",
  malformed: "the first message is not a gossip message",
  "wrong-first-message": "the first message is not a handshake",
  "pki-id-missing": "the handshake has no PKI-ID",
  "identity-missing": "the handshake has no identity",
  "identity-malformed": "the identity cannot be read",
  "identity-unknown-msp": "the identity belongs to an organisation that is not trusted here",
  "identity-invalid": "the identity is not valid in its organisation",
  "identity-revoked": "the identity has been revoked",
  "identity-expired": "the identity has expired",
  "pki-id-mismatch": "the PKI-ID is not the one of the identity",
  "tls-binding-mismatch": "the handshake names another TLS certificate than the connection's",
  "signature-invalid": "the handshake is not signed by its identity",
  "same-identity": "that is ourselves",
  "connections-full": "too many connections",
  "handshakes-full": "too many handshakes at a time",
  stopped: "shutting down",
};

/** What we tell those whom we refuse: part of the protocol, and nothing that is shown here. */
export function refusalWords(fault: OurRefusal, detail = ""): string {
  return detail === "" ? OUR_WORDS[fault] : `${OUR_WORDS[fault]}: ${detail}`;
}
