/**
 * Whose certificates were refused lately, whoever brought them: a handshake, an alive message or a
 * pull. So that `why` can name the organisation of a peer that never became anybody here.
 */

import type { Crypto, IdentityFault, PkiId } from "../../core/types/host.ts";
import { BoundedMap } from "../../lib/bounded-map.ts";
import { computePkiId } from "../../msp/identity.ts";
import type { Clock } from "../../transport/network.ts";
import { decode } from "../../wire/decode.ts";
import { SERIALIZED_IDENTITY } from "../../wire/messages.ts";

/** A certificate that was not believed. What it says of itself is a claim of a stranger. */
export interface RefusedIdentity {
  readonly pkiId: PkiId;
  /** The organisation it claims; cut if it is long. */
  readonly mspId: string;
  readonly code: IdentityFault;
  /** What is known of it beside the code. */
  readonly reason: string;
  /** The last time. */
  readonly time: Date;
}

/** The oldest gives way. */
const REFUSALS_MAX = 500;
/** Larger ones, which no CA makes, are not looked at again: nobody shall have us hash them. */
const IDENTITY_BYTES_MAX = 8_192;
const SHOWN_CHARACTERS_MAX = 100;

export interface Refusals {
  /** The same abilities; what is refused is remembered. */
  readonly crypto: Crypto;
  of(pkiId: string): RefusedIdentity | undefined;
  all(): Iterable<RefusedIdentity>;
}

/** Remembers what `crypto` refuses from now on. */
export function createRefusals(crypto: Crypto, clock: Clock): Refusals {
  const refusals = new BoundedMap<string, RefusedIdentity>(REFUSALS_MAX);
  const note = (bytes: Uint8Array, code: IdentityFault, reason: string): void => {
    if (bytes.length > IDENTITY_BYTES_MAX) return;
    const decoded = decode(SERIALIZED_IDENTITY, bytes);
    if (!decoded.ok) return;
    const { mspid, idBytes } = decoded.value;
    const pkiId = computePkiId(mspid, idBytes);
    const mspId = mspid.slice(0, SHOWN_CHARACTERS_MAX);
    const time = new Date(clock.now().wallMs);
    refusals.set(pkiId, { pkiId, mspId, code, reason, time });
  };
  return {
    crypto: {
      ...crypto,
      identify(bytes, areKept) {
        const verdict = crypto.identify(bytes, areKept);
        if (!verdict.ok) note(bytes, verdict.code, verdict.reason ?? "");
        return verdict;
      },
    },
    of: (pkiId) => refusals.get(pkiId),
    all: () => refusals.values(),
  };
}
