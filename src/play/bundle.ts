/**
 * Joins modules into one file, so that a browser asks for one instead of a hundred. Each becomes a
 * function that is called once, after those that it imports; they import each other in no circle.
 */
import { posix } from "node:path";

const IMPORT = /^import\s*\{([^}]*)\}\s*from\s*"(\.[^"]+)";?$/gm;
const IMPORT_ALL = /^import\s*\*\s*as\s+([\w$]+)\s+from\s*"(\.[^"]+)";?$/gm;
const EXPORT = /^export (?=(?:async )?(?:function\*?|class|const) ([\w$]+))/gm;
const EXPORT_LIST = /^export\s*\{([^}]*)\}(?:\s*from\s*"(\.[^"]+)")?;?$/gm;

/** The module at `entry` with everything that it reaches; `read` gives the text of a module. */
export async function bundle(
  entry: string,
  read: (path: string) => Promise<string>,
): Promise<string> {
  /** In the order in which they are called: name in the bundle and body by path. */
  const modules = new Map<string, string>();
  const names = new Map<string, string>();
  const visit = async (path: string): Promise<void> => {
    if (names.has(path)) return;
    names.set(path, `m${names.size}`);
    const text = await read(path);
    for (const target of importsOf(path, text)) await visit(target);
    modules.set(path, text);
  };
  await visit(entry);
  const nameOf = (path: string, target: string): string =>
    names.get(resolve(path, target)) ?? target;
  const parts = [...modules].map(([path, text]) => {
    const module = asFunction(text, (target) => nameOf(path, target));
    return `const ${names.get(path)} = ${module};`;
  });
  return `${parts.join("\n")}\n`;
}

/** A call that returns what the module exports. */
function asFunction(text: string, nameOf: (target: string) => string): string {
  const exported: string[] = [];
  const body = text
    .replace(IMPORT, (_, list: string, target: string) => {
      return `const {${pairs(list).join(", ")}} = ${nameOf(target)};`;
    })
    .replace(IMPORT_ALL, (_, name: string, target: string) => `const ${name} = ${nameOf(target)};`)
    .replace(EXPORT_LIST, (_, list: string, target?: string) => {
      for (const pair of pairs(list)) {
        const [own = "", shown = own] = pair.split(": ");
        exported.push(`${shown}: ${target === undefined ? own : `${nameOf(target)}.${own}`}`);
      }
      return "";
    })
    .replace(EXPORT, (_, name: string) => {
      exported.push(name);
      return "";
    });
  const left = /^(?:import|export)\s.*/m.exec(body);
  if (left) throw new Error(`a bundle cannot hold: ${left[0]}`);
  return `(() => {\n${body}\nreturn { ${exported.join(", ")} };\n})()`;
}

/** `a, b as c` as a pattern has it: `a`, `b: c`. */
function pairs(list: string): readonly string[] {
  const items = list.split(",").map((item) => item.trim().replace(/\s+as\s+/, ": "));
  return items.filter((item) => item !== "");
}

function importsOf(path: string, text: string): readonly string[] {
  const found = text.matchAll(/^(?:import|export)\s[^;"]*\bfrom\s*"(\.[^"]+)"/gm);
  return [...found].map(([, target = ""]) => resolve(path, target));
}

function resolve(path: string, target: string): string {
  return posix.join(posix.dirname(path), target);
}
