/**
 * The certificates that the other side of a TLS connection shows. `getPeerCertificate` and
 * `getCertificate` are not called: on Node 24 they end the process with a segmentation fault at a key
 * on a curve without a NIST name, in any certificate that a stranger shows.
 */
import type { X509Certificate } from "node:crypto";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";

/**
 * Connects with TLS. Node calls `getPeerCertificate` when it checks the name; the replacement returns
 * only what our own check of names reads. On a client's socket, `getPeerX509Certificate` works once,
 * so its result is kept.
 */
export function connectTls(options: ConnectionOptions): TLSSocket {
  const socket = connect(options);
  const ask = socket.getPeerX509Certificate.bind(socket);
  let shown: X509Certificate | undefined;
  socket.getPeerX509Certificate = () => {
    shown ??= ask();
    return shown;
  };
  Reflect.set(socket, "getPeerCertificate", () => ({
    subjectaltname: socket.getPeerX509Certificate()?.subjectAltName,
  }));
  return socket;
}

/** Maximum length of a chain: where each certificate is issued by all others, a longer search takes long. */
const JUDGED_MAX = 4;

/** The chain as it was shown, leaf first, in DER. On an accepted connection this works once. */
export function shownChain(socket: TLSSocket): readonly Uint8Array[] {
  const chain: Uint8Array[] = [];
  let next = socket.getPeerX509Certificate();
  while (next !== undefined && chain.length < JUDGED_MAX) {
    chain.push(next.raw);
    next = next.issuerCertificate;
  }
  return chain;
}

/** Subject alternative names of the leaf certificate, in Node's format. */
export function shownNames(socket: TLSSocket): string | undefined {
  return socket.getPeerX509Certificate()?.subjectAltName;
}
