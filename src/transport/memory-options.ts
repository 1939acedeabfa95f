import type { Border } from "./memory-crossing.ts";
import type { Clock } from "./network.ts";

/** What becomes of the bytes from one address to another. */
export type Route =
  /** They arrive. */
  | "pass"
  /** A dial is refused at once, as if nothing listened. Links that exist are not concerned. */
  | "refuse"
  /** They vanish: dials time out, links fall silent until the route passes again. */
  | "lose";

export interface MemoryHubOptions {
  readonly clock: Clock;
  /** Stands for SHA-256 over a certificate; default: that. */
  readonly hash?: (certificate: Uint8Array) => Uint8Array;
  /** Whether links have certificates on both sides, as with mutual TLS. Default true. */
  readonly tls?: boolean;
  /** One-way delay in milliseconds from one address to another; default 0. */
  readonly latencyMs?: (from: string, to: string) => number;
  /** Consulted whenever bytes move; default: all pass. See {@link MemoryHub.routesChanged}. */
  readonly route?: (from: string, to: string) => Route;
  /** How long a dial may take, in milliseconds; default 3_000. */
  readonly dialTimeoutMs?: number;
  /** How long a link survives on a route that loses, in milliseconds; default 80_000 (keepalive). */
  readonly silenceTimeoutMs?: number;
  /** Longest message, in bytes; default 104_857_600. */
  readonly messageBytesMax?: number;
  /** Bytes of one direction of a link under way before `send` returns false; default 65_536. */
  readonly windowBytes?: number;
  /** Hands over the sender's own bytes, which it must then never change; default: a copy. */
  readonly sharesBytes?: boolean;
  /**
   * Told of every message at the moment it is handed over, with the moment it was sent in elapsed
   * milliseconds; for measurements. Default: nobody.
   */
  readonly delivered?: (from: string, to: string, bytes: Uint8Array, sentAtMs: number) => void;
  /** Other hubs of the same network; default: it has only this one. */
  readonly border?: Border;
}

/** Without a default for what needs the platform. */
export type HubOptions = MemoryHubOptions & Required<Pick<MemoryHubOptions, "hash">>;

/** The options of a hub with their defaults filled in. */
export type MemorySettings = Required<Omit<MemoryHubOptions, "border">> &
  Pick<MemoryHubOptions, "border">;
