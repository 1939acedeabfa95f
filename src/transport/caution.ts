import type { PiecewiseSocket } from "./piecewise-socket.ts";

/** CPU time of more than an honest handshake, in milliseconds. */
const DEAR_MS = 20;

/** No honest chain is longer: eight certificates of RSA keys of 4,096 bits. */
const TLS_BYTES_MAX = 16_384;

const ENOUGH = "its certificate and those of its intermediate CAs are enough";

/**
 * A client's certificate, that of an intermediate CA and a signature, with ECDSA or RSA keys of 2,048
 * bits. So many of the costliest certificates take 18 ms.
 */
export const CLIENT_BYTES = 2_816;

/** The same of a server, which also names the CAs that it trusts and begins with its part of the keys. */
export const SERVER_BYTES = 8_192;

/**
 * OpenSSL checks a chain of certificates in one go, as soon as its last byte has come. How long it may
 * be is known before that: for some time after one that took much time no more is taken than who is
 * honest needs.
 */
export class Caution {
  readonly #scarceBytes: number;
  readonly #lastsMs: number;
  #untilMs = 0;
  #scarceUntilMs = 0;

  /** `scarceBytes`: {@link CLIENT_BYTES} or {@link SERVER_BYTES}. */
  constructor(scarceBytes: number, lastsMs = 600_000) {
    this.#scarceBytes = scarceBytes;
    this.#lastsMs = lastsMs;
  }

  /** A connection may have kept TLS busy not long ago: new ones are better read piece by piece. */
  get isOn(): boolean {
    return performance.now() < this.#untilMs;
  }

  begin(): void {
    this.#untilMs = performance.now() + this.#lastsMs;
  }

  /** Why a connection that is not in TLS yet must end; undefined: it has brought no more than is fair. */
  objection({ bytesRead, answerBytes }: PiecewiseSocket): string | undefined {
    if (bytesRead > TLS_BYTES_MAX) return `it shows more than 16 KiB of certificates: ${ENOUGH}`;
    const isScarce = performance.now() < this.#scarceUntilMs;
    if (!isScarce || answerBytes <= this.#scarceBytes) return undefined;
    return `it shows more than ${this.#scarceBytes} bytes while long chains are refused after an attack: ${ENOUGH}`;
  }

  /** The last piece that was handed on took so much CPU time. */
  learn({ answerBytes }: PiecewiseSocket, cpuMs: number): void {
    if (cpuMs < DEAR_MS || answerBytes <= this.#scarceBytes) return;
    this.begin();
    this.#scarceUntilMs = this.#untilMs;
  }
}
