/** The YAML parser's message as one line, without the excerpt of the file that follows its colon. */
export function yamlFault(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return (text.split("\n")[0] ?? "").replace(/:$/, "");
}
