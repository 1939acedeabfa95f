/** One gRPC call with one answer, to a service other than gossip. */
import type { DialledSession } from "./grpc-dialled-call.ts";
import { request, watchStatus } from "./grpc-dialled-call.ts";
import { encodeFrame, FrameReader } from "./grpc-link.ts";
import { sessionFacts } from "./grpc-session.ts";
import type { NetworkFault } from "./network.ts";

/** What is asked, and what may come of it. */
export interface UnaryCall {
  /** `/package.Service/Method`. */
  readonly path: string;
  /** The request; `localCertHash`: SHA-256 of the certificate that we show in TLS, empty without. */
  readonly request: (localCertHash: Uint8Array) => Promise<Uint8Array>;
  readonly answerBytesMax: number;
}

export type UnaryAnswer =
  | { readonly ok: true; readonly value: Uint8Array }
  | { readonly ok: false; readonly fault: NetworkFault; readonly reason: string };

/** Calls a peer at an endpoint, over a connection of its own. */
export type CallPeer = (endpoint: string, call: UnaryCall) => Promise<UnaryAnswer>;

/** Sends the request and waits for its answer; the session ends with it. */
export async function callUnary(
  dialled: DialledSession,
  { path, request: make, answerBytesMax }: UnaryCall,
): Promise<UnaryAnswer> {
  const { session } = dialled;
  const bytes = await make(sessionFacts(session).localCertHash);
  const stream = request(dialled, path);
  if (stream === undefined) {
    return { ok: false, fault: "closed", reason: "the connection was closed" };
  }
  const ending = watchStatus(stream);
  const reader = new FrameReader(answerBytesMax, answerBytesMax);
  let answer: Uint8Array | undefined;
  stream.on("data", (chunk: Uint8Array) => {
    reader.push(chunk);
    answer ??= reader.next();
    if (reader.fault !== undefined) stream.destroy();
  });
  const closed = new Promise<void>((resolve) => stream.once("close", resolve));
  stream.end(encodeFrame(bytes));
  await closed;
  session.destroy();
  const end = ending();
  if (reader.fault !== undefined) {
    return { ok: false, fault: "message-too-large", reason: reader.fault.reason };
  }
  if (!end.ok) return { ok: false, fault: end.fault, reason: end.reason };
  if (answer !== undefined) return { ok: true, value: answer };
  return { ok: false, fault: "protocol", reason: "it answered nothing" };
}
