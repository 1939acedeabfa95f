/** Which texts the YAML parser gets. It works at once: until it is done, nothing else runs. */
import {
  type Document,
  type DocumentOptions,
  type ParseOptions,
  parseDocument,
  type SchemaOptions,
} from "yaml";

/** Brackets open at once, of which a real file has up to seven: the parser's time grows with their square. */
const BRACKETS_MAX = 32;

/** What a document is built of, and what may be an error; dashes and colons only before a blank or a bracket. */
const MARK = /[,?&*!|>"'%[\]{}\\]|[:-](?=[\s,[\]{}]|$)/g;
const COMMENT = /^\s*#/;
const STEPS: ReadonlyMap<string, number> = new Map([
  ["{", 1],
  ["[", 1],
  ["}", -1],
  ["]", -1],
]);

type Options = ParseOptions & DocumentOptions & SchemaOptions;

/**
 * The document, whose errors have no place: `yamlFault` adds it. Or, in words that follow the file's name,
 * why the text is not parsed: each mark outside comments, and each line that continues a value, may take 35 us.
 */
export function parseYaml(text: string, marksMax: number, options: Options): Document | string {
  // With the library's places, the time grows with the square of the number of errors in a line.
  return burden(text, marksMax) ?? parseDocument(text, { ...options, prettyErrors: false });
}

function burden(text: string, marksMax: number): string | undefined {
  let open = 0;
  let marks = 0;
  let lines = 0;
  for (const line of lineByLine(text)) {
    const isComment = COMMENT.test(line);
    for (const [mark] of isComment ? [] : line.matchAll(MARK)) {
      open = Math.max(0, open + (STEPS.get(mark) ?? 0));
      if (open > BRACKETS_MAX) return `opens more than ${BRACKETS_MAX} brackets`;
      if (++marks > marksMax) return `has more than ${marksMax} colons, commas and the like`;
    }
    if (++lines > marksMax) return `has more than ${marksMax} lines`;
  }
  return undefined;
}

function* lineByLine(text: string): Generator<string> {
  for (let start = 0; start < text.length; ) {
    const found = text.indexOf("\n", start);
    const end = found === -1 ? text.length : found;
    yield text.slice(start, end);
    start = end + 1;
  }
}
