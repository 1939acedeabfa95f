import { constants, X509Certificate } from "node:crypto";
import { isIP, Socket } from "node:net";
import {
  type ConnectionOptions,
  createSecureContext,
  type SecureContext,
  type SecureContextOptions,
  type Server,
  TLSSocket,
  type TlsOptions,
} from "node:tls";
import { GossipError } from "../lib/errors.ts";
import { formatHostPort } from "../lib/host-port.ts";
import { plainText } from "../lib/plain-text.ts";
import type { Refuse, StreamEnd } from "./network.ts";
import type { TlsCredentials, TlsJudge } from "./tls-credentials.ts";
import { diallerRefusal, opensslReason, verdictFault } from "./tls-fault.ts";
import { checkServerName, NAME_VERDICT, nameFault } from "./tls-names.ts";
import { shownChain, shownNames } from "./tls-peer.ts";

/** As Fabric: TLS 1.2 or newer, forward secrecy and AEAD; ChaCha20 only where 1.3 offers it. */
const TLS_COMMON = {
  minVersion: "TLSv1.2",
  // As Go, and as HTTP/2 demands: who is at the other end is settled once.
  secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
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
  // Go's: it knows no other curve, and no RSA key that is for PSS only.
  sigalgs: [
    "rsa_pss_rsae_sha256",
    "ecdsa_secp256r1_sha256",
    "ed25519",
    "rsa_pss_rsae_sha384",
    "rsa_pss_rsae_sha512",
    "rsa_pkcs1_sha256",
    "rsa_pkcs1_sha384",
    "rsa_pkcs1_sha512",
    "ecdsa_secp384r1_sha384",
    "ecdsa_secp521r1_sha512",
  ].join(":"),
} satisfies SecureContextOptions;

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
    secureOptions: TLS_COMMON.secureOptions | constants.SSL_OP_NO_TICKET,
  };
}

/** A TLS server, of files yet to be put in force ({@link useServerContext}), whose verdict on clients is Go's, as far as there is a judge. */
export function serverOptions(tls: TlsCredentials, judge: TlsJudge | undefined): TlsOptions {
  return {
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
    refused("tls-client-refused", addressOf(socket), `${ownerOf(socket)}: ${fault}`);
    socket.destroy();
  });
  server.on("tlsClientError", (error, socket) => {
    if (!("code" in error) || error.code !== "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE") return;
    refused("no-tls-certificate", addressOf(socket), "");
  });
}

/** Tells of diallers that refuse our certificate: they know why, and nobody looks there. */
export function hearRefusals(server: Server, refused: Refuse): void {
  server.on("tlsClientError", (error, socket) => {
    const fault = diallerRefusal(error);
    if (fault !== undefined) refused(fault, addressOf(socket), opensslReason(error));
  });
}

function addressOf(socket: TLSSocket): string {
  // Who has reset the connection has no address any more; the socket below was asked in time.
  const below: unknown = Reflect.get(socket, "_parent");
  const one = socket.remoteAddress === undefined && below instanceof Socket ? below : socket;
  return formatHostPort({ host: one.remoteAddress ?? "", port: one.remotePort ?? 0 });
}

/** What a certificate that is not believed says of its owner. */
function ownerOf(socket: TLSSocket): string {
  const shown = socket.getPeerX509Certificate();
  // One attribute a line.
  const name = (of = ""): string =>
    plainText((/^CN=(.*)$/m.exec(of) ?? /^O=(.*)$/m.exec(of))?.[1] ?? "nobody");
  return `of ${name(shown?.subject)} by ${name(shown?.issuer)}`;
}

/**
 * Puts files in force at a server. Go takes every certificate of the pool as an anchor, intermediates
 * too; Node's server leaves out the option that says so, also from `setSecureContext`, but takes a
 * context that was made with it.
 */
export function useServerContext(server: object, tls: TlsCredentials): void {
  Reflect.set(server, "_sharedCreds", reusedContext(tls, "server"));
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

type TlsRole = "server" | "client";

/** Reading keys and CAs costs as much as the rest of a handshake: once for check, server and all dials. */
const contexts = {
  server: new WeakMap<TlsCredentials, SecureContext>(),
  client: new WeakMap<TlsCredentials, SecureContext>(),
};

function reusedContext(tls: TlsCredentials, role: TlsRole): SecureContext {
  const known = contexts[role].get(tls);
  if (known !== undefined) return known;
  const context = createSecureContext(role === "server" ? serverContext(tls) : clientContext(tls));
  contexts[role].set(tls, context);
  return context;
}

export function clientOptions(tls: TlsCredentials, host: string): ConnectionOptions {
  return {
    secureContext: reusedContext(tls, "client"),
    // The name must not be sent for an address; the certificate is checked against `host` then.
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ALPNProtocols: ["h2"],
    checkServerIdentity: (_, certificate) => checkServerName(host, certificate),
  };
}

/** Why the server at the other end is not the one we dial; undefined: it is. */
export function serverFault(
  socket: TLSSocket,
  host: string,
  { rootCas, cert }: TlsCredentials,
  judge: TlsJudge,
): StreamEnd | undefined {
  if (socket.authorized) return undefined;
  const verdict = String(socket.authorizationError);
  const detail =
    verdict === NAME_VERDICT ? undefined : judge(shownChain(socket), rootCas, "server");
  if (detail !== undefined) return { fault: verdictFault(verdict), reason: plainText(detail) };
  const names = nameFault(host, shownNames(socket));
  if (names === undefined) return undefined;
  const isOurs = socket.getPeerX509Certificate()?.raw.equals(new X509Certificate(cert).raw);
  return { fault: isOurs ? "tls-own" : "tls-name", reason: names };
}

/** Why the client at the other end is not trusted; undefined: it is. */
function clientFault(
  socket: TLSSocket,
  { clientRootCas }: TlsCredentials,
  judge: TlsJudge,
): string | undefined {
  return socket.authorized ? undefined : judge(shownChain(socket), clientRootCas, "client");
}

/** Throws `config-invalid` with everything that is wrong with the files. */
export function checkTls(tls: TlsCredentials): void {
  const problems: string[] = [];
  if ((tls.clientCert === undefined) !== (tls.clientKey === undefined)) {
    problems.push(
      "Of the TLS client certificate and its key only one is given; give both or none.",
    );
  }
  const roles: readonly [TlsRole, readonly Buffer[]][] = [
    ["server", tls.clientRootCas],
    ["client", tls.rootCas],
  ];
  for (const [role, cas] of problems.length > 0 ? [] : roles) {
    const detail = contextFault(() => reusedContext(tls, role), cas);
    // One pair may serve both roles.
    if (detail === undefined || problems.some((problem) => problem.includes(detail))) continue;
    const remedy = "give PEM files, and the key that belongs to the certificate";
    problems.push(
      `The TLS ${role} certificate, key or trusted CAs are unusable (${detail}); ${remedy}.`,
    );
  }
  if (problems.length > 0) throw new GossipError("config-invalid", problems);
}

function contextFault(make: () => SecureContext, cas: readonly Buffer[]): string | undefined {
  try {
    make();
    // OpenSSL passes over a CA that it cannot read, and then trusts nobody.
    for (const ca of cas) new X509Certificate(ca);
    return undefined;
  } catch (error) {
    return error instanceof Error ? opensslReason(error) : String(error);
  }
}

/** Why OpenSSL cannot use a certificate, its chain and its key in one file each; undefined: it can. */
export function pairFault(cert: Buffer, key: Buffer): string | undefined {
  return contextFault(() => createSecureContext({ ...TLS_COMMON, cert, key }), []);
}
