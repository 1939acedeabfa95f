/** Results as tables and charts: on the terminal, or in the documents. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readResults } from "./all.ts";
import { judgeGoals } from "./goals.ts";
import { pictures } from "./pictures.ts";
import { tables } from "./tables.ts";

const ROOT = join(import.meta.dirname, "..");
const PAGE = join(ROOT, "docs/performance.md");
const IMAGES = join(ROOT, "docs/images");

/**
 * Prints the goals; writes the charts beside the results or, with the tables, into the documents.
 */
export async function writeReport(folder: string, target: "docs" | undefined): Promise<void> {
  const results = await readResults(folder);
  for (const { what, goal, measured, isMet } of judgeGoals(results)) {
    process.stdout.write(`${mark(isMet).padEnd(7)} ${what}: ${measured} (goal: ${goal})\n`);
  }
  const images = target === "docs" ? IMAGES : folder;
  await mkdir(images, { recursive: true });
  for (const [name, svg] of pictures(results)) {
    await writeFile(join(images, `performance-${name}.svg`), svg);
  }
  if (target !== "docs") return;
  let page = await readFile(PAGE, "utf8");
  for (const [name, table] of tables(results)) page = fill(page, name, table);
  await writeFile(PAGE, page);
}

function mark(isMet: boolean | undefined): string {
  if (isMet === undefined) return "-";
  return isMet ? "met" : "missed";
}

/** Replaces the text between the marks of this name. */
function fill(page: string, name: string, table: string): string {
  const [begin, end] = [`<!-- bench: ${name} -->`, "<!-- end -->"];
  const from = page.indexOf(begin);
  const to = page.indexOf(end, from);
  if (from < 0 || to < 0) return page;
  return `${page.slice(0, from + begin.length)}\n\n${table}\n\n${page.slice(to)}`;
}
