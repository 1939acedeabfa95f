/** What accepted and dialled HTTP/2 connections have in common. */
import { createHash, type X509Certificate } from "node:crypto";
import { subscribe } from "node:diagnostics_channel";
import type { Http2Session, ServerHttp2Stream } from "node:http2";
import type { TLSSocket } from "node:tls";
import { formatHostPort } from "../lib/host-port.ts";
import { CONNECTION_WINDOW_BYTES, NO_HASH } from "./grpc-options.ts";
import type { Cancel } from "./network.ts";

export const SERVICE_PING = "/gossip.Gossip/Ping";
export const SERVICE_STREAM = "/gossip.Gossip/GossipStream";
export const GRPC_CONTENT_TYPE = "application/grpc";

/** Fabric: SHA-256 over the DER of the leaf certificate (spec A 6.1). */
function certHash(certificate: X509Certificate | undefined): Uint8Array | undefined {
  return certificate && createHash("sha256").update(certificate.raw).digest();
}

export interface SessionFacts {
  readonly remoteAddress: string;
  readonly localCertHash: Uint8Array;
  readonly remoteCertHash: Uint8Array | undefined;
}

function isTls(socket: Http2Session["socket"]): socket is TLSSocket {
  return "encrypted" in socket && socket.encrypted === true;
}

/** Who is at the other end, as host:port. */
export function remoteOf({ socket }: Http2Session): string {
  return formatHostPort({ host: socket.remoteAddress ?? "unknown", port: socket.remotePort ?? 0 });
}

export function sessionFacts(session: Http2Session): SessionFacts {
  const { socket } = session;
  const remoteAddress = remoteOf(session);
  if (!isTls(socket)) return { remoteAddress, localCertHash: NO_HASH, remoteCertHash: NO_HASH };
  return {
    remoteAddress,
    localCertHash: certHash(socket.getX509Certificate()) ?? NO_HASH,
    remoteCertHash: certHash(socket.getPeerX509Certificate()),
  };
}

/** Sets the connection's flow-control window; a session that is closing already needs none. */
export function openWindow(session: Http2Session): void {
  if (!session.destroyed && !session.closed) session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
}

/** What Node tells of frames that belong to no stream; `altsvc` and `origin` come from servers. */
const FRAMES = ["ping", "remoteSettings", "goaway", "altsvc", "origin"] as const;

/** Calls back at each of them: a flood of them costs more than its bytes tell. */
export function watchFrames(session: Http2Session, frame: () => void): void {
  for (const name of FRAMES) session.on(name, frame);
}

type HearStream = (stream: ServerHttp2Stream) => void;
const hearStreams = new WeakMap<Http2Session, HearStream>();

subscribe("http2.server.stream.created", (message) => {
  const stream: ServerHttp2Stream = Reflect.get(Object(message), "stream");
  if (stream.session !== undefined) hearStreams.get(stream.session)?.(stream);
});

/**
 * Calls back for each stream of a server's session before Node makes the next one. The stream events of
 * all that a record of TLS has brought, of hundreds, come after that.
 */
export function watchStreams(session: Http2Session, hear: HearStream): void {
  hearStreams.set(session, hear);
}

/** A second in a minute: or network jitter would make us look more eager than the peer allows. */
const KEEPALIVE_SLACK = 1 / 60;

/**
 * Pings the other side every `intervalMs` and ends the session if an answer takes longer than
 * `timeoutMs`: the only way to notice, on an idle connection, that a host is gone.
 */
export function keepAlive(session: Http2Session, intervalMs: number, timeoutMs: number): Cancel {
  let overdue: NodeJS.Timeout | undefined;
  const ping = (): void => {
    if (session.destroyed) return;
    const sent = session.ping(() => clearTimeout(overdue));
    if (!sent) return;
    clearTimeout(overdue);
    overdue = setTimeout(() => session.destroy(new Error("keepalive timed out")), timeoutMs);
    overdue.unref();
  };
  const timer = setInterval(ping, intervalMs * (1 + KEEPALIVE_SLACK));
  timer.unref();
  const cancel = (): void => {
    clearInterval(timer);
    clearTimeout(overdue);
  };
  session.once("close", cancel);
  return cancel;
}

/** Ends a session that has carried no stream for so long: whoever needs us opens another one. */
export function endIdle(session: Http2Session, idleTimeoutMs: number): void {
  let streams = 0;
  let timer: NodeJS.Timeout | undefined;
  const arm = (): void => {
    timer = setTimeout(() => session.destroy(), idleTimeoutMs);
  };
  arm();
  session.on("stream", (stream) => {
    streams += 1;
    clearTimeout(timer);
    stream.once("close", () => {
      streams -= 1;
      if (streams === 0 && !session.destroyed) arm();
    });
  });
  session.once("close", () => clearTimeout(timer));
}
