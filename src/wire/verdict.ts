/**
 * The answer to something a peer sent: either a value, or a code that names what is wrong with it.
 * A peer's mistake is an ordinary result: it is counted by its code and survived, never thrown.
 */
export type Verdict<T, Code extends string = string> =
  | { readonly ok: true; readonly value: T }
  | {
      readonly ok: false;
      readonly code: Code;
      /** Human-readable detail; part of a sentence. Never affects a decision. */
      readonly reason?: string;
    };

export function accept<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value };
}

export function reject<Code extends string>(
  code: Code,
): { readonly ok: false; readonly code: Code } {
  return { ok: false, code };
}
