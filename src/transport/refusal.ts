/**
 * A refusal by the other side: it ends our stream with a gRPC status and says why in its own words.
 * Ours say so in {@link refusalWords}; a Fabric peer returns the error of its
 * `authenticateRemotePeer` (gossip/comm, gossip/identity, internal/peer/gossip/mcs.go).
 */
/** Why the other side refused us. */
export type RefusalFault =
  /** It trusts no organisation of ours, or gives a reason that we do not know. */
  | "refused-us"
  | "refused-revoked"
  | "refused-expired"
  /** Our certificate is not valid in our organisation as it knows it. */
  | "refused-invalid"
  /** Our handshake names another TLS certificate than the connection shows. */
  | "refused-tls-binding"
  /** Our handshake is not signed with the key of our certificate. */
  | "refused-signature"
  /** It saw no TLS client certificate of ours. */
  | "refused-no-certificate"
  /** Our handshake did not arrive there in time. */
  | "refused-timeout"
  /** It could not sign its own handshake. */
  | "refused-signing"
  /** It has as many connections or handshakes as it allows. */
  | "refused-full"
  /** It is shutting down. */
  | "refused-stopping";

/** How the other side ended our stream, in its words as far as they help. */
export interface Refused {
  readonly fault: RefusalFault;
  readonly reason: string;
}

interface Wording {
  readonly pattern: RegExp;
  readonly fault: RefusalFault;
  /** What to show instead of the other side's words; undefined: its words. */
  readonly reason?: string;
}

/** The first that fits counts. */
const WORDINGS: readonly Wording[] = [
  // Fabric quotes the whole certificate here. A revoked or invalid one of another organisation is
  // refused in the same words.
  {
    pattern: /(?:^|: )Peer Identity /i,
    fault: "refused-us",
    reason: "no MSP there accepts our certificate",
  },
  { pattern: /revoked/i, fault: "refused-revoked" },
  { pattern: /identity (has )?expired|certificate has expired/i, fault: "refused-expired" },
  {
    pattern: /in remote hash of TLS cert/,
    fault: "refused-tls-binding",
    reason: "our handshake names another TLS certificate than the connection shows",
  },
  { pattern: /names another TLS certificate/, fault: "refused-tls-binding" },
  { pattern: /no TLS certificate/, fault: "refused-no-certificate" },
  {
    pattern: /^no handshake arrived in time|timed out waiting for connection message/,
    fault: "refused-timeout",
  },
  { pattern: /^our own handshake could not be signed/, fault: "refused-signing" },
  {
    pattern: /signature is invalid|validity of (the )?signature|not signed by its identity/i,
    fault: "refused-signature",
  },
  { pattern: /^too many (connections|handshakes)/, fault: "refused-full" },
  { pattern: /^shutting down/, fault: "refused-stopping" },
  {
    pattern:
      /not valid in its organisation|not well formed|^identity is not valid|x509: |certification chain/,
    fault: "refused-invalid",
  },
];

/** What the message of a gRPC status that ended our stream means. */
export function readRefusal(message: string): Refused {
  const known = WORDINGS.find(({ pattern }) => pattern.test(message));
  const reason = known?.reason ?? (message || "it gave no reason");
  return { fault: known?.fault ?? "refused-us", reason };
}

export function isRefusal(fault: string): fault is RefusalFault {
  return fault.startsWith("refused-");
}
