/** The values of a configuration, decoded by the tables of their groups. */

import { EMPTY_BYTES } from "../../wire/bytes.ts";
import { decode } from "../../wire/decode.ts";
import type { Schema, Value } from "../../wire/schema.ts";
import type { ConfigFault, ConfigFaultCode, ConfigTree } from "../types/configuration.ts";

/** Records a fault at a path. */
export function addFault(
  faults: ConfigFault[],
  code: ConfigFaultCode,
  path: string,
  detail: string,
): void {
  faults.push({ code, path, detail });
}

type Schemas = { readonly [name: string]: Schema };
type Values<T extends Schemas> = { readonly [K in keyof T]: Value<T[K]> };

/**
 * The values of a group: one for each name of the table, with defaults where there is none. A value
 * of another name is a fault, as in Fabric (`DeserializeProtoValuesFromGroup`).
 */
export function readValues<T extends Schemas>(
  tree: ConfigTree,
  path: string,
  schemas: T,
  faults: ConfigFault[],
): Values<T>;
export function readValues(
  tree: ConfigTree,
  path: string,
  schemas: Schemas,
  faults: ConfigFault[],
): unknown {
  for (const name of tree.values.keys()) {
    if (!Object.hasOwn(schemas, name)) {
      addFault(faults, "config-unknown-value", `${path}/${name}`, "no version of Fabric knows it");
    }
  }
  const read = ([name, schema]: [string, Schema]): [string, unknown] => {
    const bytes = tree.values.get(name)?.value ?? EMPTY_BYTES;
    const decoded = decode(schema, bytes);
    if (decoded.ok) return [name, decoded.value];
    addFault(faults, "config-malformed", `${path}/${name}`, `it is ${decoded.code}`);
    return [name, schema.defaults];
  };
  return Object.fromEntries(Object.entries(schemas).map(read));
}

const UNIT_NANOSECONDS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3_600e9,
};
const DURATION = /^\+?(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|\u00b5s|\u03bcs|ms|s|m|h))+$/;
const INT64_MAX = 2 ** 63;

/** Whether Go's `time.ParseDuration` reads a duration above zero. */
export function isPositiveDuration(text: string): boolean {
  if (text.length > 100 || !DURATION.test(text)) return false;
  let nanoseconds = 0;
  for (const [, number, unit] of text.matchAll(/([\d.]+)([a-z\u00b5\u03bc]+)/g)) {
    nanoseconds += Math.floor(Number(number) * (UNIT_NANOSECONDS[unit ?? ""] ?? 0));
  }
  return nanoseconds > 0 && nanoseconds < INT64_MAX;
}

/** An IPv6 address gets the brackets that it needs before a port, as in Fabric (`net.JoinHostPort`). */
export function withBrackets<T extends { readonly host: string }>(address: T): T {
  const { host } = address;
  return host.includes(":") && !host.startsWith("[") ? { ...address, host: `[${host}]` } : address;
}
