import type { PiecewiseSocket } from "./piecewise-socket.ts";

/** CPU time of more than an honest handshake, in milliseconds. */
const DEAR_MS = 20;

/** More than that of a server may be a chain that costs us more time than a whole handshake. */
export const SERVER_BYTES = 8_192;

/**
 * About servers that we dial. OpenSSL checks a chain of certificates in one go, as soon as its last byte
 * has come. For some time after one may have kept it busy, servers are read piece by piece; if that shows
 * that one has, long chains are refused for as long.
 */
export class Caution {
  readonly #lastsMs: number;
  #untilMs = 0;
  #refusesUntilMs = 0;

  constructor(lastsMs = 600_000) {
    this.#lastsMs = lastsMs;
  }

  get isOn(): boolean {
    return performance.now() < this.#untilMs;
  }

  begin(): void {
    this.#untilMs = performance.now() + this.#lastsMs;
  }

  /** Why a connection must end before TLS is established; undefined: it need not. */
  objection({ bytesRead }: PiecewiseSocket): string | undefined {
    if (bytesRead <= SERVER_BYTES || performance.now() >= this.#refusesUntilMs) return undefined;
    return "it shows more than 8 KiB of certificates while TLS is under attack";
  }

  /** The last piece that was handed on took so much CPU time. */
  learn({ bytesRead }: PiecewiseSocket, cpuMs: number): void {
    if (cpuMs < DEAR_MS || bytesRead <= SERVER_BYTES) return;
    this.begin();
    this.#refusesUntilMs = this.#untilMs;
  }
}
