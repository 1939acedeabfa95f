/** Identifies the peer at an endpoint without joining (`probe`). */
import type { Config } from "../config/config.ts";
import type { Fault } from "../core/types/event.ts";
import { parseResolved } from "../lib/bootstrap-name.ts";
import { GossipError } from "../lib/errors.ts";
import { type HostPort, parseHostPort } from "../lib/host-port.ts";
import { createCrypto } from "../msp/crypto.ts";
import { type CertificateDescription, describeCertificate } from "../msp/describe.ts";
import { createNetwork } from "../node/assemble.ts";
import { type Credentials, loadCredentials } from "../node/load-credentials.ts";
import { createSystemClock } from "../node/runtime.ts";
import { isStatusFault } from "../transport/grpc-status.ts";
import { clientOptions } from "../transport/grpc-tls.ts";
import { type Handshake, type HandshakeOptions, shakeHands } from "../transport/handshake.ts";
import type { LinkEvents, Network, NetworkFault } from "../transport/network.ts";
import { isRefusal } from "../transport/refusal.ts";
import type { TlsCredentials } from "../transport/tls-credentials.ts";
import { connectTls } from "../transport/tls-peer.ts";

/** Timeout from dial to answer. */
const PROBE_TIMEOUT_MS = 10_000;
/** How long the other side may take to refuse us. */
const VERDICT_MS = 1_000;

/** The content of our files, checked. */
export type Files = Pick<Credentials, "local" | "trusted" | "tls">;

/** The peer that answered, or the reason why no trusted peer did. */
export interface EndpointAnswer {
  readonly endpoint: string;
  /** The certificate from TLS; null without TLS, or if unavailable. */
  readonly tls: CertificateDescription | null;
  /** Null if the peer is not trusted. */
  readonly identity: {
    readonly pkiId: string;
    readonly mspId: string;
    readonly subject: string;
    readonly notAfter: string;
  } | null;
  /** Why the handshake failed; null if it did not. With an identity: why the peer refused us. */
  readonly failure: Fault | null;
}

/**
 * Throws `config-invalid` for an invalid configuration or endpoint. `credentials`: if the files
 * have been read already.
 */
export async function probeEndpoint(
  config: Config,
  endpoint: string,
  credentials?: Files,
): Promise<EndpointAnswer> {
  const target = addressOf(endpoint);
  const clock = createSystemClock();
  const { local, trusted, tls } =
    credentials ?? (await loadCredentials(config, clock.now().wallMs));
  const { dialTimeoutMs } = config.gossip;
  const certificate = tls ? await tlsCertificate(target, tls, dialTimeoutMs) : undefined;
  const shown = (certificate && describeCertificate(certificate)) ?? null;
  const network = createNetwork(config, tls, [endpoint]);
  network.setNamed([endpoint]);
  const crypto = createCrypto([local.msp, ...trusted]);
  const options: Shaking = {
    clock,
    crypto,
    signer: local.signer,
    self: local.identity,
    timeoutMs: config.gossip.connTimeoutMs,
  };
  const met = await meet(network, endpoint, options);
  await network.close();
  crypto.close();
  return { endpoint, tls: shown, ...met };
}

/** Throws `config-invalid` if nobody can be dialled there. */
export function addressOf(endpoint: string): HostPort {
  const target = parseResolved(endpoint)?.address ?? parseHostPort(endpoint);
  if (target !== undefined && target.host !== "" && target.port !== 0) return target;
  throw new GossipError("config-invalid", `"${endpoint}" is not an endpoint: write host:port.`);
}

type Shaking = Omit<HandshakeOptions, "link" | "probe">;
type Met = Pick<EndpointAnswer, "identity" | "failure">;

/** Dials, performs a handshake with the probe flag, and waits whether the peer accepts us. */
function meet(network: Network, endpoint: string, options: Shaking): Promise<Met> {
  return new Promise((resolve) => {
    let identity: EndpointAnswer["identity"] = null;
    const end = (failure: EndpointAnswer["failure"]): void => {
      cancelTimer();
      resolve({ identity, failure });
    };
    const fail = (code: string, detail: string): void => end({ code, detail });
    const cancelTimer = options.clock.after(PROBE_TIMEOUT_MS, () =>
      fail("timeout", `no answer within ${PROBE_TIMEOUT_MS} ms`),
    );
    network.dial(endpoint, {
      failed: fail,
      opened: (link) => {
        const accepted = (handshake: Handshake): LinkEvents => {
          identity = describe(handshake);
          // Both sides judge independently: our verdict says nothing about theirs.
          const cancelWait = options.clock.after(VERDICT_MS, () => link.close());
          const closed = (fault: NetworkFault, reason: string): void => {
            cancelWait();
            if (isRefusal(fault) || isStatusFault(fault)) fail(fault, reason);
            else end(null);
          };
          return { message: () => {}, drain: () => {}, closed };
        };
        shakeHands({ ...options, link, probe: true }, { refused: fail, accepted });
      },
    });
  });
}

function describe({ identity }: Handshake): NonNullable<EndpointAnswer["identity"]> {
  const { pkiId, mspId, subject, notAfterMs } = identity;
  return { pkiId, mspId, subject, notAfter: new Date(notAfterMs).toISOString() };
}

/**
 * The leaf certificate that a TLS server presents, trusted or not. We show ours: to be without one is
 * an error in the log of a peer that requires it.
 */
function tlsCertificate(
  { host, port }: { host: string; port: number },
  tls: TlsCredentials,
  timeoutMs: number,
): Promise<Uint8Array | undefined> {
  return new Promise((resolve) => {
    const options = { ...clientOptions(tls, host), host, port, rejectUnauthorized: false };
    const socket = connectTls(options).once("secureConnect", () => {
      resolve(socket.getPeerX509Certificate()?.raw);
      socket.end(); // Cut short, the handshake would be an error in the log of a Fabric peer.
    });
    socket.setTimeout(timeoutMs, () => socket.destroy());
    socket.on("error", () => resolve(undefined));
    socket.once("close", () => resolve(undefined));
  });
}
