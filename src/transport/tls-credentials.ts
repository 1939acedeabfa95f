/** Certificates and keys as PEM text. */
export interface TlsCredentials {
  /** Server certificate, leaf first, and its key (Fabric: `peer.tls.cert.file`, `.key.file`). */
  readonly cert: Buffer;
  readonly key: Buffer;
  /** Certificate and key used when dialling; default: the server's. Both or none. */
  readonly clientCert?: Buffer;
  readonly clientKey?: Buffer;
  /** What a dialled server's chain must end in; may hold intermediates (`rootcert.file`). */
  readonly rootCas: readonly Buffer[];
  /** The name that a dialled server's certificate must bear; default: the host that is dialled. */
  readonly serverName?: string;
  /**
   * Whether a dialler's chain is verified (Fabric: `peer.tls.clientAuthRequired`, default false).
   * A certificate is always asked for: gossip binds identities to it. Fixed once listening.
   */
  readonly clientAuthRequired: boolean;
  /** What a dialler's chain must end in when it is verified; may hold intermediates. */
  readonly clientRootCas: readonly Buffer[];
}

/**
 * Why a chain (leaf first, DER) is not trusted by who trusts these PEM files; undefined: it is. Asked
 * where OpenSSL refuses, which is stricter than Go in some places.
 */
export type TlsJudge = (
  chain: readonly Uint8Array[],
  anchors: readonly Buffer[],
  use: "server" | "client",
) => string | undefined;
