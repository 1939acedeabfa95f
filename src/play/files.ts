/**
 * The files of the playground: its page, and the modules that page and worker import, at their
 * places in this package. Browsers load the compiled modules without a build step; from sources,
 * types are stripped.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { stripTypeScriptTypes } from "node:module";
import { dirname, join, posix } from "node:path";
import { GossipError } from "../lib/errors.ts";
import { ALL_HANDLERS } from "./handlers.ts";

export interface StaticFile {
  readonly text: string;
  readonly type: string;
}

const ROOT = new URL("../../", import.meta.url);
const PAGE = "src/play/page/index.html";
/** Files that nobody imports; all others follow from imports. */
const ENTRIES = ["src/play/worker.js", "src/play/page/main.js"];
const TYPES = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
} as const;

/** By their paths below the folder of the page; `index.html` is the page. */
export async function collectFiles(): Promise<ReadonlyMap<string, StaticFile>> {
  const html = await readFile(new URL(PAGE, ROOT), "utf8");
  const files = new Map<string, StaticFile>([["index.html", { text: html, type: TYPES.html }]]);
  for (const [, path = ""] of html.matchAll(/href="([^":]+\.css)"/g)) {
    files.set(path, { text: await readFile(new URL(path, ROOT), "utf8"), type: TYPES.css });
  }
  const paths = new Set(ENTRIES);
  for (const path of paths) {
    const text = withoutComments(path, await readModule(path));
    files.set(path, { text, type: TYPES.js });
    for (const target of importsOf(path, text)) paths.add(target);
  }
  return files;
}

/** Writes the files into a folder, for any web server. Returns how many bytes they have. */
export async function writeFiles(folder: string): Promise<number> {
  let bytes = 0;
  try {
    for (const [path, { text }] of await collectFiles()) {
      const file = join(folder, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
      bytes += Buffer.byteLength(text);
    }
  } catch (error) {
    const problem = `--output ${folder}: cannot be written; name a folder of your own`;
    throw new GossipError("config-invalid", problem, { cause: error });
  }
  return bytes;
}

async function readModule(path: string): Promise<string> {
  try {
    return await readFile(new URL(path, ROOT), "utf8");
  } catch {
    const source = await readFile(new URL(path.replace(/\.js$/, ".ts"), ROOT), "utf8");
    return withoutTypes(source);
  }
}

/** Approximately as the compiler would leave it. */
function withoutTypes(source: string): string {
  return stripTypeScriptTypes(source)
    .replace(/(\bfrom\s*"\.[^"]+)\.ts"/g, '$1.js"')
    .replace(/[ \t]+$/gm, "")
    .replace(/\n{3,}/g, "\n\n");
}

/** Comments are kept in files that the page links to; elsewhere they waste space. */
function withoutComments(path: string, text: string): string {
  const isLinked = ALL_HANDLERS.some(({ file }) => file.replace(/\.ts$/, ".js") === path);
  return isLinked ? text : text.replace(/^[ \t]*\/\*\*[\s\S]*?\*\/[ \t]*\n/gm, "");
}

function importsOf(path: string, text: string): readonly string[] {
  const found = text.matchAll(/^(?:import|export)\s[^;"]*\bfrom\s*"(\.[^"]+)"/gm);
  return [...found].map(([, target = ""]) => posix.join(posix.dirname(path), target));
}
