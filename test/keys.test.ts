/** Keys and limits that sentences and documents name are keys that exist. */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ALL_KEYS } from "../src/config/keys.ts";
import { envName } from "../src/config/source.ts";

const ROOT = join(import.meta.dirname, "..");
const FILES = globSync(
  [
    "README.md",
    "SECURITY.md",
    "docs/*.md",
    "src/**/*.ts",
    "src/dashboard/*.js",
    "deploy/**/*.{md,yaml,yml}",
  ],
  { cwd: ROOT },
).filter((path) => !/\.test\.ts$|testing/.test(path));

/** Sections are named too: `peer.gossip`, `fabricGossip.limits`. */
const known = new Set(
  ALL_KEYS.flatMap(({ name }) => {
    const parts = name.toLowerCase().split(".");
    return parts.map((_, i) => parts.slice(0, i + 1).join("."));
  }),
);

/** In code only what stands in texts and comments: properties of our own objects look the same. */
function textsOf(code: string): string {
  const plain = code.replace(/\$\{[^}]*\}/g, "");
  const texts = plain.match(/"[^"\n]*"|`[^`\n]*`|\/\*\*.*?\*\/|\/\/[^\n]*/gs) ?? [];
  return texts.join("\n");
}

/** Keys of Fabric that are named and not read: state transfer is a channel's. */
const FABRICS = /^peer\.gossip\.state\./;
/** Named because they are misspelt. */
const MISSPELT = new Set(["CORE_FABRICGOSSIP_STATDIR"]);

test("every key of ours and of gossip that is named somewhere exists", () => {
  const wrong: string[] = [];
  for (const path of FILES) {
    const text = readFileSync(join(ROOT, path), "utf8");
    const prose = path.endsWith(".ts") ? textsOf(text) : text;
    for (const [name] of prose.matchAll(
      /\b(?:fabricGossip|peer\.gossip|peer\.tls|peer\.keepalive)(?:\.[A-Za-z]+)+/g,
    )) {
      if (!known.has(name.toLowerCase()) && !FABRICS.test(name)) wrong.push(`${path}: ${name}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test("every variable of ours that a document names exists", () => {
  const variables = new Set(ALL_KEYS.flatMap(({ name, env }) => [envName(name), ...env]));
  const wrong: string[] = [];
  for (const path of FILES.filter((one) => !one.endsWith(".ts"))) {
    const text = readFileSync(join(ROOT, path), "utf8");
    for (const [name] of text.matchAll(/\bCORE_(?:FABRICGOSSIP|PEER_GOSSIP)_[A-Z_]*[A-Z]\b/g)) {
      if (!variables.has(name) && !MISSPELT.has(name)) wrong.push(`${path}: ${name}`);
    }
  }
  assert.deepEqual(wrong, []);
});
