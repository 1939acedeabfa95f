import { constants, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import {
  type ConnectionOptions,
  createSecureContext,
  type SecureContext,
  type SecureContextOptions,
} from "node:tls";
import { GossipError } from "../errors.ts";
import type { TlsFiles } from "./grpc-options.ts";
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
  ].join(":"),
};

export function serverContext(tls: TlsFiles): SecureContextOptions {
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

/**
 * Puts files in force at a server. Go takes every certificate of the pool as an anchor, intermediates
 * too; Node's server leaves out the option that says so, also from `setSecureContext`, but takes a
 * context that was made with it.
 */
export function useServerContext(server: object, tls: TlsFiles): void {
  Reflect.set(server, "_sharedCreds", createSecureContext(serverContext(tls)));
}

function clientContext(tls: TlsFiles): SecureContextOptions {
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
const contexts = new WeakMap<TlsFiles, SecureContext>();

function reusedContext(tls: TlsFiles): SecureContext {
  const known = contexts.get(tls);
  if (known !== undefined) return known;
  const context = createSecureContext(clientContext(tls));
  contexts.set(tls, context);
  return context;
}

export function clientOptions(tls: TlsFiles, host: string): ConnectionOptions {
  return {
    secureContext: reusedContext(tls),
    // The name must not be sent for an address; the certificate is checked against `host` then.
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ALPNProtocols: ["h2"],
    checkServerIdentity(_, { subjectaltname: names }) {
      if (isCertifiedFor(host, names)) return undefined;
      return new Error(
        names === undefined
          ? `the certificate of ${host} has no subject alternative name`
          : `its TLS certificate is not for ${host}, but for ${names.slice(0, 100)}`,
      );
    },
  };
}

/** Throws `config-invalid` with everything that is wrong with the files. */
export function checkTls(tls: TlsFiles): void {
  const problems: string[] = [];
  if ((tls.clientCert === undefined) !== (tls.clientKey === undefined)) {
    problems.push(
      "Of the TLS client certificate and its key only one is given; give both or none.",
    );
  }
  const roles: readonly [string, SecureContextOptions][] = [
    ["server", serverContext(tls)],
    ["client", clientContext(tls)],
  ];
  for (const [role, context] of problems.length > 0 ? [] : roles) {
    try {
      createSecureContext(context);
      // OpenSSL passes over a CA that it cannot read, and then trusts nobody.
      for (const ca of role === "server" ? tls.clientRootCas : tls.rootCas) new X509Certificate(ca);
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      const remedy = "give PEM files, and the key that belongs to the certificate";
      problems.push(
        `The TLS ${role} certificate, key or trusted CAs are unusable (${detail}); ${remedy}.`,
      );
    }
  }
  if (problems.length > 0) throw new GossipError("config-invalid", problems);
}
