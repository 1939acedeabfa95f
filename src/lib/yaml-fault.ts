/** The YAML parser's message as one line, without the excerpt of the file that follows its colon. */
export function yamlFault(error: unknown): string {
  // The parser follows lists within lists as far as its stack goes, whatever it calls that.
  if (/call stack/i.test(String(error))) return "lists or maps are nested too deeply";
  const text = error instanceof Error ? error.message : String(error);
  return (text.split("\n")[0] ?? "").replace(/:$/, "");
}
