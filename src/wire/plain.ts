/** What stands in a decoded value, before a table gives it its type. */
import type { Plain, PlainValue, Slot } from "./schema.ts";

/** Whether the value is a message, or the `{ type, value }` of a oneof. */
export function isPlain(value: unknown): value is Plain {
  return (
    typeof value === "object" &&
    value !== null &&
    !(value instanceof Uint8Array) &&
    !Array.isArray(value)
  );
}

/** The message a oneof holds if it is this slot's case; otherwise undefined. */
export function caseOf(slot: Slot, oneofValue: PlainValue): PlainValue {
  if (!isPlain(oneofValue)) return undefined;
  const { type, value } = oneofValue;
  return type === slot.type ? value : undefined;
}
