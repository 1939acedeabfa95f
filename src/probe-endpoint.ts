/** Asks who is at an endpoint, as a member would, but joins nothing (product 2, `probe`). */
import { connect } from "node:tls";
import { createSystemClock } from "./clock.ts";
import type { Config } from "./config/config.ts";
import { parseHostPort } from "./config/host-port.ts";
import { GossipError } from "./errors.ts";
import { createCrypto } from "./msp/crypto.ts";
import { type CertificateDescription, describeCertificate } from "./msp/describe.ts";
import { plainReason } from "./plain-reason.ts";
import { createNetwork, prepare } from "./start-node.ts";
import { probe } from "./transport/probe.ts";

/** Who answered, or why nobody did whom we could believe. */
export interface Answer {
  readonly endpoint: string;
  /** The certificate that TLS showed; null without TLS, or if it could not be had. */
  readonly tls: CertificateDescription | null;
  /** Null if the handshake failed. */
  readonly identity: {
    readonly pkiId: string;
    readonly mspId: string;
    readonly subject: string;
    readonly notAfter: string;
  } | null;
  /** Why the handshake failed; null if it did not. */
  readonly failure: { readonly code: string; readonly reason: string } | null;
}

/** Throws `config-invalid` if the configuration or the endpoint is none. */
export async function probeEndpoint(config: Config, endpoint: string): Promise<Answer> {
  const target = parseHostPort(endpoint);
  if (target === undefined || target.host === "" || target.port === 0) {
    throw new GossipError("config-invalid", `"${endpoint}" is no endpoint: write host:port.`);
  }
  const clock = createSystemClock();
  const { local, trusted, tls } = await prepare(config, clock.now().wallMs);
  const certificate = tls ? await tlsCertificate(target, config.gossip.dialTimeoutMs) : undefined;
  const shown = (certificate && describeCertificate(certificate)) ?? null;
  const network = createNetwork(config, tls);
  const options = {
    network,
    clock,
    crypto: createCrypto([local.msp, ...trusted]),
    signer: local.signer,
    self: local.identity,
    timeoutMs: config.gossip.connTimeoutMs,
    probeTimeoutMs: 10_000,
  };
  const answer = await new Promise<Answer>((resolve) => {
    probe(endpoint, options, (verdict, reason) => {
      if (!verdict.ok) {
        const failure = { code: verdict.code, reason: plainReason(reason) };
        resolve({ endpoint, tls: shown, identity: null, failure });
        return;
      }
      const { pkiId, mspId, subject, notAfterMs } = verdict.value.identity;
      const identity = { pkiId, mspId, subject, notAfter: new Date(notAfterMs).toISOString() };
      resolve({ endpoint, tls: shown, identity, failure: null });
    });
  });
  await network.close();
  return answer;
}

/** The leaf certificate a TLS server shows, believed or not. */
function tlsCertificate(
  { host, port }: { host: string; port: number },
  timeoutMs: number,
): Promise<Uint8Array | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, rejectUnauthorized: false, ALPNProtocols: ["h2"] }, () => {
      const { raw } = socket.getPeerCertificate();
      resolve(raw);
      socket.destroy();
    });
    socket.setTimeout(timeoutMs, () => socket.destroy());
    socket.once("error", () => resolve(undefined));
    socket.once("close", () => resolve(undefined));
  });
}
