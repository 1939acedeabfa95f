import type { Signer } from "./core/abilities.ts";
import type { Clock } from "./transport/network.ts";

/** What came of it; no signature = the signer failed or took too long. */
type Signed = (signature?: Uint8Array, secretSignature?: Uint8Array) => void;

/**
 * Signs a payload and, if there is one, a secret. A signer that is at once done is answered at once,
 * so that a simulation stays in step; one that takes its time is waited for.
 */
export function signBoth(
  signer: Signer,
  payload: Uint8Array,
  secret: Uint8Array | undefined,
  clock: Clock,
  timeoutMs: number,
  signed: Signed,
): void {
  let signatures: readonly [ReturnType<Signer>, ReturnType<Signer> | undefined];
  try {
    signatures = [signer(payload), secret && signer(secret)];
  } catch {
    signed(); // The core reports it and asks again with the next heartbeat.
    return;
  }
  const [first, second] = signatures;
  if (first instanceof Promise || second instanceof Promise) {
    awaitBoth(signatures, clock, timeoutMs, signed);
  } else signed(first, second);
}

function awaitBoth(
  signatures: readonly [ReturnType<Signer>, ReturnType<Signer> | undefined],
  clock: Clock,
  timeoutMs: number,
  signed: Signed,
): void {
  let isOver = false;
  const finish: Signed = (signature, secretSignature) => {
    if (isOver) return;
    isOver = true;
    cancel();
    signed(signature, secretSignature);
  };
  const cancel = clock.after(timeoutMs, () => finish());
  Promise.all(signatures).then(
    ([first, second]) => finish(first, second),
    () => finish(),
  );
}
