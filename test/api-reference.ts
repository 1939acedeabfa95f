/**
 * Writes docs/api.md from the declarations that `tsc` makes of the public API, so that what is said
 * there is what the docstrings say. Usage: node test/api-reference.ts
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Statement, splitStatements } from "./declarations.ts";

const ROOT = join(import.meta.dirname, "..");
export const API_DOCUMENT = join(ROOT, "docs/api.md");

/** Parts of the inside that a signature mentions: named, not described. */
const OPAQUE = new Set(["Msp", "Symbol"]);

const HEAD = `# API reference

Written by \`node test/api-reference.ts\` from the docstrings of what \`src/index.ts\` exports; a test fails when it is out of date.
[library.md](library.md) is the guide. What is not here is internal and may change without notice.
`;

interface Declaration extends Statement {
  readonly name: string;
  /** The file it stands in, and what that file imports by which name. */
  readonly module: Module;
}

interface Module {
  readonly statements: readonly Statement[];
  /** Name here to file and name there. */
  readonly imports: ReadonlyMap<string, { readonly path: string; readonly name: string }>;
  /** What was looked for here before. */
  readonly found: Map<string, Declaration>;
}

/** The whole reference as Markdown. */
export function writeReference(): string {
  const folder = mkdtempSync(join(tmpdir(), "fabric-gossip-api-"));
  try {
    const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
    const flags = ["--emitDeclarationOnly", "--noCheck", "--outDir", folder];
    // Not that of the build, which would take these declarations for its own.
    flags.push("--tsBuildInfoFile", join(folder, ".tsbuildinfo"));
    execFileSync(process.execPath, [tsc, "-p", join(ROOT, "tsconfig.build.json"), ...flags]);
    return describeModule(join(folder, "src/index.d.ts"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function describeModule(index: string): string {
  const modules = new Map<string, Module>();
  const exported = [...readModule(index, modules).imports.values()].map(({ path, name }) =>
    findDeclaration(readModule(path, modules), name),
  );
  const all = [...exported];
  for (const declaration of all) {
    if (declaration && !OPAQUE.has(declaration.name)) {
      for (const found of mentionedIn(declaration, modules)) {
        if (!all.includes(found)) all.push(found);
      }
    }
  }
  const hidden = all.filter((one) => one !== undefined && !exported.includes(one));
  if (hidden.length > 0) {
    const names = hidden.map((one) => one?.name).join(", ");
    throw new Error(`signatures name types that src/index.ts does not export: ${names}`);
  }
  return [HEAD, ...exported.flatMap((one) => (one ? [describe(one, "##")] : []))].join("\n");
}

function readModule(path: string, modules: Map<string, Module>): Module {
  const known = modules.get(path);
  if (known) return known;
  const statements = splitStatements(readFileSync(path, "utf8"));
  const imports = new Map<string, { path: string; name: string }>();
  for (const { code } of statements) {
    const [, names = "", from = ""] =
      /^(?:import|export)(?: type)? \{([^}]*)\} from "(\.[^"]*)"/.exec(code) ?? [];
    const target = join(dirname(path), from.replace(/\.ts$/, ".d.ts"));
    for (const [, name = "", alias] of names.matchAll(/(?:type )?(\w+)(?: as (\w+))?/g)) {
      imports.set(alias ?? name, { path: target, name });
    }
  }
  const module = { statements, imports, found: new Map() };
  modules.set(path, module);
  return module;
}

function findDeclaration(module: Module, name: string): Declaration | undefined {
  const known = module.found.get(name);
  if (known) return known;
  const pattern = new RegExp(`\\b(?:class|interface|type|function|const) ${name}\\b`);
  const statement = module.statements.find(({ code }) => pattern.test(firstLine(code)));
  if (statement === undefined) return undefined;
  const code = expandLists(statement.code, module);
  const declaration = { ...statement, code, name, module };
  module.found.set(name, declaration);
  return declaration;
}

/** The members of a list in place of `(typeof LIST)[number]`, which says nothing to a reader. */
function expandLists(code: string, { statements }: Module): string {
  return code.replace(/\(typeof (\w+)\)\[number\]/, (whole, list) => {
    const found = statements.find((one) => one.code.includes(`const ${list}: readonly [`));
    const text = /readonly \[(.*)\]/s.exec(found?.code ?? "")?.[1];
    const members = text?.match(/(?:\/\*\*(?:.*?)\*\/\s*)?"[^"]*"/gs) ?? [];
    return members.length === 0 ? whole : members.map((one) => `\n| ${one}`).join("");
  });
}

function* mentionedIn(
  { code, module }: Declaration,
  modules: Map<string, Module>,
): Generator<Declaration> {
  const plain = code.replaceAll(/\/\*\*.*?\*\//gs, "").replaceAll(/"[^"]*"/g, "");
  for (const [name] of plain.matchAll(/\b[A-Z]\w+/g)) {
    if (OPAQUE.has(name)) continue;
    const there = module.imports.get(name);
    const found = there
      ? findDeclaration(readModule(there.path, modules), there.name)
      : findDeclaration(module, name);
    if (found) yield found;
  }
}

function firstLine(code: string): string {
  return code.slice(0, code.indexOf("\n") < 0 ? code.length : code.indexOf("\n"));
}

function describe({ name, doc, code }: Declaration, heading: string): string {
  const title = `${heading} ${/\bfunction\b/.test(firstLine(code)) ? `${name}()` : name}\n`;
  const text = doc === "" ? [] : [`${doc}\n`];
  const body = /^(?:export )?(?:declare )?(?:abstract )?(?:class|interface) [^{]*\{(.*)\}$/s.exec(
    code,
  )?.[1];
  if (OPAQUE.has(name)) return [title, ...text, "What it holds is internal.\n"].join("\n");
  if (body === undefined) {
    const plain = code.replace(/^export /, "").replace(/^declare /, "");
    return [title, ...text, `\`\`\`ts\n${plain}\n\`\`\`\n`].join("\n");
  }
  const isClass = /^(?:export )?(?:declare )?(?:abstract )?class /.test(code);
  const members = splitStatements(body).filter(
    ({ code }) => !/^(?:#|private|protected)/.test(code),
  );
  const rows = members.map((member) => (isClass ? methodOf(member) : rowOf(member)));
  const table = isClass ? [] : ["| Property | Type | Meaning |", "|---|---|---|"];
  return [title, ...text, [...table, ...rows].join("\n"), ""].join("\n");
}

function methodOf({ code, doc }: Statement): string {
  const signature = code.replace(/;$/, "").replaceAll(/\s+/g, " ");
  const indented = doc.replaceAll(/\n(?=.)/g, "\n  ");
  return `- \`${signature}\`${doc === "" ? "" : `  \n  ${indented}`}`;
}

function rowOf({ code, doc }: Statement): string {
  const cell = (text: string): string => text.replaceAll(/\s+/g, " ").replaceAll("|", "\\|");
  const plain = code.replaceAll(/\/\*\*.*?\*\//gs, "").replace(/;$/, "");
  const [, name, optional = "", type = ""] = /^(?:readonly )?(\w+)(\??): (.*)$/s.exec(plain) ?? [];
  if (name === undefined) return `| \`${cell(plain)}\` | | ${cell(doc)} |`;
  return `| \`${name}\`${optional && " (optional)"} | \`${cell(type)}\` | ${cell(doc)} |`;
}

if (import.meta.main) writeFileSync(API_DOCUMENT, writeReference());
