/** The accepting side of one gRPC call: request headers, Ping, and the end of a stream. */
import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { encodeFrame, FrameReader, StreamLink, type StreamRole } from "./grpc-link.ts";
import type { GrpcContext } from "./grpc-options.ts";
import {
  GRPC_CONTENT_TYPE,
  SERVICE_PING,
  SERVICE_STREAM,
  type SessionFacts,
} from "./grpc-session.ts";
import {
  encodeStatusMessage,
  type FrameFault,
  GRPC_OK,
  GRPC_UNIMPLEMENTED,
} from "./grpc-status.ts";
import type { Link, StreamEnd } from "./network.ts";

/** The Ping request is an empty message; more than this is none. */
const PING_BYTES_MAX = 4_096;
/** How long an ended stream may take to deliver its status before it is cut. */
const GRACE_MS = 500;

/** What is wrong with a request: an HTTP status, or a gRPC status if it is gRPC at all. */
interface RequestFault {
  readonly httpStatus: 200 | 415;
  readonly grpc?: FrameFault;
}

export function requestFault(headers: IncomingHttpHeaders): RequestFault | undefined {
  const contentType = headers["content-type"] ?? "";
  const isGrpc = /^application\/grpc($|[+;])/.test(contentType);
  if (headers[":method"] !== "POST" || !isGrpc) return { httpStatus: 415 };
  const path = headers[":path"];
  if (path === SERVICE_PING || path === SERVICE_STREAM) return undefined;
  return { httpStatus: 200, grpc: { status: GRPC_UNIMPLEMENTED, reason: "unknown method" } };
}

/** Answers with headers only. */
export function refuseCall(stream: ServerHttp2Stream, fault: RequestFault): void {
  if (stream.destroyed || stream.headersSent) return;
  const headers = { ":status": fault.httpStatus, "content-type": GRPC_CONTENT_TYPE };
  stream.respond({ ...headers, ...statusHeaders(fault.grpc) }, { endStream: true });
  cutLater(stream);
}

function statusHeaders(fault: FrameFault | undefined) {
  if (fault === undefined) return {};
  const { status, reason } = fault;
  return { "grpc-status": String(status), "grpc-message": encodeStatusMessage(reason) };
}

/**
 * A dialler that has got its status closes the stream too. Resetting it here at once would overtake
 * the status; so it is cut only if that does not happen.
 */
function cutLater(stream: ServerHttp2Stream): void {
  const cut = setTimeout(() => stream.destroy(), GRACE_MS);
  stream.once("close", () => clearTimeout(cut));
}

const OK: FrameFault = { status: GRPC_OK, reason: "" };

/** A response that begins when there is a reason to: nobody gets one for mere request headers. */
class Response {
  readonly #stream: ServerHttp2Stream;
  #status = OK;

  constructor(stream: ServerHttp2Stream) {
    this.#stream = stream;
  }

  /** Sends the headers, once. The status follows in the trailers, when the stream is ended. */
  begin(): void {
    const stream = this.#stream;
    if (stream.headersSent || stream.destroyed) return;
    stream.respond(
      { ":status": 200, "content-type": GRPC_CONTENT_TYPE },
      { waitForTrailers: true, endStream: false },
    );
    stream.once("wantTrailers", () => {
      if (!stream.destroyed) stream.sendTrailers(statusHeaders(this.#status));
    });
  }

  end(fault: FrameFault = OK): void {
    const stream = this.#stream;
    if (stream.destroyed || stream.writableEnded) return;
    if (!stream.headersSent) {
      refuseCall(stream, { httpStatus: 200, grpc: fault });
      return;
    }
    this.#status = fault;
    stream.end();
    cutLater(stream);
  }
}

/** Answers Empty, whatever the caller is: Ping needs no identity (spec A 6.3). */
export function answerPing(stream: ServerHttp2Stream, { timeouts }: GrpcContext): void {
  if (stream.destroyed) return;
  const response = new Response(stream);
  const reader = new FrameReader(PING_BYTES_MAX, PING_BYTES_MAX);
  const tooSlow = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), timeouts.connTimeoutMs);
  stream.once("close", () => clearTimeout(tooSlow));
  stream.on("data", (chunk: Uint8Array) => {
    if (stream.writableEnded) return;
    reader.push(chunk);
    if (reader.next() !== undefined) {
      response.begin();
      stream.write(encodeFrame(new Uint8Array(0)));
      response.end();
    } else if (reader.fault !== undefined) {
      response.end(reader.fault);
    }
  });
  stream.once("end", () => response.end());
}

/** The gossip stream a dialler has opened. Undefined if it is gone already. */
export function acceptStream(
  stream: ServerHttp2Stream,
  facts: SessionFacts,
  guest: Pick<StreamRole, "admit">,
  context: GrpcContext,
): Link | undefined {
  if (stream.destroyed) return undefined;
  let ending: StreamEnd = { fault: "closed", reason: "the other side left" };
  const response = new Response(stream);
  const role: StreamRole = {
    ...guest,
    begin: () => response.begin(),
    end: (fault) => response.end(fault),
    ending: () => ending,
  };
  stream.on("error", (error) => {
    ending = { fault: "closed", reason: error.message };
  });
  return new StreamLink(stream, { outbound: false, ...facts }, role, context);
}
