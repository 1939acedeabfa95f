/** How a gRPC call ends: a code, and a message for people. */
import { plainText } from "../lib/plain-text.ts";

/** The gRPC status codes that we send or tell apart. */
export const GRPC_OK = 0;
const GRPC_CANCELLED = 1;
export const GRPC_UNKNOWN = 2;
const GRPC_DEADLINE_EXCEEDED = 4;
const GRPC_PERMISSION_DENIED = 7;
export const GRPC_RESOURCE_EXHAUSTED = 8;
export const GRPC_UNIMPLEMENTED = 12;
const GRPC_UNAVAILABLE = 14;
const GRPC_UNAUTHENTICATED = 16;

/** Why a call came to nothing by its gRPC status, whoever has set it: peer, other server, proxy. */
export const STATUS_FAULTS = [
  /** It speaks gRPC, and knows no such service. */
  "no-gossip",
  /** It, or who is behind it, is not there at present. */
  "unavailable",
  /** It limits how much is asked. */
  "overloaded",
  /** It lets a call last so long and no longer. */
  "deadline",
  /** A rule there keeps us out. */
  "access-denied",
  /** It has failed itself. */
  "failed-there",
] as const;

export type StatusFault = (typeof STATUS_FAULTS)[number];

const BY_STATUS: ReadonlyMap<number, StatusFault | "closed"> = new Map([
  [GRPC_CANCELLED, "closed"],
  [GRPC_DEADLINE_EXCEEDED, "deadline"],
  [GRPC_PERMISSION_DENIED, "access-denied"],
  [GRPC_RESOURCE_EXHAUSTED, "overloaded"],
  [GRPC_UNIMPLEMENTED, "no-gossip"],
  [GRPC_UNAVAILABLE, "unavailable"],
  [GRPC_UNAUTHENTICATED, "access-denied"],
]);

/** As gRPC maps them (http-grpc-status-mapping.md), but for 429, which says more here. */
const BY_HTTP: ReadonlyMap<number, StatusFault> = new Map([
  [401, "access-denied"],
  [403, "access-denied"],
  [404, "no-gossip"],
  [429, "overloaded"],
  [502, "unavailable"],
  [503, "unavailable"],
  [504, "unavailable"],
]);

/** Both gRPC in Go and we name sizes in this status: too much in one message, not in all. */
const TOO_LARGE = /larger than max|bytes is above|not finished/;

/** What a gRPC status other than OK and UNKNOWN means. */
export function statusFault(
  status: number,
  message: string,
): StatusFault | "closed" | "message-too-large" {
  if (status === GRPC_RESOURCE_EXHAUSTED && TOO_LARGE.test(message)) return "message-too-large";
  return BY_STATUS.get(status) ?? "failed-there";
}

/** What an HTTP status other than 200 means. */
export function httpFault(status: number): StatusFault | "protocol" {
  return BY_HTTP.get(status) ?? "protocol";
}

/** Error codes of HTTP/2 (RFC 9113, section 7). */
const RESETS: ReadonlyMap<number, StatusFault> = new Map([
  [0x2, "failed-there"], // INTERNAL_ERROR
  [0x7, "unavailable"], // REFUSED_STREAM
  [0xb, "overloaded"], // ENHANCE_YOUR_CALM
]);

/** What it means that a stream was reset with this code of HTTP/2, without a status. */
export function resetFault(code: number | undefined): StatusFault | "closed" {
  return RESETS.get(code ?? 0) ?? "closed";
}

export function isStatusFault(fault: string): fault is StatusFault {
  return STATUS_FAULTS.some((one) => one === fault);
}

/** Why a call ends, as the gRPC status to answer with. */
export interface FrameFault {
  readonly status: number;
  readonly reason: string;
  /** A limit was broken that holds for first messages only. */
  readonly isOfFirst?: boolean;
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
