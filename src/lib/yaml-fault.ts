import { YAMLParseError } from "yaml";

/** The YAML parser's message about a text as one line, with the place. */
export function yamlFault(error: unknown, text: string): string {
  // The parser follows lists within lists as far as its stack goes, whatever it calls that.
  if (/call stack/i.test(String(error))) return "lists or maps are nested too deeply";
  if (error instanceof YAMLParseError && error.code === "MULTIPLE_DOCS") {
    return "it has a second document";
  }
  const [fault = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
  return error instanceof YAMLParseError ? `${fault}${placeOf(error, text)}` : fault;
}

/** The library gives -1 if there is none. */
function placeOf({ pos: [start] }: YAMLParseError, text: string): string {
  if (start === -1) return "";
  const before = text.slice(0, start).split("\n");
  return ` at line ${before.length}, column ${(before.at(-1) ?? "").length + 1}`;
}

/** What to do about a second document that says something; of it nothing is read. Undefined: there is none. */
export function secondDocumentHint(
  name: string,
  text: string,
  errors: readonly { readonly code: string; readonly pos: readonly [number, number] }[],
): string | undefined {
  const second = errors.find(({ code }) => code === "MULTIPLE_DOCS");
  if (second === undefined) return undefined;
  const [start] = second.pos;
  if (!/^(?!---|\.\.\.)[^\S\n]*[^\s#]/m.test(text.slice(start))) return undefined;
  const line = text.slice(0, start).split("\n").length;
  return (
    `${name} has a second YAML document, from line ${line} on, which is not read, as in Fabric: ` +
    "move what it says into the first, and remove the --- between them."
  );
}
