import { EMPTY_BYTES } from "../wire/bytes.ts";
import { Caution } from "./caution.ts";
import { DialFilter, type DialRules } from "./dial-rules.ts";
import { FairScheduler, PartialFrameBudget } from "./limits.ts";
import { SocketWatch } from "./socket-watch.ts";
import type { TlsJudge } from "./tls-credentials.ts";

/** All in milliseconds. */
export interface GrpcTimeouts {
  /** Name, TCP, TLS and HTTP/2 settings of a dial; default 3_000 (Fabric: `dialTimeout`). */
  readonly dialTimeoutMs: number;
  /** A unary Ping; default 2_000 (Fabric: `connTimeout`). */
  readonly connTimeoutMs: number;
  /** TCP to HTTP/2 settings of an accepted socket; default 5_000 (`peer.connectiontimeout`). */
  readonly acceptTimeoutMs: number;
  /** How long an accepted connection may carry no stream; default 30_000. No limit in Fabric. */
  readonly idleTimeoutMs: number;
  /** Silence after which a dialled connection is pinged; default 60_000, and never less: Fabric
   * disconnects clients that ping more often (`peer.keepalive.client.interval`). */
  readonly clientKeepaliveMs: number;
  /** The same for accepted connections; default 7_200_000 (`peer.keepalive.interval`). */
  readonly serverKeepaliveMs: number;
  /** How long an answer to such a ping may take; default 20_000 (`peer.keepalive.timeout`). */
  readonly keepaliveTimeoutMs: number;
}

export interface GrpcLimits {
  /**
   * Longest message read, in bytes; default 104_857_600 (`peer.maxRecvMsgSize`). Messages of which
   * only a part has come may not take more together, over all links.
   */
  readonly receivedBytesMax: number;
  /**
   * How fast one stream is read, each message counting 400 bytes more; default 4_194_304. Who sends
   * faster waits. Four seconds' worth can be saved up.
   */
  readonly receivedBytesPerSecond: number;
  /**
   * Longest first message of a stream, in bytes; default 262_144. It is the handshake, and comes
   * from a stranger: without this limit a few of them could fill the memory. No limit in Fabric.
   */
  readonly firstBytesMax: number;
  /** Longest message sent, in bytes; default 104_857_600 (`peer.maxSendMsgSize`). */
  readonly sentBytesMax: number;
  /**
   * Accepted sockets at any time; default 1_000. A further one takes the place of the oldest whose
   * dialler has not proven who it is, of the worst address (see {@link Standing}); if all have, it is
   * closed at once.
   */
  readonly connectionsMax: number;
  /** Accepted sockets of one address (see {@link originOf}) whose diallers have not proven who they are; default 100. */
  readonly unprovenPerAddressMax: number;
  /**
   * Accepted sockets that have not finished TLS and HTTP/2 settings; default 100. A further one takes
   * the place of the oldest of the worst address.
   */
  readonly handshakesMax: number;
}

const GRPC_TIMEOUTS: GrpcTimeouts = {
  dialTimeoutMs: 3_000,
  connTimeoutMs: 2_000,
  acceptTimeoutMs: 5_000,
  idleTimeoutMs: 30_000,
  clientKeepaliveMs: 60_000,
  serverKeepaliveMs: 7_200_000,
  keepaliveTimeoutMs: 20_000,
};

const GRPC_LIMITS: GrpcLimits = {
  receivedBytesMax: 104_857_600,
  receivedBytesPerSecond: 4_194_304,
  firstBytesMax: 262_144,
  sentBytesMax: 104_857_600,
  connectionsMax: 1_000,
  unprovenPerAddressMax: 100,
  handshakesMax: 100,
};

/** What both roles count. Totals since the start; `*Open` are current. */
export interface GrpcStats {
  /** Sockets accepted and gone again (Fabric: `grpc_comm_conn_opened`, `grpc_comm_conn_closed`). */
  accepted: number;
  acceptedClosed: number;
  /** Dials that ended with an open stream. */
  dialled: number;
  messagesReceived: number;
  messagesSent: number;
  bytesReceived: number;
  bytesSent: number;
  /** Accepted sockets that never became a connection, by reason. */
  readonly refused: Record<AcceptFault, number>;
}

/** Why an accepted socket did not become a connection. */
export type AcceptFault =
  /** More sockets than allowed, and this one was the oldest without proof of the worst address, or all had it. */
  | "too-many-connections"
  /** More than `handshakesMax` sockets in their handshake, this one for longest of the worst address. */
  | "too-many-handshakes"
  /** It opened streams faster than anybody needs them. */
  | "too-many-streams"
  /** It sent frames that bring no messages, or messages in tiny pieces, by the thousand; or its address did. */
  | "too-many-frames"
  /** Not finished within `acceptTimeoutMs`. */
  | "timeout"
  /** The TLS handshake failed, or the socket was closed in the middle. */
  | "tls"
  /** Not HTTP/2, or its rules were broken. */
  | "protocol";

function createGrpcStats(): GrpcStats {
  return {
    accepted: 0,
    acceptedClosed: 0,
    dialled: 0,
    messagesReceived: 0,
    messagesSent: 0,
    bytesReceived: 0,
    bytesSent: 0,
    refused: {
      "too-many-connections": 0,
      "too-many-handshakes": 0,
      "too-many-streams": 0,
      "too-many-frames": 0,
      timeout: 0,
      tls: 0,
      protocol: 0,
    },
  };
}

/** What the two roles share. */
export interface GrpcContext {
  readonly timeouts: GrpcTimeouts;
  readonly limits: GrpcLimits;
  readonly stats: GrpcStats;
  readonly scheduler: FairScheduler;
  readonly partialFrames: PartialFrameBudget;
  readonly dialFilter: DialFilter;
  readonly sockets: SocketWatch;
  /** About those whom we dial. */
  readonly caution: Caution;
  /** Asked about chains that OpenSSL refuses; default: its word stands. */
  readonly judgeTls: TlsJudge | undefined;
}

/** Small beginnings beside one of the longest messages: 4 KiB for each of a thousand links. */
const PARTIAL_SLACK_BYTES = 4_194_304;

export function createGrpcContext(
  timeouts: Partial<GrpcTimeouts> = {},
  limits: Partial<GrpcLimits> = {},
  dialRules: DialRules = { deny: [], ownPorts: [], homes: [], exempt: [] },
  judgeTls?: TlsJudge,
  partialFrames?: PartialFrameBudget,
  caution = new Caution(),
): GrpcContext {
  const allLimits = { ...GRPC_LIMITS, ...limits };
  const allTimeouts = { ...GRPC_TIMEOUTS, ...timeouts };
  return {
    timeouts: allTimeouts,
    limits: allLimits,
    stats: createGrpcStats(),
    scheduler: new FairScheduler(),
    partialFrames:
      partialFrames ?? new PartialFrameBudget(allLimits.receivedBytesMax + PARTIAL_SLACK_BYTES),
    dialFilter: new DialFilter(dialRules),
    // What came may be on its way to a stream that is read slowly.
    sockets: new SocketWatch({
      burst: 2 * CONNECTION_WINDOW_BYTES,
      perSecond: allLimits.receivedBytesPerSecond,
    }),
    caution,
    judgeTls,
  };
}

/**
 * So many connections wait to be accepted, as in Go, or as many as the kernel allows. Node accepts one in a
 * round of the event loop, and beyond its own 511 a newcomer tries again after seconds.
 */
export const BACKLOG = 4_096;

const KIB = 1_024;

/** What one stream, and one connection, may send us ahead of our reading. */
const STREAM_WINDOW_BYTES = 256 * KIB;
export const CONNECTION_WINDOW_BYTES = 1_024 * KIB;

/** Limits against hostile HTTP/2; the rest (resets, empty frames) Node and nghttp2 bound. */
export const HTTP2_LIMITS = {
  streamResetBurst: 16,
  streamResetRate: 1,
  maxHeaderListPairs: 64,
  maxSessionInvalidFrames: 100,
  maxSessionMemory: 10,
  settings: {
    enablePush: false,
    initialWindowSize: STREAM_WINDOW_BYTES,
    // A peer has a Ping or a GossipStream open, rarely both.
    maxConcurrentStreams: 16,
    maxHeaderListSize: 8 * KIB,
  },
} as const;

export const NO_HASH: Uint8Array = EMPTY_BYTES;
