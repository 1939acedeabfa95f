/**
 * The files of the playground: its page, and one file each for page and worker, joined of the modules
 * of this package; and the modules that the page links to. From sources, types are stripped.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { stripTypeScriptTypes } from "node:module";
import { dirname, join } from "node:path";
import { GossipError } from "../lib/errors.ts";
import { bundle } from "./bundle.ts";
import { ALL_HANDLERS } from "./handlers.ts";

export interface StaticFile {
  readonly text: string;
  readonly type: string;
}

const ROOT = new URL("../../", import.meta.url);
const PAGE = "src/play/page/index.html";
/** Files that nobody imports; each is joined with all that it imports. */
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
  const readCompact = async (path: string): Promise<string> => compact(await readModule(path));
  for (const path of ENTRIES) {
    files.set(path, { text: await bundle(path, readCompact), type: TYPES.js });
  }
  for (const { file } of ALL_HANDLERS) {
    const path = file.replace(/\.ts$/, ".js");
    files.set(path, { text: await readModule(path), type: TYPES.js });
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

/** Approximately as the compiler would leave it, without the blanks that take the place of types. */
function withoutTypes(source: string): string {
  const code = stripTypeScriptTypes(source);
  return code
    .replace(/ +/g, (blanks, at: number) => {
      if (source.startsWith(blanks, at)) return blanks;
      return /[\w${=]/.test(code[at + blanks.length] ?? "") ? " " : "";
    })
    .replace(/(\bfrom\s*"\.[^"]+)\.ts"/g, '$1.js"')
    .replace(/[ \t]+$/gm, "")
    .replace(/\n{3,}/g, "\n\n");
}

/** Nobody reads comments and indentation here, as the page links to other files. */
function compact(text: string): string {
  const code = text.replace(/^[ \t]*\/\*\*[\s\S]*?\*\/[ \t]*\n/gm, "");
  return hasLongTemplate(code) ? code : code.replace(/^[ \t]*(?:\/\/.*)?\n|^[ \t]+/gm, "");
}

/** Whether a text spans lines: there, indentation counts. */
function hasLongTemplate(code: string): boolean {
  return code.split("\n").some((line) => line.split("`").length % 2 === 0);
}
