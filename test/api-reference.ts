/**
 * Writes docs/api.md from the declarations that `tsc` makes of the public API, so that what is said
 * there is what the docstrings say. Usage: node test/api-reference.ts
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Statement, splitStatements, textOf } from "./declarations.ts";

const ROOT = join(import.meta.dirname, "..");
export const API_DOCUMENT = join(ROOT, "docs/api.md");

/** Parts of the inside that a signature mentions: named, not described. */
const OPAQUE = new Set(["Msp", "Symbol"]);

const KEYS = "the keys of [configuration.md](configuration.md)";
const CAUSES = "[causes by code](troubleshooting.md#causes-by-code)";

/** What another page explains, so that this one only names it. */
export const HOMES: ReadonlyMap<string, string> = new Map([
  ...[
    "ChannelConfig",
    "Config",
    "GossipConfig",
    "GossipTls",
    "Keepalive",
    "Limits",
    "TlsFiles",
  ].map((name) => [name, KEYS] as const),
  ...[
    "ClientTlsFault",
    "ConnectionFault",
    "ContactCode",
    "HandshakeFault",
    "IdentityFault",
    "NetworkFault",
    "PresentedIdentityFault",
    "ProblemCode",
    "RefusalFault",
    "TlsFault",
  ].map((name) => [name, CAUSES] as const),
  ...[
    "ChannelOrganisationSummary",
    "ChannelSummary",
    "Counts",
    "EventCounts",
    "MemberCounts",
    "MeteredTraffic",
    "Meters",
    "OrganisationSummary",
    "Summary",
    "TopicCounts",
    "Traffic",
    "Volume",
  ].map((name) => [name, "the metrics made of them, in [metrics.md](metrics.md)"] as const),
  ["TappedMessage", "[dashboard.md](dashboard.md#get-apiv1messages)"],
  ["ChannelProblemCode", "[channels.md](channels.md#what-is-watched)"],
  ["MessagingFault", "[messages.md](messages.md#checks)"],
]);

const HEAD = `# API reference

Written by \`node test/api-reference.ts\` from the docstrings of what \`src/index.ts\` exports; a test fails when it is out of date.
[library.md](library.md) is the guide. What is not here is internal and may change without notice. \`readonly\` is left out: nothing that the node gives can be written to.
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
  return [title, ...text, ...(body ? membersOf(name, body) : typeOf(name, code)), ""].join("\n");
}

function membersOf(name: string, body: string): string[] {
  const members = splitStatements(body).filter(
    ({ code }) => !/^(?:#|private|protected)/.test(code),
  );
  const home = HOMES.get(name);
  if (home !== undefined) {
    return [`${members.map(({ code }) => signatureOf(code)).join(", ")}. Meanings: ${home}.`];
  }
  return inLines(members.map(({ code, doc }) => ({ label: signatureOf(code), doc })));
}

/** One line for each item with a meaning of its own, one for those around it that have none. */
function inLines(items: readonly { readonly label: string; readonly doc: string }[]): string[] {
  const lines: string[] = [];
  let plain: string[] = [];
  const flush = (): void => {
    if (plain.length > 0) lines.push(`- ${plain.join(", ")}`);
    plain = [];
  };
  for (const { label, doc } of items) {
    if (doc === "") {
      plain.push(label.replace(/\.$/, ""));
      continue;
    }
    flush();
    lines.push(`- ${label} ${doc.replaceAll(/\s+/g, " ")}`);
  }
  flush();
  return lines;
}

/** Nothing here can be written to, so that no line says it again. */
function signatureOf(code: string): string {
  const plain = code
    .replaceAll(/\/\*\*.*?\*\//gs, "")
    .replaceAll(/\breadonly /g, "")
    .replace(/;$/, "")
    .replaceAll(/\s+/g, " ")
    .replace(/^(\w+\?: .*) \| undefined$/, "$1");
  return `\`${plain}\``;
}

interface Choice {
  readonly doc: string;
  readonly type: string;
}

/** The alternatives of a union with their docstrings; a plain type has one. */
function choicesIn(type: string): readonly Choice[] {
  const choices: Choice[] = [];
  let [doc, text, depth] = ["", "", 0];
  const flush = (): void => {
    if (text.trim() === "") return; // A docstring stands before its "|" or behind it.
    choices.push({ doc, type: text.trim() });
    [doc, text] = ["", ""];
  };
  for (const [token] of type.matchAll(/\/\*\*.*?\*\/|"[^"]*"|=>|./gs)) {
    if (depth === 0 && token.startsWith("/**")) {
      flush();
      doc = textOf(token).replaceAll(/\s+/g, " ");
      continue;
    }
    if ("{([<".includes(token)) depth++;
    if ("})]>".includes(token)) depth--;
    if (depth === 0 && token === "|") flush();
    else text += token;
  }
  flush();
  return choices;
}

function typeOf(name: string, code: string): string[] {
  const [, type = ""] = /^export (?:declare )?type \w+ =\s(.*);$/s.exec(code) ?? [];
  const choices = choicesIn(type);
  const home = HOMES.get(name);
  if (home !== undefined || (choices.length > 1 && choices.every(({ doc }) => doc === ""))) {
    const names = choices.map((one) => `\`${one.type}\``).join(" | ");
    return [home === undefined ? names : `${names}. Meanings: ${home}.`];
  }
  if (choices.length > 1) {
    return inLines(choices.map(({ type, doc }) => ({ label: labelOf(type), doc })));
  }
  const plain = code
    .replace(/^export /, "")
    .replace(/^declare /, "")
    .replaceAll("readonly ", "");
  return [`\`\`\`ts\n${plain}\n\`\`\``];
}

/** An event by its type and its other fields; any other alternative as it is. */
function labelOf(type: string): string {
  const [, event, fields = "", rest = ""] =
    /^\(?\{\s*readonly type: ("[^"]*");(.*)\}(?: & (\w+)\))?$/s.exec(type) ?? [];
  if (event === undefined) return `\`${type}\``;
  const found = splitStatements(fields).map(
    ({ code, doc }) => signatureOf(code) + (doc === "" ? "" : ` (${doc.replace(/\.$/, "")})`),
  );
  return `${[`\`${event}\``, ...found, ...(rest === "" ? [] : [`\`${rest}\``])].join(", ")}.`;
}

if (import.meta.main) writeFileSync(API_DOCUMENT, writeReference());
