/** A signer that a program has brought: no compiler may have looked at what it returns. */
import type { Signer } from "../core/types/host.ts";
import { hasMethods, shown } from "../lib/arguments.ts";

/** The same signer, which throws, or rejects, where it would give something else than a signature. */
export function givenSigner(signer: Signer): Signer {
  return (payload) => {
    const given: unknown = signer(payload);
    // Libraries and other realms have promises of their own.
    return hasMethods(given, ["then"])
      ? Promise.resolve(given).then(signatureOf)
      : signatureOf(given);
  };
}

function signatureOf(given: unknown): Uint8Array {
  if (given instanceof Uint8Array && given.length > 0) return given;
  const what = given instanceof Uint8Array ? "no bytes" : shown(given);
  throw new Error(`the signer gave ${what}: a signature is a Uint8Array`);
}
