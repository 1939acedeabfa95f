import type { Signer } from "../core/types/host.ts";
import { Timers } from "../lib/timers.ts";
import type { Counters } from "../observe/counters.ts";
import type { Clock } from "../transport/network.ts";

/** What came of it; no signature = the signer failed or took too long. */
export type SignaturesMade = (signature?: Uint8Array, secretSignature?: Uint8Array) => void;

type Signature = Uint8Array | undefined;

interface SigningOptions {
  readonly signer: Signer;
  readonly clock: Pick<Clock, "after">;
  /** How long the signer may take; default 10_000 ms. */
  readonly timeoutMs: number | undefined;
  readonly counters: Pick<Counters, "signatures">;
}

/** The signing of a node: counted, and bounded in time. */
export class Signing {
  readonly #options: SigningOptions;
  readonly #timers: Timers;

  constructor(options: SigningOptions) {
    this.#options = options;
    this.#timers = new Timers(options.clock);
  }

  sign(payload: Uint8Array, secret: Uint8Array | undefined, signed: SignaturesMade): void {
    const { signer, timeoutMs = 10_000, counters } = this.#options;
    counters.signatures += secret ? 2 : 1;
    signBoth(signer, payload, secret, this.#timers, timeoutMs, signed);
  }

  /** Waits for no signature any longer. */
  stop(): void {
    this.#timers.stop();
  }
}

/**
 * Signs a payload and, if there is one, a secret. A signer that is at once done is answered at once,
 * so that a simulation stays in step; one that takes its time is waited for.
 */
export function signBoth(
  signer: Signer,
  payload: Uint8Array,
  secret: Uint8Array | undefined,
  clock: Pick<Clock, "after">,
  timeoutMs: number,
  signed: SignaturesMade,
): void {
  const first = attempt(signer, payload);
  const second = secret && attempt(signer, secret);
  if (first instanceof Promise || second instanceof Promise) {
    awaitBoth([first, second], clock, timeoutMs, signed);
  } else if (first !== undefined) signed(first, second);
  else signed(); // The core reports it and asks again with the next heartbeat.
}

/** A signer that throws and one whose promise is broken are the same to us: no signature. */
function attempt(signer: Signer, payload: Uint8Array): Signature | Promise<Signature> {
  try {
    const signature = signer(payload);
    return signature instanceof Promise ? signature.catch(() => undefined) : signature;
  } catch {
    return undefined;
  }
}

function awaitBoth(
  signatures: readonly [Signature | Promise<Signature>, Signature | Promise<Signature>],
  clock: Pick<Clock, "after">,
  timeoutMs: number,
  signed: SignaturesMade,
): void {
  let isOver = false;
  const finish: SignaturesMade = (signature, secretSignature) => {
    if (isOver) return;
    isOver = true;
    cancel();
    signed(signature, secretSignature);
  };
  const cancel = clock.after(timeoutMs, () => finish());
  void Promise.all(signatures).then(([first, second]) => finish(first, second));
}
