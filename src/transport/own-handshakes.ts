import type { PkiId } from "../core/types/host.ts";
import { toHex } from "../wire/bytes.ts";
import type { Handshake } from "./handshake.ts";

/** A handshake is answered within seconds; so many cover the busiest start. */
const REMEMBERED_MAX = 4_096;

/** Our latest handshakes, by which we know ourselves from another process with our key. */
export class OwnHandshakes {
  readonly #signatures = new Set<string>();
  readonly #self: () => PkiId;

  constructor(self: () => PkiId) {
    this.#self = self;
  }

  note(signature: Uint8Array): void {
    this.#signatures.add(toHex(signature));
    const [oldest] = this.#signatures;
    if (this.#signatures.size > REMEMBERED_MAX && oldest) this.#signatures.delete(oldest);
  }

  /**
   * Whether another process has our identity. It proves that with a signature of its own, bound to
   * the TLS connection; without TLS it may be a replay from a former life of ours.
   */
  isTwin({ identity, envelope }: Handshake): boolean {
    return identity.pkiId === this.#self() && !this.#signatures.has(toHex(envelope.signature));
  }
}
