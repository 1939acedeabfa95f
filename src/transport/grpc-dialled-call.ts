/** The dialling side of one gRPC call: Ping, the gossip stream, and how they end. */

import { type ClientHttp2Session, type ClientHttp2Stream, constants } from "node:http2";
import { plainText } from "../lib/plain-text.ts";
import { encodeFrame, StreamLink, type StreamRole } from "./grpc-link.ts";
import type { GrpcContext } from "./grpc-options.ts";
import {
  GRPC_CONTENT_TYPE,
  keepAlive,
  openWindow,
  SERVICE_PING,
  SERVICE_STREAM,
  sessionFacts,
} from "./grpc-session.ts";
import {
  decodeStatusMessage,
  GRPC_OK,
  GRPC_UNKNOWN,
  httpFault,
  resetFault,
  statusFault,
} from "./grpc-status.ts";
import { limitPieces } from "./limits.ts";
import type { Link, StreamEnd } from "./network.ts";
import { readRefusal } from "./refusal.ts";
import type { WatchedSocket } from "./socket-watch.ts";

export const LOST = "the connection was closed";

/** A connection that we have dialled: it is watched as those that we accept. */
export interface DialledSession {
  readonly session: ClientHttp2Session;
  readonly watched: WatchedSocket;
  /** `host:port` as we dialled it, for the other side. */
  readonly authority: string;
}

/** Opens a call; undefined if the session has just ended. */
export function request(
  { session, watched, authority }: DialledSession,
  path: string,
): ClientHttp2Stream | undefined {
  if (session.destroyed || session.closed) return undefined;
  const stream = session.request(
    {
      [constants.HTTP2_HEADER_METHOD]: "POST",
      [constants.HTTP2_HEADER_AUTHORITY]: authority,
      [constants.HTTP2_HEADER_PATH]: path,
      [constants.HTTP2_HEADER_CONTENT_TYPE]: GRPC_CONTENT_TYPE,
      [constants.HTTP2_HEADER_TE]: "trailers",
    },
    { endStream: false },
  );
  limitPieces(stream, watched, () => session.destroy());
  // Any number of informational responses may come before the real one.
  stream.on("headers", () => watched.countFrame() || session.destroy());
  return stream;
}

/** Follows how a call ends: its gRPC status, or the error that came instead. */
export function watchStatus(stream: ClientHttp2Stream): () => StreamEnd & { readonly ok: boolean } {
  let status: number | undefined;
  let reason = "";
  const read = (headers: Record<string, unknown>): void => {
    const code = headers["grpc-status"];
    if (code === undefined) return;
    status = Number(code);
    reason = decodeStatusMessage(String(headers["grpc-message"] ?? ""));
  };
  stream.on("error", (error) => {
    reason ||= plainText(error.message);
  });
  let http: StreamEnd | undefined;
  stream.once("response", (headers) => {
    read(headers);
    const code = Number(headers[":status"]);
    const type = headers["content-type"] ?? GRPC_CONTENT_TYPE;
    if (code !== 200) http = { fault: httpFault(code), reason: `HTTP status ${code}` };
    else if (!type.startsWith(GRPC_CONTENT_TYPE)) {
      http = { fault: "no-gossip", reason: `an answer of type ${plainText(type.slice(0, 40))}` };
    }
  });
  stream.once("trailers", read);
  return () => {
    if (status === undefined) {
      if (http !== undefined) return { ok: false, ...http };
      return { ok: false, fault: resetFault(stream.rstCode), reason: reason || LOST };
    }
    if (status === GRPC_OK)
      return { ok: true, fault: "closed", reason: "the stream ended with status OK" };
    if (status === GRPC_UNKNOWN) return { ok: false, ...readRefusal(reason) };
    const said = reason === "" ? "" : `: ${reason}`;
    return {
      ok: false,
      fault: statusFault(status, reason),
      reason: `gRPC status ${status}${said}`,
    };
  };
}

/** Asks whether anybody is there; undefined: yes. */
export function sendPing(
  dialled: DialledSession,
  done: (end: StreamEnd | undefined) => void,
): void {
  const stream = request(dialled, SERVICE_PING);
  if (stream === undefined) {
    done({ fault: "closed", reason: LOST });
    return;
  }
  const ending = watchStatus(stream);
  stream.resume(); // The answer is empty; its status is what matters.
  stream.once("close", () => {
    const end = ending();
    done(end.ok ? undefined : end);
  });
  stream.end(encodeFrame(new Uint8Array(0)));
}

/** Opens the gossip stream of a session, which it then owns. */
export function openStream(dialled: DialledSession, context: GrpcContext): Link | undefined {
  const { session, watched } = dialled;
  const facts = sessionFacts(session);
  const stream = request(dialled, SERVICE_STREAM);
  if (stream === undefined) return undefined;
  openWindow(session);
  keepAlive(session, context.timeouts.clientKeepaliveMs, context.timeouts.keepaliveTimeoutMs);
  const role: StreamRole = {
    begin: () => {}, // The request did.
    admit: () => watched.prove(true),
    // A trailer that came with the end is read first.
    end: () => setImmediate(() => session.destroy()),
    ending: watchStatus(stream),
  };
  return new StreamLink(stream, { outbound: true, ...facts }, role, context);
}
