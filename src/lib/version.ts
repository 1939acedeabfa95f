import { readFileSync } from "node:fs";
import { findPackageJSON } from "node:module";

/** The version in package.json, wherever this file lies compiled. */
export const VERSION: string = readVersion();

function readVersion(): string {
  const path = findPackageJSON(import.meta.url);
  const json: unknown = path === undefined ? undefined : JSON.parse(readFileSync(path, "utf8"));
  const version = typeof json === "object" && json && "version" in json ? json.version : undefined;
  return typeof version === "string" ? version : "unknown";
}
