/** How a gRPC call ends: a code, and a message for people. */
import { plainText } from "../lib/plain-text.ts";

/** The gRPC status codes that we send or tell apart. */
export const GRPC_OK = 0;
export const GRPC_UNKNOWN = 2;
export const GRPC_RESOURCE_EXHAUSTED = 8;
export const GRPC_UNIMPLEMENTED = 12;

/** Why a call ends, as the gRPC status to answer with. */
export interface FrameFault {
  readonly status: number;
  readonly reason: string;
}

/** `grpc-message` travels percent-encoded; a wrong encoding is shown as it came. */
export function decodeStatusMessage(text: string): string {
  try {
    return plainText(decodeURIComponent(text));
  } catch {
    return plainText(text);
  }
}

export function encodeStatusMessage(text: string): string {
  return encodeURIComponent(plainText(text));
}
