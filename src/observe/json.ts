/**
 * The edge to HTTP: JSON has no dates, bytes or integers of 64 bits. They become ISO 8601, base64 and
 * decimal digits.
 */

/** A value as it arrives over HTTP. */
export type Json<T> = T extends Date | bigint | Uint8Array
  ? string
  : T extends readonly (infer E)[]
    ? readonly Json<E>[]
    : T extends object
      ? { readonly [K in keyof T]: Json<T[K]> }
      : T;

/** The same value with text in place of what JSON does not have. */
export function toJson<T>(value: T): Json<T>;
export function toJson(value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (Array.isArray(value)) return value.map(toJson);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, toJson(inner)]));
}
