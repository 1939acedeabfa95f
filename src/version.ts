import { readFileSync } from "node:fs";

/** The version in package.json, which lies beside `src` and `dist` alike. */
export const VERSION: string = readVersion();

function readVersion(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  const json: unknown = JSON.parse(text);
  const version = typeof json === "object" && json && "version" in json ? json.version : undefined;
  return typeof version === "string" ? version : "unknown";
}
