/**
 * The files of the playground: its page, and one file each for page and worker, joined of the modules
 * of this package; and the modules that the page links to. From sources, types are stripped.
 */
import { readFile } from "node:fs/promises";
import { stripTypeScriptTypes } from "node:module";
import { dirname, join } from "node:path";
import { makeFolder } from "../lib/make-folder.ts";
import { writingTo } from "../lib/write-output.ts";
import { writeWhole } from "../lib/write-whole.ts";
import { bundle } from "./bundle.ts";
import { ALL_HANDLERS } from "./handlers.ts";

export interface StaticFile {
  readonly text: string;
  readonly type: string;
}

const ROOT = new URL("../../", import.meta.url);
const PAGE = "src/play/page/index.html";
/** Files that nobody imports; each is joined with all that it imports. */
const WORKER = "src/play/worker.js";
const MAIN = "src/play/page/main.js";
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
  const worker = asWorker(await bundle(WORKER, readCompact));
  files.set(WORKER, { text: worker, type: TYPES.js });
  const main = `"use strict";\n{\n${await bundle(MAIN, readCompact)}}\n`;
  files.set(MAIN, { text: main, type: TYPES.js });
  for (const file of new Set(ALL_HANDLERS.map((handler) => handler.file))) {
    const text = await readModule(file.replace(/\.ts$/, ".js"));
    files.set(file.replace(/\.ts$/, ".html"), { text: sourcePage(file, text), type: TYPES.html });
  }
  return files;
}

/**
 * A script without imports: browsers load no module from disk. There they load no worker either; as a script
 * of the page it gives its text, and the page makes a worker of it.
 */
function asWorker(code: string): string {
  return `{
const run = () => {
"use strict";
${code}};
if (typeof document === "undefined") run();
else globalThis.playgroundWorker = run;
}
`;
}

/** A module to read, with the handlers as places that a link can lead to. */
function sourcePage(file: string, code: string): string {
  const names = ALL_HANDLERS.filter((handler) => handler.file === file).map(({ name }) => name);
  const up = "../".repeat(file.split("/").length - 1);
  const lines = escapeHtml(code.trimEnd())
    .split("\n")
    .map((line) => {
      const name = names.find((one) => line.includes(`function ${one}(`));
      return name === undefined ? line : `<mark id="${name}">${line}</mark>`;
    });
  const styles = ["base", "controls"].map(
    (name) => `<link rel="stylesheet" href="${up}src/dashboard/${name}.css">`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${file}</title>
<link rel="icon" href="data:,">
${styles.join("\n")}
<link rel="stylesheet" href="${up}src/play/page/play.css">
</head>
<body class="source">
<main>
<h1>${file}</h1>
<p class="soft">As it runs in the playground, without types.</p>
<pre tabindex="0">${lines.join("\n")}</pre>
</main>
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** Writes the files into a folder, for any web server. Returns how many bytes they have. */
export async function writeFiles(folder: string): Promise<number> {
  const files = await collectFiles();
  return writingTo("--output", folder, async () => {
    let bytes = 0;
    for (const [path, { text }] of files) {
      const file = join(folder, path);
      await makeFolder(dirname(file));
      await writeWhole(file, text);
      bytes += Buffer.byteLength(text);
    }
    return bytes;
  });
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
