import { constants, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import {
  type ConnectionOptions,
  createSecureContext,
  type DetailedPeerCertificate,
  type SecureContext,
  type SecureContextOptions,
  type Server,
  TLSSocket,
  type TlsOptions,
} from "node:tls";
import { GossipError } from "../lib/errors.ts";
import { formatEndpoint } from "./endpoint.ts";
import { plainText } from "./grpc-framing.ts";
import type { Refuse } from "./network.ts";
import type { TlsCredentials, TlsJudge } from "./tls-credentials.ts";
import { isCertifiedFor } from "./tls-names.ts";

/** As Fabric: TLS 1.2 or newer, forward secrecy and AEAD; ChaCha20 only where 1.3 offers it. */
const TLS_COMMON: SecureContextOptions = {
  minVersion: "TLSv1.2",
  ciphers: [
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    // Go takes RSA keys of 1,024 bits; SHA-1 stays out.
    "@SECLEVEL=1",
  ].join(":"),
};

export function serverContext(tls: TlsCredentials): SecureContextOptions {
  return {
    ...TLS_COMMON,
    cert: tls.cert,
    key: tls.key,
    // Their names are sent to diallers, and Go shows no certificate but of one of them: who need not
    // be verified must not be asked for one of ours.
    ca: tls.clientAuthRequired ? [...tls.clientRootCas] : [],
    allowPartialTrustChain: true,
    // No session tickets, as Fabric: a resumed session might not show the certificate again.
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
}

/** A TLS server of these files whose verdict on clients is Go's, as far as there is a judge. */
export function serverOptions(tls: TlsCredentials, judge: TlsJudge | undefined): TlsOptions {
  return {
    ...serverContext(tls),
    requestCert: true,
    rejectUnauthorized: tls.clientAuthRequired,
    ...(judge && tls.clientAuthRequired ? { ALPNCallback: leaveVerdict } : ALPN),
  };
}

const ALPN = { ALPNProtocols: ["h2"] };

/**
 * Node ends the connections of clients that OpenSSL refuses before anybody can ask; it can be kept
 * from that up to here, where it has already asked for a certificate in OpenSSL's way: who shows none
 * is told so by an alert. Should a version of Node not call us in this way, its refusal stands.
 */
function leaveVerdict(this: unknown, { protocols }: { protocols: string[] }): string | undefined {
  if (this instanceof TLSSocket) Reflect.set(this, "_rejectUnauthorized", false);
  return protocols.includes("h2") ? "h2" : undefined;
}

/** Lets nobody through to who listens so far but clients that are trusted. */
export function judgeClients(
  server: Server,
  tls: () => TlsCredentials,
  judge: TlsJudge,
  refused: Refuse,
): void {
  const listeners = server.listeners("secureConnection");
  server.removeAllListeners("secureConnection");
  server.on("secureConnection", (socket) => {
    const fault = clientFault(socket, tls(), judge);
    if (fault === undefined) {
      for (const listener of listeners) listener.call(server, socket);
      return;
    }
    refused(
      "tls-client-refused",
      addressOf(socket),
      `its TLS certificate, ${ownerOf(socket)}: ${fault}`,
    );
    socket.destroy();
  });
  server.on("tlsClientError", (error, socket) => {
    if (!("code" in error) || error.code !== "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE") return;
    refused("tls-client-refused", addressOf(socket), "it showed no TLS certificate");
  });
}

function addressOf({ remoteAddress = "", remotePort = 0 }: TLSSocket): string {
  return formatEndpoint(remoteAddress, remotePort);
}

/** What a certificate that is not believed says of its owner. */
function ownerOf(socket: TLSSocket): string {
  const { subject, issuer } = socket.getPeerCertificate();
  const name = (of: { CN?: string | string[]; O?: string | string[] } | undefined): string =>
    plainText(String(of?.CN ?? of?.O ?? "nobody"));
  return `of ${name(subject)} by ${name(issuer)}`;
}

/**
 * Puts files in force at a server. Go takes every certificate of the pool as an anchor, intermediates
 * too; Node's server leaves out the option that says so, also from `setSecureContext`, but takes a
 * context that was made with it.
 */
export function useServerContext(server: object, tls: TlsCredentials): void {
  Reflect.set(server, "_sharedCreds", createSecureContext(serverContext(tls)));
}

function clientContext(tls: TlsCredentials): SecureContextOptions {
  return {
    ...TLS_COMMON,
    cert: tls.clientCert ?? tls.cert,
    key: tls.clientKey ?? tls.key,
    ca: [...tls.rootCas],
    // Go takes every certificate of the pool as an anchor, intermediates too.
    allowPartialTrustChain: true,
  };
}

/** Reading keys and CAs costs as much as the rest of a handshake: once for all dials. */
const contexts = new WeakMap<TlsCredentials, SecureContext>();

function reusedContext(tls: TlsCredentials): SecureContext {
  const known = contexts.get(tls);
  if (known !== undefined) return known;
  const context = createSecureContext(clientContext(tls));
  contexts.set(tls, context);
  return context;
}

export function clientOptions(tls: TlsCredentials, host: string): ConnectionOptions {
  return {
    secureContext: reusedContext(tls),
    // The name must not be sent for an address; the certificate is checked against `host` then.
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ALPNProtocols: ["h2"],
    checkServerIdentity(_, { subjectaltname: names }) {
      const fault = nameFault(host, names);
      return fault === undefined ? undefined : new Error(fault);
    },
  };
}

function nameFault(host: string, names: string | undefined): string | undefined {
  if (isCertifiedFor(host, names)) return undefined;
  if (names === undefined) return `the certificate of ${host} has no subject alternative name`;
  return `its TLS certificate is not for ${host}, but for ${names.slice(0, 100)}`;
}

/** Why the server at the other end is not the one we dial; undefined: it is. */
export function serverFault(
  socket: TLSSocket,
  host: string,
  { rootCas }: TlsCredentials,
  judge: TlsJudge,
): string | undefined {
  if (socket.authorized) return undefined;
  const fault = nameFault(host, socket.getPeerCertificate().subjectaltname);
  const error = String(socket.authorizationError);
  if (error === fault || judge(chainOf(socket), rootCas, "server") === undefined) return fault;
  return verifyFault(error);
}

/** Why the client at the other end is not trusted; undefined: it is. */
export function clientFault(
  socket: TLSSocket,
  { clientRootCas }: TlsCredentials,
  judge: TlsJudge,
): string | undefined {
  return socket.authorized ? undefined : judge(chainOf(socket), clientRootCas, "client");
}

/** Strangers can have each of a longer chain issued by all others, which takes long to search. */
const JUDGED_MAX = 4;

/** What the other side showed, as far as Node tells. */
function chainOf(socket: TLSSocket): readonly Uint8Array[] {
  const chain = new Set<DetailedPeerCertificate>();
  let next: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  // The issuer of a root is the root itself.
  while (next?.raw !== undefined && !chain.has(next) && chain.size < JUDGED_MAX) {
    chain.add(next);
    next = next.issuerCertificate;
  }
  return [...chain].map(({ raw }) => raw);
}

/** OpenSSL's words for what Node gives as a code. */
const VERIFY_FAULTS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "certificate has expired",
  CERT_NOT_YET_VALID: "certificate is not yet valid",
  DEPTH_ZERO_SELF_SIGNED_CERT: "self-signed certificate",
  INVALID_PURPOSE: "unsuitable certificate purpose",
  SELF_SIGNED_CERT_IN_CHAIN: "self-signed certificate in certificate chain",
  UNABLE_TO_GET_ISSUER_CERT: "unable to get issuer certificate",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "unable to get local issuer certificate",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "unable to verify the first certificate",
};

export const verifyFault = (code: string): string => VERIFY_FAULTS[code] ?? code;

/** Throws `config-invalid` with everything that is wrong with the files. */
export function checkTls(tls: TlsCredentials): void {
  const problems: string[] = [];
  if ((tls.clientCert === undefined) !== (tls.clientKey === undefined)) {
    problems.push(
      "Of the TLS client certificate and its key only one is given; give both or none.",
    );
  }
  const pairs: readonly [string, SecureContextOptions, readonly Buffer[]][] = [
    ["server", serverContext(tls), tls.clientRootCas],
    ["client", clientContext(tls), tls.rootCas],
  ];
  for (const [role, context, cas] of problems.length > 0 ? [] : pairs) {
    const detail = contextFault(context, cas);
    // One pair may serve both roles.
    if (detail === undefined || problems.some((problem) => problem.includes(detail))) continue;
    const remedy = "give PEM files, and the key that belongs to the certificate";
    problems.push(
      `The TLS ${role} certificate, key or trusted CAs are unusable (${detail}); ${remedy}.`,
    );
  }
  if (problems.length > 0) throw new GossipError("config-invalid", problems);
}

function contextFault(options: SecureContextOptions, cas: readonly Buffer[]): string | undefined {
  try {
    createSecureContext(options);
    // OpenSSL passes over a CA that it cannot read, and then trusts nobody.
    for (const ca of cas) new X509Certificate(ca);
    return undefined;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return text.replace(/^error:[0-9A-F]+:[^:]*::/, "");
  }
}
