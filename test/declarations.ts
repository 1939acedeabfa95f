/** Cuts a declaration file, or the inside of a class or interface in one, into its statements. */

export interface Statement {
  /** The text of the docstring before it, without its stars; empty if there is none. */
  readonly doc: string;
  readonly code: string;
}

/** A comment, a text, or a single character. */
const TOKEN = /\/\*.*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\])*"|`(?:\\.|[^`\\])*`|./gs;
const DEEPER = new Map([..."{(["].map((token) => [token, 1] as const));
const HIGHER = new Map([..."})]"].map((token) => [token, -1] as const));
const BLOCK = /^(?:export )?(?:declare )?(?:abstract )?(?:class|interface) /;

/** `text` is what `tsc` writes: no statement ends without `;` but those that end with a block. */
export function splitStatements(text: string): readonly Statement[] {
  const statements: Statement[] = [];
  let [doc, code, depth] = ["", "", 0];
  for (const [token] of text.replaceAll(/\{@link ([^}]+)\}/g, "`$1`").matchAll(TOKEN)) {
    if (code === "" && /^(?:\s|\/\/)/.test(token)) continue;
    if (code === "" && token.startsWith("/*")) {
      doc = token;
      continue;
    }
    code += token;
    depth += DEEPER.get(token) ?? HIGHER.get(token) ?? 0;
    if (depth > 0 || token !== (BLOCK.test(code) ? "}" : ";")) continue;
    statements.push({ doc: textOf(doc), code });
    [doc, code] = ["", ""];
  }
  return statements;
}

export function textOf(comment: string): string {
  return comment
    .replace(/^\/\*\*?/, "")
    .replace(/\*\/$/, "")
    .replaceAll(/^\s*\* ?/gm, "")
    .trim();
}
