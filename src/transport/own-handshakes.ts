import type { Identity } from "../core/types/host.ts";
import { toHex } from "../wire/bytes.ts";
import type { Handshake, HandshakeOptions } from "./handshake.ts";

/** A handshake is answered within seconds; so many cover the busiest start. */
const REMEMBERED_MAX = 4_096;

type Own = Pick<HandshakeOptions, "clock" | "crypto" | "signer"> & {
  readonly self: () => Identity;
};

/** Our side of handshakes; and the latest of them, by which we know ourselves from another process with our key. */
export class OwnHandshakes {
  readonly #signatures = new Set<string>();
  readonly #own: Own;
  readonly #timeoutMs: number;

  constructor({ clock, crypto, signer, self }: Own, timeoutMs: number) {
    this.#own = { clock, crypto, signer, self };
    this.#timeoutMs = timeoutMs;
  }

  /** For a handshake that begins now. */
  options(): Omit<HandshakeOptions, "link" | "probe"> {
    const signed = (signature: Uint8Array): void => this.#note(signature);
    return { ...this.#own, self: this.#own.self(), timeoutMs: this.#timeoutMs, signed };
  }

  #note(signature: Uint8Array): void {
    this.#signatures.add(toHex(signature));
    const [oldest] = this.#signatures;
    if (this.#signatures.size > REMEMBERED_MAX && oldest) this.#signatures.delete(oldest);
  }

  /**
   * Whether another process has our identity. It proves that with a signature of its own, bound to
   * the TLS connection; without TLS it may be a replay from a former life of ours.
   */
  isTwin({ identity, envelope }: Handshake): boolean {
    return (
      identity.pkiId === this.#own.self().pkiId && !this.#signatures.has(toHex(envelope.signature))
    );
  }
}
