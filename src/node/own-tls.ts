/** Whether others who have our TLS settings would accept our own TLS certificates, as Go judges. */
import { X509Certificate } from "node:crypto";
import type { GossipTls } from "../config/config.ts";
import type { ChainFault, NoChain } from "../msp/chain.ts";
import { certificatesIn, judgeTlsChain } from "../msp/tls-chain.ts";
import type { TlsCredentials } from "../transport/tls-credentials.ts";
import { equalBytes } from "../wire/bytes.ts";

/** A finding and its remedy, one sentence each. */
export interface OwnTlsFault {
  readonly message: string;
  readonly remedy: string;
}

/** A finding if our certificate is not valid yet. */
export function tlsBeginning({ cert }: TlsCredentials, wallMs: number): OwnTlsFault | undefined {
  const { validFromDate } = new X509Certificate(cert);
  if (validFromDate.getTime() <= wallMs) return undefined;
  return {
    message: `Our TLS certificate begins at ${validFromDate.toISOString()}, in the future: no peer accepts it before that.`,
    remedy: "Check the clock of this machine, or wait.",
  };
}

/**
 * Why a member with our settings refuses our server or our client certificate; undefined: it accepts
 * both. Without `peer.tls.rootcert.file`, the server certificate is not judged.
 */
export function ownChainFault(
  tls: TlsCredentials,
  files: GossipTls,
  atMs: number,
): OwnTlsFault | undefined {
  const { cert, clientCert = cert, rootCas, clientRootCas, clientAuthRequired } = tls;
  const server =
    rootCas.length === 0
      ? undefined
      : judgeTlsChain(certificatesIn(cert), rootCas, { use: "server", atMs });
  if (server !== undefined) return tellFault("server", server, files);
  if (!clientAuthRequired) return undefined;
  const client = judgeTlsChain(certificatesIn(clientCert), clientRootCas, { use: "client", atMs });
  return client && tellFault("client", client, files);
}

/** A finding if we trust our own TLS certificate alone when we dial. */
export function loneRootFault({ cert, rootCas }: TlsCredentials): OwnTlsFault | undefined {
  const [own] = certificatesIn(cert);
  const roots = rootCas.flatMap(certificatesIn);
  const isOwn = (der: Uint8Array) => own !== undefined && equalBytes(der, own);
  if (roots.length === 0 || !roots.every(isOwn)) return undefined;
  return {
    message:
      "peer.tls.rootcert.file holds our own TLS certificate and no other, so that we trust no other peer when we dial.",
    remedy: "Name the file of the TLS CA, or add the certificates of the others.",
  };
}

/** A finding if our client certificate is not for clients, though nobody with our settings asks for one. */
export function clientUseFault(
  { cert, clientCert = cert, rootCas }: TlsCredentials,
  { clientAuthRequired }: GossipTls,
  atMs: number,
): OwnTlsFault | undefined {
  if (clientAuthRequired || rootCas.length === 0) return undefined;
  const fault = judgeTlsChain(certificatesIn(clientCert), rootCas, { use: "client", atMs });
  if (fault?.code !== "usage") return undefined;
  return {
    message: `Peers that require TLS client certificates (peer.tls.clientAuthRequired) refuse ours: it is not for clients (${fault.reason}).`,
    remedy: remedyFor(fault.code, "", ""),
  };
}

/** The setting that names the CAs trusted for each role. */
const JUDGES = {
  server: "peer.tls.rootcert.file",
  client: "peer.tls.clientRootCAs.files",
} as const;

function tellFault(
  role: "server" | "client",
  { code, reason }: NoChain,
  { certFile, clientCertFile }: GossipTls,
): OwnTlsFault {
  const file = (role === "server" ? certFile : clientCertFile) ?? "it";
  const what = code === "usage" ? `it is not valid for this purpose (${reason})` : reason;
  return {
    message: `A member with our TLS settings refuses our ${role} certificate: ${what}.`,
    remedy: remedyFor(code, file, JUDGES[role]),
  };
}

function remedyFor(code: ChainFault, file: string, cas: string): string {
  switch (code) {
    case "usage":
      return "Reissue the certificate for both uses: serverAuth and clientAuth.";
    case "no-issuer":
      return `Have ${file} issued by a CA in ${cas}, or add its CA there; put intermediate CAs behind the certificate in ${file}.`;
    case "issuer-key":
      return `Put the CA that issued ${file} into ${cas}: the one there has the same name, but another key.`;
    case "weak-signature":
      return `Have ${file} issued anew, signed with SHA-256.`;
    case "issuer-unfit":
      return `Put a CA certificate with basicConstraints CA and the key usage keyCertSign into ${cas}, and have ${file} issued by it.`;
    case "issuer-time":
      return `Renew the CA certificate, or have ${file} issued by a CA that is valid; if it is, check the clock of this machine.`;
    case "names":
      return `Have ${file} issued for names that this CA may vouch for, or by another CA.`;
    case "time":
      return "Check the clock of this machine.";
    default:
      return `Reissue ${file} from a valid CA, with an ECDSA P-256 key.`;
  }
}
